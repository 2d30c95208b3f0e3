"""What of a run is too long to be recorded: where it lies, who sees it, and what is done when it is lost."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from aevatar.actors import Runtime
from aevatar.agents import InvokeOptions
from aevatar.agents.runs.blobs import INPUT_LIMIT, MEDIA_LIMIT
from aevatar.agents.runs_pb2 import Item, RunQueued, ToolResultRecorded
from aevatar.blobs import Blob, BlobRef, MemoryBlobs, blobs_unavailable
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.models import ModelCall
from aevatar.models.models_pb2 import ROLE_USER, Media, Message, ModelDelta, ModelRequest, Part
from aevatar.models.wire import with_content
from aevatar.testing import MemoryStore, VirtualClock, crash_at_every_write, elapse
from aevatar.testing.crash import Store
from aevatar.testing.scripted_model import ScriptedModel, calls, says
from aevatar.tools import BlobRef as Shown
from aevatar.tools import CallContext, ResultPart, ToolResult
from tests.agents.kit import ALICE, EVE, World, call, prompt_told
from tests.agents.test_acceptance_crashes import Remembering

PICTURE = bytes(range(256)) * 1024
DATA_URI = f"data:image/png;base64,{b64encode(PICTURE).decode()}"
EVER = (0, 2**52)


class Looking(ScriptedModel):
    """Looks at what it is shown, as adapters do: `requests` are what would have travelled."""

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        async with aclosing(super().stream(await with_content(request, call), call)) as deltas:
            async for delta in deltas:
                yield delta


class FullDisk(MemoryBlobs):
    """Takes nothing any more once it `is_full`."""

    is_full = False

    async def put(self, owner: ActorId, data: bytes, media_type: str) -> BlobRef:
        if self.is_full:
            raise blobs_unavailable("No space left on device")
        return await super().put(owner, data, media_type)


def seeing(*steps: Any) -> World:
    """A world whose model looks at images and files."""
    world = World()
    world.model = world.models["scripted"] = Looking(steps)  # type: ignore[assignment]
    return world


def item(*parts: Part, item_id: str = "msg_1") -> Item:
    return Item(id=item_id, message=Message(role=ROLE_USER, parts=parts), is_input=True)


def picture(uri: str = DATA_URI) -> Part:
    return Part(image=Media(uri=uri, media_type="image/png"))


def shown(world: World, request: int = 0) -> list[str]:
    """What media the model was shown, as addresses."""
    parts = [part for message in world.model.requests[request].messages for part in message.parts]
    return [part.image.uri or part.file.uri for part in parts if not part.HasField("text")]


async def invoked(world: World, *items: Item, **options: Any) -> ActorId:
    options.setdefault("command_id", "invoke:1")
    answer = await world.agents.invoke(ALICE, "tester", items, context=world.start().context, **options)
    return ActorId.parse(answer.run)


async def biggest(world: World) -> int:
    """Bytes of the longest thing in the journal."""
    return max(len(row.body) for row in await world.journal.feed())


# Inputs


async def test_an_image_of_some_size_is_a_blob_of_its_run_and_reaches_the_model() -> None:
    world = seeing(says("A picture."))
    async with world.opened():
        await world.agent()
        run = await invoked(world, item(Part(text="What is this?"), picture()))
        await world.story(run)
        (queued,) = await world.facts(run, RunQueued)
        media = queued.start.input[0].message.parts[1].image
        assert (media.media_type, media.length, media.uri) == ("image/png", len(PICTURE), "")
        assert await world.blobs.get(run, media.blob_id) == Blob("image/png", PICTURE)
        assert await biggest(world) < 10_000
    assert shown(world) == [DATA_URI]


async def test_a_small_image_stays_where_it_is() -> None:
    world, small = seeing(says("A dot.")), "data:image/png;base64,AAAA"
    async with world.opened():
        await world.agent()
        await world.story(await invoked(world, item(picture(small))))
        assert await world.blobs.owners(*EVER) == []
    assert shown(world) == [small]


async def test_a_long_input_is_one_blob_and_reaches_the_model_whole() -> None:
    world = seeing(says("Long."))
    words = [f"{number} " * 20_000 for number in range(40)]
    async with world.opened():
        await world.agent()
        items = [item(Part(text=text), item_id=f"msg_{number}") for number, text in enumerate(words)]
        run = await invoked(world, *items, item(picture(), item_id="msg_last"))
        await world.story(run)
        (queued,) = await world.facts(run, RunQueued)
        assert [each.WhichOneof("content") for each in queued.start.input] == ["kept"]
        assert await biggest(world) < 10_000
    assert prompt_told(world.model.requests[0]) == [*(f"user: {text}" for text in words), "user: "]
    assert shown(world) == [DATA_URI]


async def test_an_input_of_the_limit_is_recorded_as_it_is() -> None:
    world = seeing(says("Fine."))
    async with world.opened():
        await world.agent()
        run = await invoked(world, item(Part(text="x" * (INPUT_LIMIT - 1000))))
        await world.story(run)
        (queued,) = await world.facts(run, RunQueued)
        assert queued.start.input[0].HasField("message")
        assert await world.blobs.owners(*EVER) == []


@pytest.mark.parametrize("head", ["data:image/png,", "data:image/png;base64,!", "data:;base64,AAA=A"])
async def test_long_data_that_nobody_can_read_is_refused_before_anything_is_kept(head: str) -> None:
    world = seeing()
    async with world.opened():
        await world.agent()
        with pytest.raises(Rejected) as refused:
            await invoked(world, item(Part(text="Look:")), item(picture(head + "A" * MEDIA_LIMIT + "A")))
        assert (refused.value.code, refused.value.field) == ("invalid_value", "input[1]")
        assert await world.blobs.owners(*EVER) == []


async def test_where_no_blob_can_be_stored_no_run_is_started() -> None:
    world = seeing()
    world.blobs = full = FullDisk(VirtualClock())
    full.is_full = True
    async with world.opened():
        await world.agent()
        with pytest.raises(Unavailable) as refused:
            await invoked(world, item(picture()))
        assert refused.value.code == "blobs_unavailable"
        assert [row.actor for row in await world.journal.feed()] == ["agents.agent/alpha/tester"]


async def test_the_same_invocation_again_finds_its_run_and_its_blobs() -> None:
    world = seeing(says("A picture."))
    async with world.opened():
        await world.agent()
        runs = [await invoked(world, item(picture())) for _ in range(2)]
        await world.story(runs[0])
        assert runs[0] == runs[1]
        assert await world.blobs.owners(*EVER) == [runs[0]]


async def test_an_input_with_blobs_waits_its_turn_in_a_thread_that_merges() -> None:
    world = seeing(calls(call("1", "slow_look")), says("Waited."), says("Seen."))
    async with world.opened():
        await world.agent(thread_policy="merge")
        first = await world.invoke("tester", "go", thread="t")
        await world.until(world.run_of(first.run), "step 1")
        second = await world.agents.invoke(
            ALICE,
            "tester",
            [item(picture())],
            context=world.start().context,
            command_id="invoke:2",
            options=_in_thread("t"),
        )
        assert (second.is_queued, second.is_merged) == (True, False)
        await world.story(world.run_of(second.run))
    assert shown(world, 2) == [DATA_URI]


# Going on from a run


async def test_a_run_that_goes_on_from_another_still_sees_its_images() -> None:
    world = seeing(says("One."), says("Two."), says("Three."))
    async with world.opened():
        await world.agent()
        for number, said in enumerate((item(picture()), item(Part(text="And?")), item(Part(text="So?")))):
            run = await invoked(world, said, command_id=f"c{number}", options=_in_thread("t"))
            await world.story(run)
    assert [shown(world, number) for number in range(3)] == [[DATA_URI]] * 3


async def test_a_run_that_goes_on_from_one_with_a_long_input_has_it_whole() -> None:
    world = seeing(says("One."), says("Two."))
    text = "word " * 200_000
    async with world.opened():
        await world.agent()
        for number, said in enumerate((item(Part(text=text)), item(Part(text="And?")))):
            await world.story(await invoked(world, said, command_id=f"c{number}", options=_in_thread("t")))
    assert prompt_told(world.model.requests[1]) == [f"user: {text}", "assistant: One.", "user: And?"]


# Restarts, and what is lost


async def test_a_run_killed_before_its_model_answers_sees_its_image_after_the_restart() -> None:
    world = seeing(says("A picture."))
    async with world.opened():
        run = ActorId("agents.run", ALICE.scope, "run_1")
        ref = await world.blobs.put(run, PICTURE, "image/png")
        media = Media(blob_id=ref.blob_id, media_type="image/png")
        start = world.start(input=[item(Part(image=media))], tools="")
        await world.now.dispatch(run, start, command_id="start", principal=ALICE)
    async with world.opened():
        await world.story(run)
    assert shown(world) == [DATA_URI]


@pytest.mark.parametrize(("spoil", "code"), [("lose", "blob_not_found"), ("corrupt", "blob_corrupted")])
async def test_a_lost_image_is_told_to_the_model_and_the_run_goes_on(spoil: str, code: str) -> None:
    world = seeing(says("I cannot see it."))
    world.blobs = spoiled = Spoiled(VirtualClock())
    spoiled.code = code
    async with world.opened():
        await world.agent()
        run = await invoked(world, item(Part(text="Look:"), picture()))
        await world.story(run)
        document = await world.document(run)
        assert (document.status, list(document.warnings)) == (
            "completed",
            [f"An image or file of the talk could not be shown to the model ({code})."],
        )
    told = world.model.requests[0].messages[0].parts[1].text
    assert told == (
        f'{{"error":{{"code":"{code}","message":"What was here cannot be shown any more: image.","retryable":false}}}}'
    )


async def test_a_run_whose_input_is_lost_fails_and_says_why() -> None:
    world = seeing()
    world.blobs = spoiled = Spoiled(VirtualClock())
    spoiled.code = "blob_corrupted"
    async with world.opened():
        await world.agent()
        run = await invoked(world, item(Part(text="word " * 200_000)))
        await world.story(run)
        document = await world.document(run)
        assert (document.status, document.code, document.message) == (
            "failed",
            "invalid_request",
            "The input of this run cannot be read: blob_corrupted.",
        )


class Killed:
    """A run with an image and a long result, whose process dies somewhere; blobs outlive it as the journal does."""

    def new_store(self) -> Store:
        self.world = seeing()
        self.world.toolbox.tools.append(
            self.world.toolbox.tool("report", _result(ToolResult(text=LONG)), read_only=True)
        )
        self.model = self.world.models["scripted"] = Answering()  # type: ignore[assignment]
        store = MemoryStore()
        return lambda: Remembering(store)

    def runtime(self, journal: Journal) -> Runtime:
        self.world.journal = journal
        return self.world.runtime(journal)

    async def play(self, runtime: Runtime) -> None:
        await self.world.agent()
        run = await invoked(self.world, item(Part(text="Look:"), picture()))
        await self.world.story(run)
        (recorded,) = await self.world.facts(run, ToolResultRecorded)
        self.kept = await self.world.blobs.get(run, recorded.result.whole_blob_id)

    async def end(self, runtime: Runtime, journal: Journal) -> Any:
        return self.kept, self.model.seen, [owner.kind for owner in await self.world.blobs.owners(*EVER)]


class Answering:
    """Calls a tool, then answers; `seen` are the images it was shown."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        whole = await with_content(request, call)
        self.seen |= {part.image.uri for message in whole.messages for part in message.parts if part.HasField("image")}
        is_called = any(message.tool_calls for message in request.messages)
        script = ScriptedModel([says("Done.") if is_called else calls(("report", {"text": "x"}))])
        async with aclosing(script.stream(request, call)) as deltas:
            async for delta in deltas:
                yield delta


async def test_a_run_has_its_blobs_wherever_its_process_dies() -> None:
    killed = Killed()
    assert await crash_at_every_write(killed, killed.new_store) > 8
    assert (killed.kept, killed.model.seen) == (Blob(TEXT, LONG.encode()), {DATA_URI})


# Results


TEXT = "text/plain; charset=utf-8"
LONG = "line of a long result\n" * 5_000


async def test_the_whole_of_a_long_result_is_kept_and_named() -> None:
    world = World(calls(call("x", "report")), says("Read."))
    world.toolbox.tools.append(world.toolbox.tool("report", _result(ToolResult(text=LONG)), read_only=True))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        (recorded,) = await world.facts(run, ToolResultRecorded)
        result = recorded.result
        assert len(result.text.encode()) <= 32 * 1024
        assert result.text.endswith(f"…[truncated, {len(LONG)} bytes in all]")
        kept = await world.blobs.get(run, result.whole_blob_id)
        assert kept == Blob(TEXT, LONG.encode())
        (seen,) = [event for event in await world.shown(run) if event.DESCRIPTOR.name == "ToolResultShown"]
        assert seen.whole_blob_id == result.whole_blob_id  # type: ignore[attr-defined]


async def test_of_a_result_over_a_mebibyte_the_beginning_is_kept_and_that_is_said() -> None:
    world = World(calls(call("x", "report")), says("Read."))
    text = "x" * 3_000_000
    world.toolbox.tools.append(world.toolbox.tool("report", _result(ToolResult(text=text)), read_only=True))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        (recorded,) = await world.facts(run, ToolResultRecorded)
        assert recorded.result.text.endswith("…[truncated, 3000000 bytes in all, the first 1048576 kept]")
        assert len((await world.blobs.get(run, recorded.result.whole_blob_id)).data) == 1024 * 1024


async def test_a_result_that_cannot_be_kept_reaches_the_model_all_the_same() -> None:
    world = World(calls(call("x", "report")), says("Read."))
    world.blobs = full = FullDisk(VirtualClock())
    full.is_full = True
    shown_too = ToolResult(text=LONG, parts=[ResultPart(image=Shown(uri=DATA_URI))])
    world.toolbox.tools.append(world.toolbox.tool("report", _result(shown_too), destructive=True))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        (recorded,) = await world.facts(run, ToolResultRecorded)
        assert recorded.result.text.endswith(f"…[truncated, {len(LONG)} bytes in all, the rest lost]")
        assert (recorded.result.whole_blob_id, len(recorded.result.parts)) == ("", 0)
        assert (await world.document(run)).status == "completed"


async def test_what_a_tool_shows_reaches_the_model() -> None:
    world = seeing(calls(call("x", "paint")), says("A picture."))

    async def paint(args: Any, context: CallContext) -> Any:
        ref = await context.keep(PICTURE, "image/png", "cat.png")
        parts = [ResultPart(image=ref), ResultPart(file=Shown(uri="https://a.example/b.pdf"))]
        return ToolResult(text="Painted.", parts=parts)

    world.toolbox.tools.append(world.toolbox.tool("paint", paint, read_only=True))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        (recorded,) = await world.facts(run, ToolResultRecorded)
        assert recorded.result.parts[0].image.length == len(PICTURE)
    told = world.model.requests[1].messages[-1].parts
    assert [part.WhichOneof("kind") for part in told] == ["text", "image", "file"]
    assert (told[0].text, told[1].image.uri, told[1].image.name) == ("Painted.", DATA_URI, "cat.png")
    assert told[2].file.uri == "https://a.example/b.pdf"


async def test_long_data_in_a_result_is_kept_outside_of_the_journal() -> None:
    world = seeing(calls(call("x", "paint")), says("A picture."))
    result = ToolResult(text="Painted.", parts=[ResultPart(image=Shown(uri=DATA_URI))])
    world.toolbox.tools.append(world.toolbox.tool("paint", _result(result), read_only=True))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        assert await biggest(world) < 10_000
    assert shown(world, 1) == [DATA_URI]


async def test_a_blob_that_a_tool_makes_up_is_not_found_and_the_run_goes_on() -> None:
    world = seeing(calls(call("x", "paint")), says("Nothing there."))
    for number, made_up in enumerate(("../../etc/passwd", "a" * 64)):
        result = ToolResult(text="See:", parts=[ResultPart(image=Shown(blob_id=made_up, name=str(number)))])
        world.toolbox.tools.append(world.toolbox.tool(f"paint{number}", _result(result), read_only=True))
    world.model = world.models["scripted"] = Looking(  # type: ignore[assignment]
        [calls(call("x", "paint0"), call("x", "paint1")), says("Nothing there.")]
    )
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        assert (await world.document(run)).status == "completed"
    parts = [part.text for message in world.model.requests[1].messages[-2:] for part in message.parts]
    assert [("blob_not_found" in text) for text in parts] == [False, True, False, True]


# Whose blobs they are, and how long they stay


async def test_a_run_of_another_scope_cannot_see_a_blob_it_can_name() -> None:
    world = seeing(says("Mine."), says("Nothing."))
    async with world.opened():
        await world.agent()
        hers = await invoked(world, item(picture()))
        await world.story(hers)
        (queued,) = await world.facts(hers, RunQueued)
        media = queued.start.input[0].message.parts[0].image
        stolen = await world.begin(key=hers.key, by=EVE, input=[item(Part(image=media))], tools="")
        await world.story(stolen)
        with pytest.raises(Rejected) as refused:
            await world.runs.blob(EVE, hers.key, media.blob_id)
        assert refused.value.code == "blob_not_found"
        assert (await world.runs.blob(ALICE, hers.key, media.blob_id)).data == PICTURE
    assert "blob_not_found" in world.model.requests[1].messages[0].parts[0].text


async def test_the_blobs_of_a_run_that_is_not_stored_are_gone_within_a_minute_of_its_end() -> None:
    world = seeing(says("Seen."))
    async with world.opened():
        run = ActorId("agents.run", ALICE.scope, "run_1")
        ref = await world.blobs.put(run, PICTURE, "image/png")
        await world.begin(input=[item(Part(image=Media(blob_id=ref.blob_id)))], tools="", is_unstored=True)
        await world.story(run)
        assert await world.blobs.owners(*EVER) == [run]
        await elapse(60)
        assert await world.blobs.owners(*EVER) == []
        assert await world.journal.load(run.text) is None or (await world.facts(run)) == []


# Nothing new for those that are small


async def test_a_run_with_a_small_input_asks_the_store_for_nothing() -> None:
    world = World(calls(call("x")), says("Done."))
    world.blobs = untouched = Untouched(VirtualClock())
    async with world.opened():
        await world.agent()
        await world.story(await invoked(world, item(Part(text="Hi"))))
        assert untouched.asked == []


class Spoiled(MemoryBlobs):
    """Keeps everything, and gives nothing back."""

    code = ""

    async def get(self, owner: ActorId, blob_id: str) -> Blob:
        await super().get(owner, blob_id)
        raise Rejected(self.code, "It is lost.")


class Untouched(MemoryBlobs):
    """Notes what it is asked for."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.asked: list[str] = []

    async def put(self, owner: ActorId, data: bytes, media_type: str) -> BlobRef:
        self.asked.append("put")
        return await super().put(owner, data, media_type)

    async def get(self, owner: ActorId, blob_id: str) -> Blob:
        self.asked.append("get")
        return await super().get(owner, blob_id)


def _result(result: ToolResult) -> Any:
    async def deed(args: Any, context: CallContext) -> Any:
        own = ToolResult()
        own.CopyFrom(result)
        return own

    return deed


def _in_thread(thread: str) -> InvokeOptions:
    return InvokeOptions(thread=thread)
