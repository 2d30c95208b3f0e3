"""Reading a session: everything once, in order, live or late, to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from aevatar.actors import Kind, Projection, Retention
from aevatar.errors import Unavailable
from aevatar.identity import ActorId, ScopeId
from aevatar.sessions import Delta, Ended, SessionEvent
from aevatar.sessions.hub import BUFFER
from aevatar.testing import Fault, elapse
from aevatar.testing.virtual_time import BEGINNING
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, Heard, HowMuch, Retire, Say, TotalChanged
from tests.sample.world import ANN, BEN, Faults, HeldJournal, World, collected, noted, settled, texts

ON_POSTGRES = True


async def say(actors: Any, *words: str, session: str = "", last: bool = False, actor: ActorId = ANN) -> None:
    """Has the actor show words one after the other; the last one may end the session."""
    for number, word in enumerate(words, start=1):
        ends = last and number == len(words)
        await actors.ask(actor, Say(item="i", text=word, session=session, last=ends))


def said(*words: str) -> list[Delta]:
    return [Delta(item="i", channel="text", text=word) for word in words]


async def test_a_finished_session_is_read_from_its_beginning_to_its_end(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await say(actors, "one", "two", last=True)
        assert await collected(actors.sessions.read(ANN)) == [
            TotalChanged(by=1),
            *said("one", "two"),
            Ended(reason="said"),
        ]


async def test_a_session_event_says_whose_it_is_where_it_stands_and_when_it_was(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await elapse(5)
        await say(actors, "one", last=True)
        began = round(BEGINNING.timestamp() * 1000)
        assert [event async for event in actors.sessions.read(ANN)] == [
            SessionEvent(ANN, "main", 1, Delta(item="i", channel="text", text="one"), began + 5000),
            SessionEvent(ANN, "main", 2, Ended(reason="said"), began + 5000, is_terminal=True),
        ]


async def test_facts_and_passing_observations_are_one_stream(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await say(actors, "one")
        await actors.ask(ANN, Add(by=2))
        assert await world.shown(ANN) == [TotalChanged(by=1), *said("one"), TotalChanged(by=2)]


async def test_cursors_begin_at_one_and_have_no_holes_also_over_a_restart(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", "two")
    async with world.runtime() as actors:
        await say(actors, "three", last=True)
        cursors = [
            (event.cursor, texts([event.event])) async for event in actors.sessions.read(ANN) if event.cursor < 4
        ]
        assert cursors == [(1, ["one"]), (2, ["two"]), (3, ["three"])]


async def test_a_turn_that_could_not_be_stored_leaves_no_hole_and_no_repetition(world: World) -> None:
    faults, seen = Faults(), list[Any]()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=0))
        reading = asyncio.ensure_future(noted(actors.sessions.read(ANN), seen))
        await settled()
        for fault in (Fault.CONFLICT, Fault.LOST_ANSWER, Fault.IO_ERROR):
            faults.append(fault)
            actors.signal(ANN, Heard(text=fault.name))
            await elapse(5)
        await say(actors, "end", last=True)
        await reading
        assert texts(seen[:-1]) == ["CONFLICT", "LOST_ANSWER", "IO_ERROR", "end"]
        assert [event.cursor async for event in actors.sessions.read(ANN)] == [1, 2, 3, 4, 5]


async def test_each_session_of_an_actor_has_cursors_of_its_own(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        for word in ("one", "two"):
            await say(actors, word, session="a")
            await say(actors, word, session="b")
        await say(actors, "end", session="a", last=True)
        await say(actors, "end", session="b", last=True)
        for session in ("a", "b"):
            events = [event async for event in actors.sessions.read(ANN, session)]
            assert [event.cursor for event in events] == [1, 2, 3, 4]
            assert texts([event.event for event in events[:-1]]) == ["one", "two", "end"]


async def test_a_session_ends_at_most_once_and_nothing_comes_after_its_end(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", last=True)
        await say(actors, "late", last=True)
        await actors.ask(ANN, Add(by=1))
    async with world.runtime() as actors:
        await say(actors, "later", last=True)
        assert await collected(actors.sessions.read(ANN)) == [*said("one"), Ended(reason="said")]


async def test_a_session_that_has_expired_is_over_at_once_and_stays_over(world: World) -> None:
    kind, rarely = Kind(Tally, Projection(retention=60.0)), Retention(round=60.0)
    async with world.runtime(kind, retention=rarely) as actors:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", last=True)
        await elapse(200)
        assert [await collected(actors.sessions.read(ANN, after=after)) for after in range(4)] == [[]] * 4
        await say(actors, "late", last=True)
    async with world.runtime(kind, retention=rarely) as actors:
        await say(actors, "later", last=True)
        assert await collected(actors.sessions.read(ANN)) == []


# Live


async def test_a_reader_gets_what_is_shown_as_soon_as_it_is_stored(world: World) -> None:
    seen: list[Any] = []
    async with world.runtime() as actors, anyio.create_task_group() as reading:
        await actors.ask(ANN, Add(by=0))
        reading.start_soon(noted, actors.sessions.read(ANN), seen)
        await settled()
        await say(actors, "one")
        await settled()
        assert seen == said("one")
        await say(actors, "two", last=True)
    assert seen == [*said("one", "two"), Ended(reason="said")]


async def test_whoever_attaches_before_the_command_misses_nothing_of_it(world: World) -> None:
    async with world.runtime() as actors, actors.sessions.open(ANN) as lease:
        await actors.dispatch(ANN, Add(by=1))
        await actors.ask(ANN, Say(item="i", text="one", last=True))
        assert await collected(lease.read()) == [TotalChanged(by=1), *said("one"), Ended(reason="said")]


async def test_a_reader_that_comes_in_the_middle_gets_the_stored_part_and_then_the_live_one(world: World) -> None:
    seen: list[Any] = []
    async with world.runtime() as actors, anyio.create_task_group() as reading:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", "two")
        reading.start_soon(noted, actors.sessions.read(ANN), seen)
        await settled()
        await say(actors, "three", "four", last=True)
    assert seen == [*said("one", "two", "three", "four"), Ended(reason="said")]


@pytest.mark.parametrize("after", range(6))
async def test_a_reader_resumes_after_its_cursor(world: World, after: int) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", "two", "three", "four", last=True)
        read = await collected(actors.sessions.read(ANN, after=after))
        assert read == [*said("one", "two", "three", "four"), Ended(reason="said")][after:]


async def test_what_is_stored_while_a_reader_turns_from_the_store_to_the_tail_comes_once(memory: World) -> None:
    held, seen = HeldJournal("session", answers=True), list[Any]()
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as reading:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one")
        held.hold()
        reading.start_soon(noted, actors.sessions.read(ANN), seen)
        await settled()
        await say(actors, "two")
        held.release()
        await say(actors, "three", last=True)
    assert seen == [*said("one", "two", "three"), Ended(reason="said")]


async def test_a_reader_may_wait_for_a_session_that_nothing_was_shown_in_yet(world: World) -> None:
    seen: list[Any] = []
    async with world.runtime() as actors, anyio.create_task_group() as reading:
        reading.start_soon(noted, actors.sessions.read(ANN, "later"), seen)
        await settled()
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", session="later", last=True)
    assert seen == [*said("one"), Ended(reason="said")]


async def test_a_reader_that_does_not_wait_for_the_end_gets_what_is_there(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        assert await collected(actors.sessions.read(ANN, until_terminal=False)) == []
        await say(actors, "one", "two")
        assert await collected(actors.sessions.read(ANN, until_terminal=False)) == said("one", "two")


async def test_a_long_session_is_read_in_pages_and_completely(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        for number in range(600):
            await actors.dispatch(ANN, Say(item="i", text=str(number)))
        await say(actors, "end", last=True)
        assert texts((await collected(actors.sessions.read(ANN)))[:-1]) == [*map(str, range(600)), "end"]
        page = await actors.sessions.page(ANN, "main", after=10, limit=3)
        assert [(event.cursor, texts([event.event])) for event in page] == [(11, ["10"]), (12, ["11"]), (13, ["12"])]


async def test_a_session_of_another_actor_or_scope_is_another_session(world: World) -> None:
    elsewhere = ActorId(ANN.kind, ScopeId("beta"), ANN.key)
    async with world.runtime() as actors:
        for actor in (ANN, BEN, elsewhere):
            await actors.ask(actor, Add(by=0))
        await say(actors, "ann", last=True)
        await say(actors, "ben", last=True, actor=BEN)
        assert texts((await collected(actors.sessions.read(BEN)))[:-1]) == ["ben"]
        assert await collected(actors.sessions.read(elsewhere, until_terminal=False)) == []


async def test_reading_wakes_no_actor(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", last=True)
    async with world.runtime() as actors:
        await collected(actors.sessions.read(ANN))
        assert actors.metrics.activations == 0


# Slow readers and those that leave


async def test_a_reader_that_is_too_slow_goes_back_to_the_store_and_misses_nothing(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        events = actors.sessions.read(ANN)
        await say(actors, "first")
        seen = [(await anext(events)).event]
        pending = asyncio.ensure_future(anext(events))
        await settled()
        for number in range(BUFFER + 2):
            await actors.ask(ANN, Say(item="i", text=str(number)))
        assert actors.gauges().readers_switched == 1
        seen.append((await pending).event)
        await say(actors, "end", last=True)
        seen += await collected(events)
        assert texts(seen[:-1]) == ["first", *map(str, range(BUFFER + 2)), "end"]
        assert actors.gauges().session_readers == 0


async def test_as_many_events_as_the_buffer_holds_keep_a_reader_on_the_live_tail(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        async with actors.sessions.open(ANN) as lease:
            for number in range(BUFFER):
                await actors.dispatch(ANN, Say(item="i", text=str(number)))
            await settled()
            assert actors.gauges().readers_switched == 0
            await actors.ask(ANN, Say(item="i", text="one more"))
            assert actors.gauges().readers_switched == 1
            await actors.ask(ANN, Say(item="i", text="end", last=True))
            assert texts((await collected(lease.read()))[:-1]) == [*map(str, range(BUFFER)), "one more", "end"]


async def test_a_slow_reader_holds_up_neither_the_actor_nor_other_readers(memory: World) -> None:
    seen: list[Any] = []
    async with memory.runtime() as actors, anyio.create_task_group() as reading:
        await actors.ask(ANN, Add(by=0))
        async with actors.sessions.open(ANN):
            reading.start_soon(noted, actors.sessions.read(ANN), seen)
            await settled()
            for number in range(2 * BUFFER):
                await actors.ask(ANN, Say(item="i", text=str(number)))
            await settled()
            assert texts(seen) == [*map(str, range(2 * BUFFER))]
            await say(actors, "end", last=True)
    assert texts(seen[:-1]) == [*map(str, range(2 * BUFFER)), "end"]


async def test_a_reader_that_leaves_frees_its_place_at_once(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        reading = asyncio.ensure_future(noted(actors.sessions.read(ANN), []))
        async with actors.sessions.open(ANN):
            await settled()
            assert actors.gauges().session_readers == 2
        assert actors.gauges().session_readers == 1
        reading.cancel()
        await asyncio.wait([reading])
        assert actors.gauges().session_readers == 0


async def test_a_reader_that_leaves_in_the_very_moment_of_a_commit_harms_nobody(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime(over=held.over) as actors:
        await actors.ask(ANN, Add(by=0))
        reading = asyncio.ensure_future(noted(actors.sessions.read(ANN), []))
        await settled()
        held.hold()
        await actors.dispatch(ANN, Say(item="i", text="one"))
        await settled()
        held.release()
        reading.cancel()
        await settled()
        assert (actors.health.reasons, await memory.shown(ANN)) == ([], said("one"))
        await actors.ask(ANN, HowMuch())


async def test_a_lease_is_read_inside_its_block_only(memory: World) -> None:
    async with memory.runtime() as actors:
        lease = actors.sessions.open(ANN)
        with pytest.raises(Unavailable) as early:
            lease.read()
        async with lease:
            pass
        with pytest.raises(Unavailable) as late:
            lease.read()
        assert [early.value.code, late.value.code] == ["lease_closed"] * 2


async def test_a_reader_waits_for_a_journal_that_does_not_answer(world: World) -> None:
    faults = Faults("session")
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", last=True)
        faults.extend([Fault.IO_ERROR] * 3)
        assert await collected(actors.sessions.read(ANN)) == [*said("one"), Ended(reason="said")]


async def test_readers_are_told_when_their_process_stops(memory: World) -> None:
    runtime = memory.runtime()
    async with asyncio.TaskGroup() as readers:
        async with runtime:
            await runtime.ask(ANN, Add(by=1))
            waiting = readers.create_task(told(runtime.sessions.read(ANN)))
            await settled()
        assert await waiting == "stopping"
        assert await told(runtime.sessions.read(ANN)) == "stopping"
    async with runtime:
        assert await collected(runtime.sessions.read(ANN, until_terminal=False)) == [TotalChanged(by=1)]


async def told(events: AsyncIterator[Any]) -> str:
    with pytest.raises(Unavailable) as end:
        await collected(events)
    return end.value.code


async def test_readers_at_many_cursors_all_get_exactly_the_log(world: World) -> None:
    words = [str(number) for number in range(20)]
    seen: dict[int, list[Any]] = {after: [] for after in range(10)}
    async with world.runtime() as actors, anyio.create_task_group() as reading:
        await actors.ask(ANN, Add(by=0))
        for word in words[:10]:
            await say(actors, word)
        for after, into in seen.items():
            reading.start_soon(noted, actors.sessions.read(ANN, after=after), into)
        for word in words[10:]:
            await say(actors, word, last=word == "19")
    assert {after: texts(events[:-1]) for after, events in seen.items()} == {
        after: words[after:] for after in range(10)
    }


async def test_a_retired_actor_leaves_its_sessions_to_be_read(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await say(actors, "one", last=True)
        await actors.ask(ANN, Retire())
        assert await collected(actors.sessions.read(ANN)) == [*said("one"), Ended(reason="said")]
