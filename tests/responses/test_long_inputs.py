"""Long inputs, images and files over `/v1`: they reach the model, are given back, and leave the journal small."""

from __future__ import annotations

import tracemalloc
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openai import APIStatusError

from aevatar.agents import RUN
from aevatar.blobs import Blob, MemoryBlobs
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.memory import MemoryJournal
from aevatar.models import ModelCall
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.models.wire import with_content
from aevatar.platform import DEV
from aevatar.responses import Responses
from aevatar.responses.beginning import Given
from aevatar.responses.requests import CreateResponse
from aevatar.testing import VIRTUAL_TIME, VirtualClock, elapse
from aevatar.testing.scripted_model import ScriptedModel, Step, says
from tests.responses.kit import World, in_virtual_time, serving

MIB = 1024 * 1024
PNG = bytes(range(256)) * 1024
IMAGE = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{b64encode(PNG).decode()}"}
PDF = {
    "type": "input_file",
    "filename": "plan.pdf",
    "file_data": f"data:application/pdf;base64,{b64encode(PNG).decode()}",
}
MODEL = "looking/model"


class Looking(ScriptedModel):
    """Looks at what it is shown, as adapters do."""

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        async with aclosing(super().stream(await with_content(request, call), call)) as deltas:
            async for delta in deltas:
                yield delta


@asynccontextmanager
async def looked_at(data: Path, *steps: Step, **options: Any) -> AsyncIterator[tuple[World, Looking]]:
    model = Looking(steps)
    async with serving(data, models={"looking": model}, **options) as world:
        yield world, model


def shown(model: Looking, request: int = 0) -> list[tuple[str, str]]:
    """What the model was shown in a request, part by part."""
    parts = [part for message in model.requests[request].messages for part in message.parts]
    return [(str(part.WhichOneof("kind")), part.text or part.image.uri or part.file.uri) for part in parts]


def user(*content: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def text(said: str) -> dict[str, Any]:
    return {"type": "input_text", "text": said}


def long_talk() -> list[dict[str, Any]]:
    """Of words as many as a run may have, and of images for the rest of a body."""
    words = [user(text(f"{number} " + "word " * 150_000)) for number in range(9)]
    large = {**IMAGE, "image_url": f"data:image/png;base64,{b64encode(PNG * 10).decode()}"}
    other = {**IMAGE, "image_url": f"data:image/webp;base64,{b64encode(PNG * 14).decode()}"}
    return [*words, user(text("Look:"), large, other, IMAGE)]


def parts_of(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for message in sent for part in message["content"]]


async def items_of(world: World, response_id: str) -> list[dict[str, Any]]:
    """What a response was asked with, as it is listed, without what was not sent."""
    listed = await world.served.client.get(f"/v1/responses/{response_id}/input_items?order=asc&limit=100")
    return [{name: each[name] for name in each if name not in ("id", "status")} for each in listed.json()["data"]]


async def journal_bytes(world: World) -> int:
    return sum(len(row.body) for row in await world.runtime._journal.feed())


async def test_images_and_files_reach_the_model_and_are_given_back(tmp_path: Path) -> None:
    async with looked_at(tmp_path, says("A picture and a plan.")) as (world, model):
        sent = [user(text("What are these?"), {**IMAGE, "detail": "high"}, PDF)]
        response = await world.client.responses.create(model=MODEL, input=sent)  # type: ignore[arg-type]
        assert response.output_text == "A picture and a plan."
        assert await items_of(world, response.id) == [{"type": "message", **sent[0]}]
        assert await journal_bytes(world) < 20_000
    assert shown(model) == [("text", "What are these?"), ("image", IMAGE["image_url"]), ("file", PDF["file_data"])]
    assert model.requests[0].messages[0].parts[1].image.detail == "high"


async def test_a_response_that_goes_on_still_sees_the_images(tmp_path: Path) -> None:
    async with looked_at(tmp_path, says("One."), says("Two."), says("Three.")) as (world, model):
        previous = None
        for said in ([user(IMAGE)], "And?", "So?"):
            response = await world.client.responses.create(
                model=MODEL,
                input=said,  # type: ignore[arg-type]
                previous_response_id=previous,
            )
            previous = response.id
    assert [IMAGE["image_url"] in dict(shown(model, number)).values() for number in range(3)] == [True] * 3


async def test_an_image_that_is_referred_to_becomes_the_new_responses_own(tmp_path: Path) -> None:
    async with looked_at(tmp_path, says("One."), says("Two.")) as (world, model):
        first = await world.client.responses.create(model=MODEL, input=[user(IMAGE)])  # type: ignore[list-item]
        (item,) = (await world.client.responses.input_items.list(first.id)).data
        reference = {"type": "item_reference", "id": item.id}
        second = await world.client.responses.create(model=MODEL, input=[reference])  # type: ignore[list-item]
        await world.client.responses.delete(first.id)
        await world.runtime.blobs.erase(ActorId(RUN, DEV.scope, first.id))
        assert await items_of(world, second.id) == [{"type": "message", **user(IMAGE)}]
    assert shown(model, 1) == [("image", IMAGE["image_url"])]


async def test_a_function_may_answer_with_images_and_files(tmp_path: Path) -> None:
    async with looked_at(tmp_path, says("Seen.")) as (world, model):
        call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
        address = {"type": "input_file", "file_url": "https://a.example/b.pdf"}
        for output in ([text("Here:"), {**IMAGE, "detail": "low"}, address], [IMAGE]):
            answer = {"type": "function_call_output", "call_id": "c1", "output": output}
            model._left = [says("Seen.")]
            response = await world.client.responses.create(
                model=MODEL,
                input=[user(text("Look")), call, answer],  # type: ignore[list-item]
            )
            assert (await items_of(world, response.id))[2] == answer
    assert shown(model, 0)[1:] == [
        ("text", "Here:"),
        ("image", IMAGE["image_url"]),
        ("file", "https://a.example/b.pdf"),
    ]
    assert shown(model, 1)[1:] == [("image", IMAGE["image_url"])]


async def test_chat_completions_take_images_too(tmp_path: Path) -> None:
    async with looked_at(tmp_path, says("A picture.")) as (world, model):
        content = [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": IMAGE["image_url"]}}]
        answer = await world.client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": content}],  # type: ignore[typeddict-item,list-item,misc]
        )
        assert answer.choices[0].message.content == "A picture."
        assert await journal_bytes(world) < 20_000
    assert shown(model) == [("text", "Look:"), ("image", IMAGE["image_url"])]


async def test_a_body_of_nearly_sixteen_mebibytes_is_answered_and_given_back(tmp_path: Path) -> None:
    sent = long_talk()
    async with looked_at(tmp_path, says("Long."), says("Still there.")) as (world, model):
        body = msgspec.json.encode({"model": MODEL, "input": sent})
        assert 14 * MIB < len(body) < 16 * MIB
        answer = await world.served.client.post(
            "/v1/responses", content=body, headers={"content-type": "application/json"}, timeout=60
        )
        assert answer.status_code == 200
        response_id = answer.json()["id"]
        assert await items_of(world, response_id) == [{"type": "message", **each} for each in sent]
        assert await journal_bytes(world) < 20_000
        await world.client.responses.create(model=MODEL, input="And?", previous_response_id=response_id)
    said = [(part["type"].removeprefix("input_"), part.get("text") or part["image_url"]) for part in parts_of(sent)]
    assert shown(model) == said
    assert shown(model, 1) == [*said, ("text", "Long."), ("text", "And?")]


async def test_calls_in_a_long_input_are_answered_in_the_next_request(tmp_path: Path) -> None:
    function = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    answer = {"type": "function_call_output", "call_id": "c1", "output": "x" * MIB}
    async with looked_at(tmp_path, says("One."), says("Two.")) as (world, _):
        first = await world.client.responses.create(
            model=MODEL,
            input=[user(text("Look")), call, answer],  # type: ignore[list-item]
            tools=[function],  # type: ignore[list-item]
        )
        assert (await items_of(world, first.id))[2]["output"] == answer["output"]
        await world.client.responses.create(model=MODEL, input="Go on", previous_response_id=first.id)
        with pytest.raises(APIStatusError) as refused:
            await world.client.responses.create(
                model=MODEL,
                input=[answer],  # type: ignore[list-item]
                previous_response_id=first.id,
            )
        assert refused.value.code == "duplicate_tool_output"


async def test_the_blobs_of_a_long_input_take_a_few_times_its_size_of_memory(tmp_path: Path) -> None:
    body = msgspec.json.encode({"model": MODEL, "input": long_talk()})
    async with looked_at(tmp_path, says("Long."), says("Long.")) as (world, model):
        headers = {"content-type": "application/json"}
        await world.served.client.post("/v1/responses", content=body, headers=headers, timeout=60)
        model.requests.clear()
        tracemalloc.start()
        await world.served.client.post("/v1/responses", content=body, headers=headers, timeout=60)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 6 * len(body), f"{peak / len(body):.1f} times the body"


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({**IMAGE, "image_url": "data:image/png;base64,!" + "A" * 100_000}, "input[0]"),
        ({**PDF, "file_data": "!" + "A" * 100_000}, "input[0]"),
    ],
)
async def test_long_data_that_is_not_base64_is_refused(tmp_path: Path, part: dict[str, Any], param: str) -> None:
    async with looked_at(tmp_path) as (world, _):
        with pytest.raises(APIStatusError) as refused:
            await world.client.responses.create(model=MODEL, input=[user(part)])  # type: ignore[list-item]
        assert (refused.value.status_code, refused.value.code, refused.value.param) == (400, "invalid_value", param)
        assert await world.runtime.blobs.owners(0, 2**52) == []


class FullDisk(MemoryBlobs):
    async def put(self, owner: ActorId, data: bytes, media_type: str) -> Any:
        raise Unavailable("blobs_unavailable", "No space left on device", retry_after=1.0)


async def test_a_full_disk_refuses_the_request_and_nothing_is_recorded(tmp_path: Path) -> None:
    async with looked_at(tmp_path, blobs=FullDisk(VirtualClock())) as (world, _):
        answer = await world.served.client.post("/v1/responses", json={"model": MODEL, "input": [user(IMAGE)]})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["type"]) == (503, "blobs_unavailable", "server_error")
        assert await journal_bytes(world) == 0


class Corrupted(MemoryBlobs):
    async def get(self, owner: ActorId, blob_id: str) -> Blob:
        raise Rejected("blob_corrupted", "It is not what was stored any more.")


async def test_a_list_of_items_says_that_one_cannot_be_read(tmp_path: Path) -> None:
    async with looked_at(tmp_path, says("I see nothing."), blobs=Corrupted(VirtualClock())) as (world, model):
        response = await world.client.responses.create(model=MODEL, input=[user(IMAGE)])  # type: ignore[list-item]
        answer = await world.served.client.get(f"/v1/responses/{response.id}/input_items")
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "blob_corrupted")
    assert "blob_corrupted" in shown(model)[0][1]


@pytest.mark.parametrize("anyio_backend", [VIRTUAL_TIME])
async def test_the_bytes_of_an_unstored_response_are_gone_within_a_minute_of_its_end(tmp_path: Path) -> None:
    blobs, model = MemoryBlobs(VirtualClock()), Looking([says("Seen.")])
    async with in_virtual_time(tmp_path, journal=MemoryJournal(), blobs=blobs, models={"looking": model}) as services:
        responses = services[Responses]
        asked = CreateResponse.model_validate({"model": MODEL, "input": [user(IMAGE)], "store": False})
        run = await responses.create(asked, Given(caller=DEV, command_id="c1"))
        await responses.finished(run)
        assert await blobs.owners(0, 2**52) == [run]
        await elapse(60)
        assert await blobs.owners(0, 2**52) == []
    assert shown(model) == [("image", IMAGE["image_url"])]
