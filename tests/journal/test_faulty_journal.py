"""The faulty journal fails as planned, never otherwise, and without breaking the port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import anyio
import pytest

from aevatar.errors import Unavailable
from aevatar.journal.memory_store import SCHEMA
from aevatar.journal.port import Journal
from aevatar.journal.records import Verdict
from aevatar.testing import (
    VIRTUAL_TIME,
    Crashed,
    Fault,
    FaultyJournal,
    MemoryJournal,
    MemoryStore,
    Mishap,
    at_random,
    die_before,
    scripted,
)
from aevatar.testing.journal_conformance import *  # noqa: F403 - without faults it is a journal like any other
from aevatar.testing.journal_conformance.examples import ANN, BEN, CLEO, decided, mail, numbered, turn
from aevatar.testing.journal_conformance.one_owner import *  # noqa: F403 - likewise

COMMITTED, CONFLICT = Verdict.COMMITTED, Verdict.CONFLICT


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL_TIME


class FaultlessJournals:
    def __init__(self) -> None:
        self._store = MemoryStore()

    def handle(self) -> Journal:
        return FaultyJournal(MemoryJournal(self._store), scripted({}))

    async def restored(self, backup: Path) -> Journal:
        return FaultyJournal(MemoryJournal.restored(backup), scripted({}))

    async def outdate_the_code(self) -> None:
        self._store.contents.schema = SCHEMA + 1


@pytest.fixture
def journals() -> FaultlessJournals:
    return FaultlessJournals()


@pytest.fixture
async def inner() -> AsyncIterator[MemoryJournal]:
    journal = MemoryJournal()
    await journal.open()
    yield journal
    await journal.close()


@pytest.mark.parametrize(
    ("fault", "told", "stored"),
    [
        (Fault.IO_ERROR, Unavailable, []),
        (Fault.LOST_ANSWER, Unavailable, [1]),
        (Fault.CRASH_BEFORE, Crashed, []),
        (Fault.CRASH_AFTER, Crashed, [1]),
    ],
)
async def test_a_failed_commit_is_stored_or_not_as_its_fault_says(
    inner: MemoryJournal, fault: Fault, told: type[BaseException], stored: list[int]
) -> None:
    journal = FaultyJournal(inner, scripted({1: fault}))
    with pytest.raises(told):
        await journal.commit([turn(ANN, 1)])
    assert [entry.version for entry in await inner.history(ANN)] == stored


async def test_a_conflict_refuses_one_actor_and_stores_its_neighbours(inner: MemoryJournal) -> None:
    journal = FaultyJournal(inner, scripted({1: Fault.CONFLICT}))
    batch = [turn(ANN, 1), turn(BEN, 1), turn(ANN, 2), turn(CLEO, 1)]
    assert await journal.commit(batch) == [CONFLICT, COMMITTED, CONFLICT, COMMITTED]
    assert [entry.actor for entry in await inner.feed()] == [BEN, CLEO]
    assert await journal.commit(batch) == [COMMITTED] * 4


async def test_what_may_be_stored_already_is_never_called_a_conflict(inner: MemoryJournal) -> None:
    journal = FaultyJournal(inner, scripted({1: Fault.LOST_ANSWER, 2: Fault.CONFLICT, 3: Fault.CONFLICT}))
    shows = turn(ANN, None, shown=numbered("s", 1))
    with pytest.raises(Unavailable):
        await journal.commit([shows])
    assert await journal.commit([shows, turn(BEN, 1)]) == [COMMITTED, CONFLICT]
    assert await journal.commit([turn(ANN, 1)]) == [CONFLICT]


async def test_a_read_fails_as_planned_and_does_not_count_as_a_write(inner: MemoryJournal) -> None:
    journal = FaultyJournal(inner, scripted({0: Fault.IO_ERROR}))
    with pytest.raises(Unavailable):
        await journal.load(ANN)
    assert await journal.commit([turn(ANN, 1)]) == [COMMITTED]
    assert journal.writes == 1


async def test_the_dead_neither_read_nor_write(inner: MemoryJournal) -> None:
    journal = FaultyJournal(inner, die_before(3))
    assert await journal.accept([mail("m1", ANN)]) == [COMMITTED]
    assert await journal.commit([turn(ANN, 1, mail_done=["m1"])]) == [COMMITTED]
    for call in (journal.commit([turn(ANN, 2)]), journal.commit([turn(BEN, 1)]), journal.load(ANN)):
        with pytest.raises(Crashed):
            await call
    assert [(entry.actor, entry.version) for entry in await inner.feed()] == [(ANN, 1)]
    assert journal.writes == 3


async def test_a_write_that_is_under_way_when_the_process_dies_is_not_answered(inner: MemoryJournal) -> None:
    mishaps = {1: Mishap(after=3600.0), 2: Mishap(Fault.CRASH_BEFORE)}
    journal = FaultyJournal(inner, lambda write: mishaps[write])
    died: list[str] = []

    async def commit(actor: str) -> None:
        try:
            await journal.commit([turn(actor, 1)])
        except Crashed:
            died.append(actor)

    async with anyio.create_task_group() as writing:
        writing.start_soon(commit, ANN)
        writing.start_soon(commit, BEN)
    assert died == [BEN, ANN]
    assert [entry.actor for entry in await inner.feed()] == [ANN]


async def test_a_delayed_write_is_overtaken(inner: MemoryJournal) -> None:
    journal = FaultyJournal(inner, lambda write: Mishap(before=3600.0 if write == 1 else 0.0))
    async with anyio.create_task_group() as writing:
        writing.start_soon(journal.commit, [turn(ANN, 1)])
        writing.start_soon(journal.commit, [turn(BEN, 1)])
    assert [entry.actor for entry in await inner.feed()] == [BEN, ANN]


async def test_chance_is_the_same_for_the_same_seed() -> None:
    rates = {Fault.CONFLICT: 0.2, Fault.LOST_ANSWER: 0.2, Fault.IO_ERROR: 0.2}
    runs = [
        [plan(write) for write in range(200)] for plan in (at_random(Random(7), rates, delay=1.0) for _ in range(2))
    ]
    assert runs[0] == runs[1]
    assert {mishap.fault for mishap in runs[0]} == {*rates, None}
    assert all(0 <= delay <= 1 for mishap in runs[0] for delay in (mishap.before, mishap.after))


async def test_a_caller_that_repeats_its_batch_gets_every_turn_stored_once(inner: MemoryJournal) -> None:
    rates = {Fault.LOST_ANSWER: 0.3, Fault.IO_ERROR: 0.3, Fault.CONFLICT: 0.1}
    journal = FaultyJournal(inner, at_random(Random(1), rates))
    for version in range(1, 50):
        verdict = None
        while verdict is not COMMITTED:
            try:
                [verdict] = await journal.commit([decided(ANN, version, f"c{version}")])
            except Unavailable:
                continue
    assert [entry.version for entry in await inner.history(ANN)] == list(range(1, 50))
