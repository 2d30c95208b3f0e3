"""Whatever a model does, a stream is legal, ends with what is retrieved later, and resumes anywhere."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.models import ModelError, ModelPort
from aevatar.models.models_pb2 import (
    FINISH_CONTENT_FILTER,
    FINISH_LENGTH,
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ModelDelta,
)
from aevatar.responses import Responses
from aevatar.responses.beginning import Given
from aevatar.responses.codec import Body
from aevatar.responses.requests import CreateResponse
from aevatar.server import Services
from aevatar.testing import VIRTUAL_TIME, MemoryJournal, elapse
from aevatar.testing.scripted_model import USAGE, Pause, ScriptedModel, Step, calls, fails, says
from tests.responses.kit import in_virtual_time
from tests.responses.published import published
from tests.responses.test_client_tools import WEATHER
from tests.responses.test_server_tools import Drawer

ADA = Principal(ScopeId("alpha"), "ada", frozenset("*"))
CODES = ("invalid_request", "rate_limited", "content_filter", "protocol_error")
INCLUDES: tuple[list[str], ...] = (
    [],
    ["reasoning.encrypted_content"],
    ["aevatar:tool_calls", "reasoning.encrypted_content"],
)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL_TIME


def words(random: Random) -> list[str]:
    return [random.choice(("one ", "two ", "drei ", "四 ", "🙂 ")) for _ in range(random.randint(1, 4))]


def step(random: Random) -> Step:
    """Something a model might do."""
    match random.randrange(11):
        case 0 | 1:
            return says(*words(random))
        case 2:
            return thinks(random)
        case 3:
            return calls(("look", {"text": "x"}), text=random.choice(("", "Let me see.")))
        case 4:
            return calls(("look", {"text": "x"}), ("get_weather", {"place": "y"}), text="Both.")
        case 5:
            return calls(("nonsense", "{"), ("look", {"nonsense": 1}))
        case 6:
            return fails(random.choice(CODES), *random.choice(((), ("half ",))))
        case 7:
            return says(*words(random), finish=random.choice((FINISH_LENGTH, FINISH_CONTENT_FILTER)))
        case 8 | 9:
            return writes(random)
    return says("")


def writes(random: Random) -> Step:
    """Calls written piece by piece, in one another's way, with text before and after; some are cut off, some break."""
    names = [random.choice(("look", "get_weather", "nonsense")) for _ in range(random.randint(1, 10))]
    left = [list(random.choice(('{"text": "四"}', '{"place": "y"}', "{", ""))) for _ in names]
    deltas: list[ModelDelta | Pause | ModelError] = [ModelDelta(text="So: ")] if random.random() < 0.5 else []
    deltas += [ModelDelta(call_opened={"index": index, "name": name}) for index, name in enumerate(names)]
    while any(left):
        index = random.choice([index for index, letters in enumerate(left) if letters])
        size = random.randint(1, 8)
        piece, left[index] = left[index][:size], left[index][size:]
        deltas += [ModelDelta(call_arguments={"index": index, "fragment": "".join(piece)}), Pause(random.random() / 20)]
    if random.random() < 0.2:
        deltas.insert(random.randrange(len(deltas)), ModelDelta(text="By the way. "))
    if random.random() < 0.2:
        return Step((*deltas[: random.randint(1, len(deltas))], ModelError(random.choice(CODES), "")))
    finish = random.choice((FINISH_TOOL_CALLS, FINISH_TOOL_CALLS, FINISH_LENGTH))
    return Step((*deltas, ModelDelta(usage=USAGE), ModelDelta(finished=finish)))


def thinks(random: Random) -> Step:
    """Thoughts, some of them signed, before some text or none."""
    thoughts = []
    for _ in range(random.randint(1, 2)):
        thoughts += [ModelDelta(reasoning=word) for word in words(random)]
        if random.random() < 0.7:
            thoughts.append(ModelDelta(reasoning_signature=f"signed {random.random()}"))
    text = [ModelDelta(text=word) for word in words(random)] if random.random() < 0.8 else []
    finish = random.choice((FINISH_STOP, FINISH_STOP, FINISH_LENGTH))
    return Step((*thoughts, *text, ModelDelta(usage=USAGE), ModelDelta(finished=finish)))


def asked(random: Random) -> CreateResponse:
    return CreateResponse.model_validate(
        {
            "model": "s/one",
            "input": [{"role": "user", "content": "go", "phase": random.choice((None, "commentary"))}],
            "tools": [WEATHER],
            "include": random.choice(INCLUDES),
            "reasoning": random.choice((None, {"summary": "auto"})),
            "background": random.choice((True, False)),
            "text": {"format": {"type": random.choice(("text", "text", "json_object"))}},
        }
    )


CUT_THOUGHT = Step((ModelDelta(reasoning="hm"), ModelDelta(usage=USAGE), ModelDelta(finished=FINISH_LENGTH)))
ONCE_WRONG: dict[str, list[Step]] = {
    "a thought cut off, then text": [CUT_THOUGHT, says("text")],
    "a thought cut off, then nothing": [CUT_THOUGHT, says(""), says("text")],
    "thoughts on both sides of a cut": [says("one", reasoning="a", finish=FINISH_LENGTH), says("two", reasoning="b")],
    "a thought before a failure": [Step((ModelDelta(reasoning="hm"), ModelDelta(text="x"), ModelError("timeout", "")))],
}


@pytest.mark.parametrize("script", ONCE_WRONG.values(), ids=ONCE_WRONG.keys())
async def test_what_once_went_wrong_does_not_again(tmp_path: Path, script: list[Step]) -> None:
    await agree(tmp_path, asked(Random(0)), script, Random(0))


@pytest.mark.parametrize("seed", range(150))
async def test_a_stream_is_legal_and_ends_with_what_is_retrieved_later(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    await agree(
        tmp_path, asked(random), [*(step(random) for _ in range(6)), *(says("done") for _ in range(12))], random
    )


async def agree(tmp_path: Path, request: CreateResponse, script: list[Step], random: Random) -> None:
    models: dict[str, ModelPort] = {"s": ScriptedModel(script)}
    async with in_virtual_time(tmp_path, journal=MemoryJournal(), models=models, sources=[Drawer()]) as services:
        run = await services[Responses].create(request, Given(caller=ADA, command_id="c"))
        frames = await frames_of(services, run)
        assert frames[-1]["response"] == await services[Responses].retrieve(ADA, run.key)
        for _ in range(5):
            place = random.randrange(len(frames))
            assert await frames_of(services, run, after=frames[place]["sequence_number"]) == frames[place + 1 :]
        await elapse(2 * 3600)
        for _ in range(5):
            place = random.randrange(len(frames))
            later = await frames_of(services, run, after=frames[place]["sequence_number"])
            assert texts_of(later) == texts_of(frames[place + 1 :])
    is_legal(frames)
    if (known := published()) is not None:
        assert [fault for frame in frames for fault in known.event_faults(frame)] == []


async def frames_of(services: Services, run: ActorId, *, after: int | None = None) -> list[Body]:
    return [frame.body async for frame in services[Responses].frames(run, after=after)]


def texts_of(frames: list[Body]) -> tuple[list[Body], dict[str, str]]:
    """What is told in pieces, joined, and everything else as it is."""
    rest = [frame for frame in frames if "delta" not in frame]
    texts: dict[str, str] = {}
    for frame in frames:
        if "delta" in frame:
            texts[frame["item_id"]] = texts.get(frame["item_id"], "") + frame["delta"]
    return rest, texts


def is_legal(frames: list[Body]) -> None:
    """Numbers rise, items open in order and close once, and the parts of a text are the text."""
    numbers = [frame["sequence_number"] for frame in frames]
    assert numbers == sorted(set(numbers))
    added = [frame["output_index"] for frame in frames if frame["type"] == "response.output_item.added"]
    done = [frame["output_index"] for frame in frames if frame["type"] == "response.output_item.done"]
    assert added == list(range(len(added)))
    assert sorted(done) == added
    open_items: set[str] = set()
    for frame in frames:
        if frame["type"] == "response.output_item.added":
            open_items.add(frame["item"]["id"])
        elif frame["type"] == "response.output_item.done":
            open_items.remove(frame["item"]["id"])
        assert frame.get("item_id") in {None, *open_items}
    for whole in frames:
        kind, _, end = whole["type"].rpartition(".")
        if end == "done" and "item_id" in whole and "part" not in whole["type"]:
            pieces = [
                frame["delta"]
                for frame in frames
                if frame["type"] == f"{kind}.delta" and frame["item_id"] == whole["item_id"]
            ]
            assert "".join(pieces) == (whole["arguments"] if "arguments" in whole else whole["text"])
