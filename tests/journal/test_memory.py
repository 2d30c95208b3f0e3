"""The journal in memory keeps the port as one of several owners, and shuts everybody else out as the only one."""

from __future__ import annotations

from pathlib import Path

import pytest

from aevatar.errors import Misassembled, Unavailable
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.memory_store import SCHEMA, MemoryStore
from aevatar.journal.records import Verdict
from aevatar.testing.journal_conformance import *  # noqa: F403 - pytest collects the suite from here
from aevatar.testing.journal_conformance.examples import ANN, everything, full, turn
from aevatar.testing.journal_conformance.several_owners import *  # noqa: F403 - likewise


class MemoryJournals:
    def __init__(self) -> None:
        self._store = MemoryStore()

    def handle(self) -> MemoryJournal:
        return MemoryJournal(self._store, exclusive=False)

    async def restored(self, backup: Path) -> MemoryJournal:
        return MemoryJournal.restored(backup)

    async def outdate_the_code(self) -> None:
        self._store.contents.schema = SCHEMA + 1


@pytest.fixture
def journals() -> MemoryJournals:
    return MemoryJournals()


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True)])
async def test_an_exclusive_handle_shares_its_store_with_nobody(first: bool, second: bool) -> None:
    store = MemoryStore()
    holder, intruder = MemoryJournal(store, exclusive=first), MemoryJournal(store, exclusive=second)
    await holder.open()
    with pytest.raises(Misassembled):
        await intruder.open()
    assert await holder.commit([turn(ANN, 1)]) == [Verdict.COMMITTED]
    await holder.close()
    await intruder.open()
    assert await intruder.commit([turn(ANN, 2)]) == [Verdict.COMMITTED]


async def test_opening_an_open_handle_is_harmless() -> None:
    journal = MemoryJournal()
    await journal.open()
    await journal.open()
    await journal.close()
    with pytest.raises(Unavailable):
        await journal.load(ANN)


async def test_a_killed_handle_leaves_its_store_to_the_next_and_writes_no_more() -> None:
    killed = MemoryJournal()
    await killed.open()
    await killed.commit([full(ANN, 1, "c1")])
    before = await everything(killed)
    reopened = killed.reopened()
    await reopened.open()
    with pytest.raises(Unavailable):
        await killed.commit([turn(ANN, 2)])
    assert await everything(reopened) == before
