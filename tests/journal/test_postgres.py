"""PostgreSQL keeps the port as one of several owners."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from aevatar.journal.postgres import PostgresJournal
from aevatar.testing.journal_conformance import *  # noqa: F403 - pytest collects the suite from here
from aevatar.testing.journal_conformance.several_owners import *  # noqa: F403 - likewise
from tests.postgres import drop_database, new_database


class PostgresJournals:
    def __init__(self, url: str) -> None:
        self.url = url
        self.schema = f"s_{uuid4().hex}"

    def handle(self) -> PostgresJournal:
        return PostgresJournal(self.url, schema=self.schema, connections=4)

    async def restored(self, backup: Path) -> PostgresJournal:
        copy = PostgresJournals(self.url).handle()
        await copy.restore(backup)
        return copy

    async def outdate_the_code(self) -> None:
        connection = await asyncpg.connect(self.url)
        await connection.execute(f'insert into "{self.schema}".migrations values (9999, 9999)')  # noqa: S608 our own name
        await connection.close()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    url = asyncio.run(new_database())
    yield url
    asyncio.run(drop_database(url))


@pytest.fixture
def journals(database: str) -> PostgresJournals:
    return PostgresJournals(database)
