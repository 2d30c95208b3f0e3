"""Empty stores of every kind, as many as a test wants, each opened again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from aevatar.journal.postgres import PostgresJournal
from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing import MemoryJournal, MemoryStore, in_real_time
from aevatar.testing.crash import Store
from tests.postgres import drop_database, new_database

NewStore = Callable[[], Store]


@pytest.fixture
def database() -> Iterator[str]:
    """An empty database of its own."""
    url = asyncio.run(new_database())
    yield url
    asyncio.run(drop_database(url))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> NewStore:
    if request.param == "memory":
        return new_memory_store
    if request.param == "sqlite":
        return lambda: _sqlite(tmp_path / f"{uuid4().hex}.db")
    database: str = request.getfixturevalue("database")
    return lambda: _postgres(database, f"s_{uuid4().hex}")


def new_memory_store() -> Store:
    store = MemoryStore()
    return lambda: MemoryJournal(store)


def _sqlite(path: Path) -> Store:
    return lambda: in_real_time(SqliteJournal(path))


def _postgres(url: str, schema: str) -> Store:
    return lambda: in_real_time(PostgresJournal(url, schema=schema, connections=2))
