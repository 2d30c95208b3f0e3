"""No blob store: what a runtime has that was given none."""

from __future__ import annotations

from pathlib import Path

from aevatar.blobs.port import Blob, BlobRef, blob_not_found, blobs_unavailable
from aevatar.identity import ActorId


class NoBlobs:
    """Keeps nothing, and says so rather than lose it."""

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def put(self, owner: ActorId, data: bytes, media_type: str) -> BlobRef:
        raise blobs_unavailable("this runtime has no blob store")

    async def get(self, owner: ActorId, blob_id: str) -> Blob:
        raise blob_not_found(blob_id)

    async def erase(self, owner: ActorId, *, idle_since: int | None = None) -> None:
        return None

    async def owners(self, after: int, until: int) -> list[ActorId]:
        return []

    async def backup(self, journal_copy: Path) -> None:
        return None
