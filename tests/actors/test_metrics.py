"""What the kernel counts: every count is of what happened, and says so exactly."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import anyio
import pytest

from aevatar.actors import Link
from aevatar.actors.metrics import Gauges, Histogram
from aevatar.errors import Internal, Rejected
from aevatar.testing import elapse
from tests.sample.kinds import Echo
from tests.sample.sample_pb2 import Add, Break, CancelFetches, Fetch, Heard, HowMuch, Remind, Say, Take
from tests.sample.world import ANN, BEN, HeldJournal, World, noted, settled


async def counted(actors: Any, *names: str) -> list[int]:
    return [getattr(actors.metrics, name) for name in names]


async def test_turns_questions_refusals_failures_and_repeats_are_told_apart(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1), command_id="c1")
        await actors.ask(ANN, Add(by=1), command_id="c1")
        await actors.ask(ANN, HowMuch())
        with pytest.raises(Rejected):
            await actors.ask(ANN, Take(by=9))
        with pytest.raises(Internal):
            await actors.ask(ANN, Break())
        names = ("turns", "questions", "refusals", "failures", "repeats", "commits", "activations")
        assert await counted(actors, *names) == [2, 1, 1, 1, 1, 1, 1]


async def test_commits_are_counted_by_their_size_and_how_long_they_took(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        await actors.ask(ANN, Add(by=1))
        held.hold()
        asking.start_soon(actors.ask, ANN, Add(by=1))
        await settled()
        for _ in range(7):
            asking.start_soon(actors.ask, ANN, Add(by=1))
        await elapse(3)
        held.release()
        await settled()
        sizes, seconds = actors.metrics.batch_size, actors.metrics.commit_seconds
        assert (sum(sizes.counts), sizes.total, dict(zip(sizes.bounds, sizes.counts, strict=False))[10.0]) == (3, 9, 1)
        assert (sum(seconds.counts), round(seconds.total, 2)) == (3, 3.0)


def test_a_histogram_counts_a_value_below_the_first_bound_it_does_not_exceed() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 2.5):
        histogram.observe(value)
    assert (histogram.counts, histogram.total) == ([2, 2, 1], 7.5)


async def test_effects_are_counted_by_how_they_ended(memory: World) -> None:
    ends = ["done", "failed", "cancelled"]

    async def run(link: Link) -> None:
        end = ends.pop(0)
        if end == "failed":
            raise ZeroDivisionError
        if end == "cancelled":
            await asyncio.Event().wait()

    async with memory.runtime(effects=[Echo(run)]) as actors:
        await actors.ask(ANN, Add(by=1))
        for _ in range(3):
            await actors.ask(ANN, Fetch(text="x"))
            await settled()
        await actors.ask(ANN, CancelFetches())
        await settled()
        names = ("effects_started", "effects_done", "effects_failed", "effects_cancelled")
        assert await counted(actors, *names) == [3, 1, 1, 1]


async def test_what_there_is_at_a_moment_can_be_asked_for(memory: World) -> None:
    commits, loads, seen = HeldJournal(), HeldJournal("load"), list[Any]()
    async with (
        memory.runtime(
            over=lambda journal: commits.over(loads.over(journal)),
            effects=[Echo(lambda link: asyncio.Event().wait())],  # type: ignore[arg-type,return-value]
        ) as actors,
        anyio.create_task_group() as asking,
    ):
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Fetch(text="x"))
        asking.start_soon(noted, actors.sessions.read(ANN), seen)
        commits.hold()
        loads.hold()
        for actor in (ANN, ANN, BEN, BEN, BEN):
            asking.start_soon(actors.ask, actor, Add(by=1))
        await settled()
        assert actors.gauges() == Gauges(
            activations=2,
            messages_waiting=3,
            turns_uncommitted=2,
            effects_running=1,
            effects_waiting=0,
            session_readers=1,
            readers_switched=0,
            projector_lag={},
        )
        asking.cancel_scope.cancel()


async def test_nothing_is_counted_that_did_not_happen(memory: World) -> None:
    async with memory.runtime() as actors:
        await settled()
        counts = asdict(actors.metrics)
        assert {name for name, value in counts.items() if value and isinstance(value, int)} == set()


async def test_timers_and_lost_signals_are_counted(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=1, by=1))
        actors.signal(BEN, Heard(text="x"))
        await elapse(2)
        assert await counted(actors, "timers_fired", "timers_late", "signals_dropped") == [1, 0, 1]


async def test_what_is_only_shown_counts_as_a_turn_too(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Say(item="i", text="x"))
        actors.signal(ANN, Heard(text="x"))
        await settled()
        assert await counted(actors, "turns", "commits") == [3, 3]
