"""Copies the whole store into one file, and makes a store of such a file.

The file is a zip archive: `journal.json` says what it is, and each table is an entry in PostgreSQL's binary copy
format. Who owns which shard is not part of it.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Final

import msgspec

from aevatar.errors import Misassembled, Rejected
from aevatar.journal.postgres.database import Connection
from aevatar.journal.postgres.schema import migrations, prepare

_TABLES: Final = (
    "actors",
    "turns",
    "snapshots",
    "open_commands",
    "mail",
    "timers",
    "effects",
    "documents",
    "attributes",
    "sessions",
    "session_events",
    "checkpoints",
    "dead_letters",
    "blobs",
)
_WITH_BLOBS: Final = 2
"""The migration from which on there are blobs."""
_LABEL: Final = "journal.json"
_CHUNK: Final = 1 << 20


class _Label(msgspec.Struct, frozen=True):
    """What an archive says about itself. `schema` is the number of the newest migration of the store it was made of."""

    format: str
    schema: int


async def write_backup(connection: Connection, schema: str, *, number: int, path: Path) -> None:
    """Writes all tables as of one instant to `path`. Raises: Rejected when it exists."""
    unfinished = _beside(path)
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(_LABEL, msgspec.json.encode(_Label("aevatar-postgres", number)))
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                for table in _TABLES:
                    with archive.open(table, "w", force_zip64=True) as entry:
                        await _copy_out(connection, table, schema, entry)
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


async def read_backup(connection: Connection, schema: str, path: Path) -> None:
    """Fills an empty schema with the contents of `path`. Raises: Misassembled when either is not what it should be."""
    with zipfile.ZipFile(path) as archive:
        label = msgspec.json.decode(archive.read(_LABEL), type=_Label)
        newest = migrations()[-1].number
        if label.schema > newest:
            raise Misassembled(f"{str(path)!r} was made at migration {label.schema}; this code knows {newest}")
        async with connection.transaction():
            await prepare(connection, schema, through=label.schema)
            if await connection.fetchval(f'select exists (select from "{schema}".actors)'):  # noqa: S608 a checked name
                raise Misassembled(f"schema {schema!r} has a journal already: restore into an empty one")
            for table in _TABLES if label.schema >= _WITH_BLOBS else _TABLES[:-1]:
                with archive.open(table) as entry:
                    await connection.copy_to_table(table, schema_name=schema, source=_chunks(entry), format="binary")


def _beside(path: Path) -> Path:
    if path.exists():
        raise Rejected("backup_exists", f"{str(path)!r} exists already", "path")
    return path.with_name(f"{path.name}.unfinished")


async def _copy_out(connection: Connection, table: str, schema: str, entry: IO[bytes]) -> None:
    pending = bytearray()

    async def take(data: bytes) -> None:
        pending.extend(data)
        if len(pending) >= _CHUNK:
            await asyncio.to_thread(entry.write, bytes(pending))
            pending.clear()

    await connection.copy_from_table(table, schema_name=schema, output=take, format="binary")
    await asyncio.to_thread(entry.write, bytes(pending))


async def _chunks(entry: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(entry.read, _CHUNK):
        yield chunk
