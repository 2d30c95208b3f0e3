"""The journal in a SQLite file keeps the port as its only owner."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing.journal_conformance import *  # noqa: F403 - pytest collects the suite from here
from aevatar.testing.journal_conformance.one_owner import *  # noqa: F403 - likewise


class SqliteJournals:
    def __init__(self, path: Path) -> None:
        self._path = path

    def handle(self) -> SqliteJournal:
        return SqliteJournal(self._path)

    async def restored(self, backup: Path) -> SqliteJournal:
        return SqliteJournal(backup)

    async def outdate_the_code(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("insert into migrations values (999, 'of_tomorrow', '2999-01-01', 999)")
            connection.execute("pragma user_version = 999")


@pytest.fixture
def journals(tmp_path: Path) -> SqliteJournals:
    return SqliteJournals(tmp_path / "journal.db")
