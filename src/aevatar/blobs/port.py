"""The port behind which bytes lie that are too long for a message.

A blob belongs to the actor whose facts name it, and to no other: what an actor of another scope asks for is not there,
and erasing the actor erases its blobs. It is stored before the fact that names it, so a fact never points at nothing;
what a crash between the two leaves belongs to an actor that never began, and is swept.

Implemented by `MemoryBlobs`, `DirectoryBlobs` and `PostgresBlobs`; `aevatar.testing.blob_conformance` is the suite that
an adapter passes. Every method may raise Unavailable `blobs_unavailable`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

import structlog

from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId

LARGEST: Final = 20 * 1024 * 1024
"""Bytes of one blob."""

log = structlog.get_logger("aevatar.blobs")

_ID = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[!-~][ -~]{0,254}")


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A blob as its owner names it. `length` is in bytes."""

    blob_id: str
    media_type: str
    length: int


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob as it was put."""

    media_type: str
    data: bytes


class Clock(Protocol):
    """Tells the time in milliseconds since 1970."""

    def now(self) -> int:
        """That time."""


class BlobStore(Protocol):
    """Where blobs lie, and outlive the process as the journal does."""

    async def open(self) -> None:
        """Makes the store ready, and removes what an interrupted `put` has left. After the journal was opened."""

    async def close(self) -> None:
        """Lets go of the store. Harmless when repeated."""

    async def put(self, owner: ActorId, data: bytes, media_type: str) -> BlobRef:
        """Keeps `data` for `owner`, durable when this returns. The same again is the same blob.

        Raises: Rejected `blob_too_large`, `invalid_media_type`; Unavailable, and then nothing is kept.
        """

    async def get(self, owner: ActorId, blob_id: str) -> Blob:
        """A blob of `owner`, for any text. Raises: Rejected `blob_not_found`, `blob_corrupted`; Unavailable."""

    async def erase(self, owner: ActorId, *, idle_since: int | None = None) -> None:
        """Removes all blobs of `owner`; with `idle_since` (milliseconds since 1970) only if none was put after that."""

    async def owners(self, after: int, until: int) -> list[ActorId]:
        """Whose newest blob was put after `after` and no later than `until` (milliseconds since 1970)."""

    async def backup(self, journal_copy: Path) -> None:
        """Completes the copy of the journal that was just written to `journal_copy`, if blobs are not part of it.

        Raises: Rejected `backup_exists`.
        """


def digest_of(media_type: str, data: bytes) -> str:
    """The id of a blob: SHA-256 over its media type, a newline and its bytes."""
    digest = sha256(media_type.encode() + b"\n")
    digest.update(data)
    return digest.hexdigest()


def is_blob_id(text: str) -> bool:
    """Whether `text` is spelled like the id of a blob."""
    return _ID.fullmatch(text) is not None


def checked_type(data: bytes, media_type: str) -> str:
    """The media type itself, if both can be kept. Raises: Rejected `blob_too_large`, `invalid_media_type`."""
    if len(data) > LARGEST:
        raise Rejected("blob_too_large", f"A blob has at most {LARGEST} bytes, this one has {len(data)}.")
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise Rejected("invalid_media_type", f"{media_type!r} is no media type.")
    return media_type


def blob_not_found(blob_id: str) -> Rejected:
    """What is heard of a blob that is not there, or somebody else's."""
    return Rejected("blob_not_found", f"There is no blob {blob_id[:64]!r}.")


def blob_corrupted(owner: ActorId, blob_id: str) -> Rejected:
    """What is heard of a blob whose bytes are not what was put. Operators hear of it, too: something is wrong there."""
    log.error("blob_corrupted", owner=owner.text, blob_id=blob_id)
    return Rejected("blob_corrupted", f"The blob {blob_id!r} is not what was stored any more.")


def blobs_unavailable(reason: str) -> Unavailable:
    """What is heard while bytes can be neither stored nor read."""
    return Unavailable("blobs_unavailable", f"blobs cannot be stored or read: {reason}", retry_after=1.0)
