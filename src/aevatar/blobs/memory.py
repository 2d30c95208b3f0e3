"""Blobs of one process, for tests and for journals in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from aevatar.blobs.port import Blob, BlobRef, Clock, blob_not_found, checked_type, digest_of
from aevatar.identity import ActorId


@dataclass(slots=True)
class _Owned:
    put_at: int = 0
    blobs: dict[str, Blob] = field(default_factory=dict)


class MemoryBlobs:
    """Keeps blobs until it is let go of itself, however often it is opened and closed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._owned: dict[ActorId, _Owned] = {}

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def put(self, owner: ActorId, data: bytes, media_type: str) -> BlobRef:
        blob = Blob(checked_type(data, media_type), data)
        blob_id = digest_of(media_type, data)
        owned = self._owned.setdefault(owner, _Owned())
        owned.blobs[blob_id], owned.put_at = blob, self._clock.now()
        return BlobRef(blob_id, media_type, len(data))

    async def get(self, owner: ActorId, blob_id: str) -> Blob:
        owned = self._owned.get(owner)
        if owned is None or blob_id not in owned.blobs:
            raise blob_not_found(blob_id)
        return owned.blobs[blob_id]

    async def erase(self, owner: ActorId, *, idle_since: int | None = None) -> None:
        owned = self._owned.get(owner)
        if owned is not None and (idle_since is None or owned.put_at <= idle_since):
            del self._owned[owner]

    async def owners(self, after: int, until: int) -> list[ActorId]:
        return [owner for owner, owned in self._owned.items() if after < owned.put_at <= until]

    async def backup(self, journal_copy: Path) -> None:
        return None
