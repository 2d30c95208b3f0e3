"""The journal in memory keeps the port, both as one owner's and as one of several."""

from __future__ import annotations

from pathlib import Path

import pytest

from aevatar.journal.memory import MemoryJournal
from aevatar.journal.memory_store import SCHEMA, MemoryStore
from aevatar.testing.journal_conformance import *  # noqa: F403 - pytest collects the suite from here
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
