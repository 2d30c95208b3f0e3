"""Brings the schema of the database up to date, and refuses one that only later code understands.

Each migration says in its first line which code is the oldest that may use what it leaves behind. So a migration that
only adds lets older processes go on, and they leave newer schemas alone otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from aevatar.errors import Misassembled
from aevatar.journal.postgres.sql import in_schema, resource

_OLDEST_SERVER = 14
_FILE = re.compile(r"(\d{4})_\w+\.sql")
_CODE_FROM = re.compile(r"-- code from: (\d+)\n")

# One at a time, whatever the schema is called. The number is arbitrary; it must only stay the same.
_LOCK = "select pg_advisory_xact_lock(4178530212)"
_RECORDS = """
create schema if not exists {schema};
create table if not exists {schema}.migrations (
  number integer primary key,
  code_from integer not null,
  applied_at timestamptz not null default now()
);
"""
# Not `to_regclass`: after the wait for the lock it may still answer from a cache that another process made stale.
_EXISTS = "select exists (select from pg_tables where schemaname = $1 and tablename = 'migrations')"
_APPLIED = "select number, code_from from {schema}.migrations order by number"
_RECORD = "insert into {schema}.migrations (number, code_from) values ($1, $2)"

# A copy may come from a server that was further along: positions must go on above those that are there. Where they
# belong to this server they are below its next transaction id, and nothing changes.
_RAISE_BASE = """
update {schema}.clock set base = newest.id - pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1
from (select greatest(
  (select max(position) from {schema}.turns),
  (select max(position) from {schema}.mail)) >> 20 as id) as newest
where newest.id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + base
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """A numbered step of the schema. `code_from` is the newest migration that code must know to use the result."""

    number: int
    code_from: int
    sql: str


async def prepare(connection: Any, schema: str, *, through: int | None = None) -> int:
    """Applies what is missing, up to migration `through`, and answers the number the schema has then.

    Raises: Misassembled when the server is too old, or the schema too new; nothing was touched then.
    """
    _check_server(connection)
    known = [step for step in migrations() if through is None or step.number <= through]
    if _missing(await _applied(connection, schema), known, schema):
        async with connection.transaction():
            await connection.execute(_LOCK)
            applied = await _applied(connection, schema)  # another process may have been faster
            await connection.execute(in_schema(_RECORDS, schema))
            for step in _missing(applied, known, schema):
                await connection.execute(in_schema(step.sql, schema))
                await connection.execute(in_schema(_RECORD, schema), step.number, step.code_from)
    await connection.execute(in_schema(_RAISE_BASE, schema))
    return max(await _applied(connection, schema))


def migrations() -> list[Migration]:
    """The migrations that this code knows, in order."""
    names = (file.name for file in files(__package__).joinpath("migrations").iterdir())
    found = [_migration(int(match[1]), match[0]) for match in map(_FILE.fullmatch, names) if match]
    return sorted(found, key=lambda step: step.number)


def _migration(number: int, name: str) -> Migration:
    sql = resource(f"migrations/{name}")
    head = _CODE_FROM.match(sql)
    if head is None:
        raise Misassembled(f"migration {name} does not begin with the code it may be used from")
    return Migration(number, int(head[1]), sql)


async def _applied(connection: Any, schema: str) -> dict[int, int]:
    if not await connection.fetchval(_EXISTS, schema):
        return {}
    rows = await connection.fetch(in_schema(_APPLIED, schema))
    return {row["number"]: row["code_from"] for row in rows}


def _missing(applied: dict[int, int], known: list[Migration], schema: str) -> list[Migration]:
    newest = known[-1].number
    needed = max(applied.values(), default=0)
    if needed > newest:
        raise Misassembled(
            f"the journal in schema {schema!r} has been migrated by a later release: it may be used by code that knows"
            f" migration {needed}, and this code knows {newest}. Upgrade aevatar; nothing was changed"
        )
    return [step for step in known if step.number not in applied]


def _check_server(connection: Any) -> None:
    version = connection.get_server_version()
    if version.major < _OLDEST_SERVER:
        raise Misassembled(f"the journal needs PostgreSQL {_OLDEST_SERVER} or later; this server is {version.major}")
