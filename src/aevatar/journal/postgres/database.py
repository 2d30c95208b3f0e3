"""Connections: how they are made, how long anything waits for one, and what their failures are called.

Nothing here retries. A broken connection leaves the pool, the next call makes a new one, and in between every call is
told when to come back.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import asyncpg

from aevatar.errors import Misassembled, Rejected, Unavailable
from aevatar.journal.postgres.sql import Part, Statements

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
"""An open connection, from the pool or not."""

BROKEN: Final = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises when the connection is at fault. The last is a connection cut between two calls."""

_LONGEST_RETRY: Final = 5.0
"""Seconds."""

_PLANNING: Final = dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_sort", "jit"), "off")
"""A prepared statement keeps the plan that was best while its tables were small, and would then read all of a grown
mail table to tick off one row. Every statement here goes down an index in its order and looks rows up in others, so
nothing else is ever wanted; nor the compiler, which takes the price put on what is off for work worth compiling."""

_MISCONFIGURED = re.compile(r"28...|3D000|42501")
"""SQLSTATEs: refused credentials, no such database, missing privileges."""


class Database:
    """A pool of connections that runs named statements.

    Every method raises Unavailable when the server cannot be reached, says that it cannot serve now, or does not
    answer within `timeout` seconds.
    """

    def __init__(
        self, url: str, statements: Statements, *, connections: int, timeout: float, statement_cache_size: int
    ) -> None:
        self.statements = statements
        self._connections = connections
        self._timeout = timeout
        self._failures = 0
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        # With a pooler in front, other clients share the sessions, and plans are made anew for every call anyway.
        settings = _PLANNING if statement_cache_size else {}
        self._options: dict[str, Any] = {
            "dsn": url,
            "timeout": timeout,
            "statement_cache_size": statement_cache_size,
            "max_cacheable_statement_size": 0,
            "server_settings": {"application_name": "aevatar", **settings},
        }

    @property
    def is_open(self) -> bool:
        """Whether there is a pool."""
        return self._pool is not None

    async def open(self) -> None:
        """Makes the first connection. Raises: Misassembled when the server will never let us in as we come."""
        with self.translated():
            self._pool = await asyncpg.create_pool(
                **self._options,
                command_timeout=self._timeout,
                min_size=1,
                max_size=self._connections,
                reset=_leave_as_is,
            )

    async def close(self) -> None:
        """Closes all connections, once what runs on them is done."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy[asyncpg.Record]]:
        """A connection from the pool, while the block runs."""
        pool = self._opened()
        with self.translated():
            async with pool.acquire(timeout=self._timeout) as connection:
                yield connection

    @asynccontextmanager
    async def own_connection(self) -> AsyncIterator[Connection]:
        """A connection outside the pool, for work that may take longer than `timeout`."""
        with self.translated():
            connection = await self.connect()
            try:
                yield connection
            finally:
                await connection.close()

    async def connect(self) -> Connection:
        """A new connection, which the caller closes. Fails as the driver does."""
        return await asyncpg.connect(**self._options)

    async def fetch(self, name: str, *arguments: Any) -> list[asyncpg.Record]:
        """The rows of a named statement."""
        async with self.connection() as connection:
            return await connection.fetch(self.statements[name], *arguments)

    async def row(self, name: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row of a named statement, or None."""
        async with self.connection() as connection:
            return await connection.fetchrow(self.statements[name], *arguments)

    async def value(self, name: str, *arguments: Any) -> Any:
        """The first column of the first row of a named statement."""
        async with self.connection() as connection:
            return await connection.fetchval(self.statements[name], *arguments)

    async def fetch_joined(self, parts: Sequence[Part]) -> list[asyncpg.Record]:
        """The rows of one statement made of named parts."""
        statement = self.statements.joined(parts)
        async with self.connection() as connection:
            return await connection.fetch(statement, *(argument for _, arguments in parts for argument in arguments))

    async def fetch_patiently(self, name: str, *arguments: Any) -> list[asyncpg.Record]:
        """The rows of a named statement, however long it takes."""
        self._opened()
        async with self.own_connection() as connection:
            return await connection.fetch(self.statements[name], *arguments)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Names the driver's failures by what a caller can do about them."""
        try:
            yield
        except (asyncpg.DataError, asyncpg.ProgramLimitExceededError, ValueError) as unfit:
            if self._pool is None:
                raise Misassembled(f"PostgreSQL cannot be reached as the journal is set up: {unfit}") from unfit
            raise Rejected("not_storable", f"PostgreSQL does not take this: {unfit}") from unfit
        except BROKEN as lost:
            raise self._unavailable(lost) from lost
        except asyncpg.PostgresError as failed:
            if self._pool is None and _MISCONFIGURED.fullmatch(failed.sqlstate or ""):
                raise Misassembled(f"PostgreSQL refuses the journal: {failed}") from failed
            if not is_passing(failed):
                raise
            raise self._unavailable(failed) from failed
        else:
            self._failures = 0

    def _opened(self) -> asyncpg.Pool[asyncpg.Record]:
        if self._pool is None:
            raise Unavailable("journal_closed", "the journal is not open")
        return self._pool

    def _unavailable(self, cause: Exception) -> Unavailable:
        self._failures += 1
        retry_after = min(0.05 * 2 ** min(self._failures, 10), _LONGEST_RETRY)
        return Unavailable("journal_unavailable", f"PostgreSQL: {str(cause) or type(cause).__name__}", retry_after)


def is_passing(failed: asyncpg.PostgresError) -> bool:
    """Whether the very same statement may succeed later.

    Source: the classes of SQLSTATE in the PostgreSQL manual, appendix "Error Codes".
    """
    state = failed.sqlstate or ""
    return state[:2] in _PASSING or state in _PASSING_STATES


_PASSING: Final = frozenset({"08", "28", "40", "53", "57", "58", "XX"})
"""Connection, credentials, rolled back for another's sake, resources, operator, system, internal."""

_PASSING_STATES: Final = frozenset({"25006", "3D000", "55P03", "25P02", "25P03"})
"""Read only (a standby, after a failover), database gone, lock not to be had, transaction ended or idle too long."""


def location(url: str, schema: str) -> str:
    """Where the journal lives, as may be shown: without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"postgresql://{host}{parts.path} schema {schema}"


async def _leave_as_is(_: object) -> None:
    """Instead of the driver's reset, a round trip per call: no statement of ours leaves anything in the session."""
