"""The synchronous door: the same answers, in code that is not async."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import aevatar.sync
from aevatar.actors import Outcome, Receipt, Runtime
from aevatar.errors import Misassembled, Rejected, Unavailable
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.port import Journal
from aevatar.journal.sqlite import SqliteJournal
from aevatar.sessions import Delta, Ended
from tests.sample.kinds import TALLY
from tests.sample.sample_pb2 import Add, HowMuch, Say, Take, Total, TotalChanged, Wait
from tests.sample.world import ANN


def tallies(journal: Journal | None = None) -> Runtime:
    return Runtime(kinds=[TALLY], journal=journal or MemoryJournal())


def test_a_script_asks_and_is_answered() -> None:
    with aevatar.sync.open(tallies()) as actors:
        assert actors.ask(ANN, Add(by=2)) == Total(total=2)
        assert actors.ask(ANN, Add(by=3), command_id="c1") == Total(total=5)
        assert actors.outcome(ANN, "c1") == Outcome(Total(total=5), version=2)
        assert actors.outcome(ANN, "c2") is None


def test_a_script_dispatches_and_hears_later() -> None:
    with aevatar.sync.open(tallies()) as actors:
        assert actors.dispatch(ANN, Add(by=2), command_id="c1") == Receipt(ANN, "c1")
        assert actors.ask(ANN, HowMuch()) == Total(total=2)


def test_refusals_come_through_as_they_are() -> None:
    with aevatar.sync.open(tallies()) as actors:
        actors.ask(ANN, Add(by=2))
        with pytest.raises(Rejected) as refused:
            actors.ask(ANN, Take(by=3))
        assert (refused.value.code, refused.value.field) == ("too_little", "by")
        with pytest.raises(Unavailable) as late:
            actors.ask(ANN, Wait(within=60), timeout=0.01)
        assert late.value.code == "timeout"


def test_a_session_is_a_plain_iterator() -> None:
    with aevatar.sync.open(tallies()) as actors:
        actors.ask(ANN, Add(by=1))
        assert [event.event for event in actors.read(ANN, until_terminal=False)] == [TotalChanged(by=1)]
        actors.ask(ANN, Say(item="i", text="x", last=True))
        whole = [TotalChanged(by=1), Delta(item="i", channel="text", text="x"), Ended(reason="said")]
        assert [event.event for event in actors.read(ANN)] == whole
        assert [event.cursor for event in actors.read(ANN, after=2)] == [3]


def test_a_session_is_followed_while_another_thread_writes_it() -> None:
    with aevatar.sync.open(tallies()) as actors, ThreadPoolExecutor(1) as other:
        actors.ask(ANN, Add(by=1))
        events = actors.read(ANN)
        assert next(events).event == TotalChanged(by=1)
        other.submit(actors.ask, ANN, Say(item="i", text="x", last=True))
        assert [event.event for event in events] == [Delta(item="i", channel="text", text="x"), Ended(reason="said")]


def test_whoever_stops_reading_early_frees_the_place() -> None:
    runtime = tallies()
    with aevatar.sync.open(runtime) as actors:
        actors.ask(ANN, Add(by=1))
        events = actors.read(ANN)
        next(events)
        assert runtime.gauges().session_readers == 1
        events.close()  # type: ignore[attr-defined]
        assert runtime.gauges().session_readers == 0


def test_a_reading_left_open_ends_with_the_block() -> None:
    with aevatar.sync.open(tallies()) as actors:
        actors.ask(ANN, Add(by=1))
        events = actors.read(ANN)
        next(events)
    events.close()  # type: ignore[attr-defined]


def test_any_number_of_threads_may_use_the_door_at_once() -> None:
    with aevatar.sync.open(tallies()) as actors, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: actors.ask(ANN, Add(by=1)), range(80)))
        assert sorted(answer.total for answer in answers) == list(range(1, 81))  # type: ignore[attr-defined]


def test_what_was_recorded_is_there_for_the_next_script(tmp_path: Path) -> None:
    for total in (2, 4):
        with aevatar.sync.open(tallies(SqliteJournal(tmp_path / "journal.db"))) as actors:
            assert actors.ask(ANN, Add(by=2)) == Total(total=total)


def test_the_runtime_and_its_thread_end_with_the_block_also_when_it_fails() -> None:
    before, runtime = threading.active_count(), tallies()

    def script() -> None:
        with aevatar.sync.open(runtime) as actors:
            actors.ask(ANN, Take(by=1))

    with pytest.raises(Rejected):
        script()
    assert (runtime.health.phase, threading.active_count()) == ("stopped", before)


def test_a_program_that_cannot_start_says_why(tmp_path: Path) -> None:
    first, second = (aevatar.sync.open(tallies(SqliteJournal(tmp_path / "journal.db"))) for _ in range(2))
    with first, pytest.raises(Misassembled):
        second.__enter__()


async def test_a_notebook_whose_cells_run_in_a_loop_may_use_it_too() -> None:
    asyncio.get_running_loop()
    with aevatar.sync.open(tallies()) as actors:
        assert actors.ask(ANN, Add(by=2)) == Total(total=2)
