"""A stream that was cut: resumed at any place, by either way to say where, at any time later."""

from __future__ import annotations

from pathlib import Path

import httpx2
from openai.types.responses import ResponseStreamEvent

from aevatar.agents import RUN
from aevatar.identity import ActorId, ScopeId
from aevatar.journal.memory import MemoryJournal
from aevatar.models import ModelPort
from aevatar.sessions.folding import folded
from aevatar.testing.scripted_model import ScriptedModel, hangs, says
from tests.responses.kit import OFFLINE, World, serving
from tests.responses.published import events_in

LONG = "/long 300"


async def streamed(world: World, words: str = LONG) -> list[ResponseStreamEvent]:
    return [event async for event in await world.client.responses.create(model=OFFLINE, input=words, stream=True)]


async def resumed(world: World, response_id: str, after: int) -> list[ResponseStreamEvent]:
    stream = await world.client.responses.retrieve(response_id, stream=True, starting_after=after)
    return [event async for event in stream]


def id_in(events: list[ResponseStreamEvent]) -> str:
    last = events[-1]
    assert last.type == "response.completed"
    return last.response.id


async def fold(journal: MemoryJournal, response_id: str) -> None:
    """What housekeeping does an hour after the end."""
    owner = ActorId(RUN, ScopeId("dev"), response_id).text
    stored = (await journal.session(owner, "run", 0, 10_000)).events
    joined = folded(stored)
    assert len(joined) < len(stored)
    await journal.rewrite_session(owner, "run", joined)


async def test_a_stream_resumes_after_any_of_its_events(world: World) -> None:
    events = await streamed(world)
    for place, event in enumerate(events):
        assert await resumed(world, id_in(events), event.sequence_number) == events[place + 1 :]


async def test_a_stream_that_is_read_again_is_the_same(world: World) -> None:
    events = await streamed(world)
    again = [event async for event in await world.client.responses.retrieve(id_in(events), stream=True)]
    assert again == events


async def test_the_last_event_id_says_where_to_go_on(world: World) -> None:
    events = await streamed(world)
    headers = {"last-event-id": str(events[3].sequence_number)}
    path = f"/v1/responses/{id_in(events)}?stream=true"
    answer = await world.served.client.get(path, headers=headers)
    assert [event["sequence_number"] for event in events_in(answer.content)] == [
        event.sequence_number for event in events[4:]
    ]


async def test_past_the_end_there_is_only_the_closing_mark(world: World) -> None:
    events = await streamed(world)
    for after in (events[-1].sequence_number, 10**9):
        path = f"/v1/responses/{id_in(events)}?stream=true&starting_after={after}"
        assert (await world.served.client.get(path)).content == b"retry: 1000\ndata: [DONE]\n\n"


async def test_hours_later_when_its_text_is_stored_as_one_a_reader_gets_exactly_the_rest(tmp_path: Path) -> None:
    journal = MemoryJournal()
    async with serving(tmp_path, journal=journal) as world:
        events = await streamed(world)
        await fold(journal, id_in(events))
        for place, event in enumerate(events):
            rest = await resumed(world, id_in(events), event.sequence_number)
            assert text_of(rest) == text_of(events[place + 1 :])
            assert [each for each in rest if "delta" not in each.type] == [
                each for each in events[place + 1 :] if "delta" not in each.type
            ]


async def test_a_stream_goes_on_in_the_next_process(tmp_path: Path) -> None:
    journal = MemoryJournal()
    slow: dict[str, ModelPort] = {"slow": ScriptedModel([hangs("one ", "two ")])}
    async with serving(tmp_path, journal=journal, models=slow) as first:
        seen, response_id = await first_words(first)
        await first.served.stop()
    quick: dict[str, ModelPort] = {"slow": ScriptedModel([says("one ", "two ", "three")])}
    async with serving(tmp_path, journal=journal.reopened(), models=quick) as second:
        rest = await resumed(second, response_id, seen[-1]["sequence_number"])
        whole = [event async for event in await second.client.responses.retrieve(response_id, stream=True)]
        answered = await second.client.responses.retrieve(response_id)
    assert [event["sequence_number"] for event in seen] == [event.sequence_number for event in whole[: len(seen)]]
    assert rest == whole[len(seen) :]
    assert (answered.output_text, len(answered.output)) == ("one two three", 1)


async def first_words(world: World) -> tuple[list[dict[str, object]], str]:
    """A stream up to its first text, cut off there."""
    seen = b""
    body = {"model": "slow/one", "input": "count", "stream": True}
    async with world.served.client.stream("POST", "/v1/responses", json=body) as answer:
        assert isinstance(answer, httpx2.Response)
        async for chunk in answer.aiter_bytes():
            seen += chunk
            if b"output_text.delta" in seen and seen.endswith(b"\n\n"):
                break
    events = events_in(seen)
    return events, events[0]["response"]["id"]


def text_of(events: list[ResponseStreamEvent]) -> str:
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")
