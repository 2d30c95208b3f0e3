"""What the tests of an adapter supply, so that the conformance suite can open, reopen and share its store.

An adapter's test module defines a fixture `journals` that yields one `Journals`, and imports the suite:

    from aevatar.testing.journal_conformance import *
    from aevatar.testing.journal_conformance.several_owners import *  # or .one_owner

    @pytest.fixture
    def journals(tmp_path):
        return MyJournals(tmp_path / "store")

The suite closes every journal that it opened before that fixture is torn down. Its tests are coroutines, run by anyio's
plugin in its `auto` mode, and explain their failures best if a `conftest.py` says
`pytest.register_assert_rewrite("aevatar.testing.journal_conformance")`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from aevatar.identity import SHARDS
from aevatar.journal.port import Journal


class Journals(Protocol):
    """One store, empty at first, and handles over it. One handle stands for one process."""

    def handle(self) -> Journal:
        """A new handle over the store, not opened yet."""

    async def restored(self, backup: Path) -> Journal:
        """A handle, not opened yet, over a new store made of what `Journal.backup` wrote to `backup`."""

    async def outdate_the_code(self) -> None:
        """Marks the store, which was opened once and is closed, as one whose schema only a later release may use."""


@asynccontextmanager
async def opened(journal: Journal) -> AsyncIterator[Journal]:
    """Opens `journal` as the owner of all shards, and closes it in the end."""
    await journal.open()
    try:
        await journal.claim(range(SHARDS))
        yield journal
    finally:
        await journal.close()


@pytest.fixture
async def journal(journals: Journals) -> AsyncIterator[Journal]:
    """The store of the test, opened by the owner of all shards."""
    async with opened(journals.handle()) as journal:
        yield journal
