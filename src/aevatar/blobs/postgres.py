"""Blobs in a table beside the journal's, for processes that share one database and no folder.

The table belongs to the schema of the journal, which makes it and copies it; so this store is opened after the journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aevatar.blobs.port import (
    Blob,
    BlobRef,
    Clock,
    blob_corrupted,
    blob_not_found,
    blobs_unavailable,
    checked_type,
    digest_of,
    is_blob_id,
)
from aevatar.errors import Unavailable
from aevatar.identity import ActorId
from aevatar.journal.postgres.database import Database
from aevatar.journal.postgres.sql import Statements

_CONNECTIONS: Final = 2


class PostgresBlobs:
    """The blobs of the journal in one schema of a PostgreSQL database. What `PostgresJournal` is given, this is."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        schema: str = "aevatar",
        timeout: float = 10.0,
        statement_cache_size: int = 100,
    ) -> None:
        self._clock = clock
        self._database = Database(
            url,
            Statements(schema),
            connections=_CONNECTIONS,
            timeout=timeout,
            statement_cache_size=statement_cache_size,
        )

    async def open(self) -> None:
        if not self._database.is_open:
            await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    async def put(self, owner: ActorId, data: bytes, media_type: str) -> BlobRef:
        checked_type(data, media_type)
        blob_id = digest_of(media_type, data)
        with _translated():
            await self._database.fetch("put_blob", owner.text, blob_id, media_type, data, self._clock.now())
        return BlobRef(blob_id, media_type, len(data))

    async def get(self, owner: ActorId, blob_id: str) -> Blob:
        if not is_blob_id(blob_id):
            raise blob_not_found(blob_id)
        with _translated():
            row = await self._database.row("blob", owner.text, blob_id)
        if row is None:
            raise blob_not_found(blob_id)
        if digest_of(row["media_type"], row["data"]) != blob_id:
            raise blob_corrupted(owner, blob_id)
        return Blob(row["media_type"], row["data"])

    async def erase(self, owner: ActorId, *, idle_since: int | None = None) -> None:
        with _translated():
            await self._database.fetch("erase_blobs", owner.text, idle_since)

    async def owners(self, after: int, until: int) -> list[ActorId]:
        with _translated():
            rows = await self._database.fetch("blob_owners", after, until)
        return [ActorId.parse(row["owner"]) for row in rows]

    async def backup(self, journal_copy: Path) -> None:
        return None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except Unavailable as lost:
        raise blobs_unavailable(lost.message) from lost
