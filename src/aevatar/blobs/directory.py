"""Blobs in a folder beside the journal of one process: one file each, whole or not there.

A file begins with the text form of its owner and its media type, a line each; then come the bytes. It lies in a folder
of its owner. Both are named by digests, so nothing that somebody said becomes part of a path. What a crash leaves
unfinished lies in a folder of its own, which is emptied when the store is opened.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp, mkstemp
from threading import Lock
from typing import ParamSpec, TypeVar

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
from aevatar.errors import Rejected
from aevatar.identity import ActorId

_LONGEST_HEAD = 16 * 1024
"""Bytes of an owner's line, and more than any has."""

P = ParamSpec("P")
T = TypeVar("T")


class DirectoryBlobs:
    """The blobs of one journal in the folder `path`, which is made when it is needed first.

    Only the process that has the journal may have it open; `backup` is harmless beside it.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._unfinished = path / "unfinished"
        self._clock = clock
        self._placing = Lock()

    @staticmethod
    def beside(journal: Path) -> Path:
        """Where the blobs of the journal in the file `journal` lie, and those of its copies."""
        return journal.with_name(f"{journal.name}.blobs")

    async def open(self) -> None:
        await _in_thread(self._empty_unfinished)

    async def close(self) -> None:
        return None

    async def put(self, owner: ActorId, data: bytes, media_type: str) -> BlobRef:
        checked_type(data, media_type)
        return await _in_thread(self._put, owner, data, media_type)

    async def get(self, owner: ActorId, blob_id: str) -> Blob:
        if not is_blob_id(blob_id):
            raise blob_not_found(blob_id)
        return await _in_thread(self._get, owner, blob_id)

    async def erase(self, owner: ActorId, *, idle_since: int | None = None) -> None:
        await _in_thread(self._erase, owner, idle_since)

    async def owners(self, after: int, until: int) -> list[ActorId]:
        return await _in_thread(lambda: list(self._owners(after, until)))

    async def backup(self, journal_copy: Path) -> None:
        await _in_thread(self._copy, self.beside(journal_copy))

    # In a thread

    def _empty_unfinished(self) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._unfinished)

    def _put(self, owner: ActorId, data: bytes, media_type: str) -> BlobRef:
        blob_id = digest_of(media_type, data)
        folder = self._folder(owner)
        self._unfinished.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = mkstemp(dir=self._unfinished)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(f"{owner.text}\n{media_type}\n".encode())
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._place(unfinished, folder, blob_id)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        for changed in (folder, self._path, self._path.parent):
            _sync(changed)
        return BlobRef(blob_id, media_type, len(data))

    def _place(self, unfinished: Path, folder: Path, blob_id: str) -> None:
        with self._placing:  # else the folder could be erased between the two
            folder.mkdir(mode=0o700, exist_ok=True)
            unfinished.replace(folder / blob_id)
            now = self._clock.now() * 1_000_000
            os.utime(folder, ns=(now, now))

    def _get(self, owner: ActorId, blob_id: str) -> Blob:
        try:
            content = (self._folder(owner) / blob_id).read_bytes()
        except FileNotFoundError:
            raise blob_not_found(blob_id) from None
        head, _, rest = content.partition(b"\n")
        media_type, _, data = rest.partition(b"\n")
        if head != owner.text.encode() or sha256(rest).hexdigest() != blob_id:
            raise blob_corrupted(owner, blob_id)
        return Blob(media_type.decode(), data)

    def _erase(self, owner: ActorId, idle_since: int | None) -> None:
        folder = self._folder(owner)
        with self._placing:
            if not folder.exists() or (idle_since is not None and _put_at(folder) > idle_since):
                return
            self._unfinished.mkdir(mode=0o700, exist_ok=True)
            gone = mkdtemp(dir=self._unfinished)
            folder.replace(gone)
        _sync(self._path)
        shutil.rmtree(gone)

    def _owners(self, after: int, until: int) -> Iterator[ActorId]:
        for folder in _folders(self._path):
            with suppress(FileNotFoundError):  # erased meanwhile
                if after < _put_at(folder) <= until and (owner := _owner_in(folder)) is not None:
                    yield owner

    def _copy(self, target: Path) -> None:
        if target.exists():
            raise Rejected("backup_exists", f"{str(target)!r} exists already", "path")
        for folder in _folders(self._path):
            try:
                shutil.copytree(folder, target / folder.name)
            except OSError:
                if folder.exists():
                    raise
                shutil.rmtree(target / folder.name, ignore_errors=True)  # erased meanwhile

    def _folder(self, owner: ActorId) -> Path:
        return self._path / sha256(owner.text.encode()).hexdigest()


def _folders(path: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(path))
    except FileNotFoundError:
        return
    yield from (Path(entry) for entry in entries if is_blob_id(entry.name))


def _put_at(folder: Path) -> int:
    return folder.stat().st_mtime_ns // 1_000_000


def _owner_in(folder: Path) -> ActorId | None:
    for blob in folder.iterdir():
        with blob.open("rb") as file:
            head = file.readline(_LONGEST_HEAD)
        with suppress(Rejected, UnicodeDecodeError):
            return ActorId.parse(head.decode().removesuffix("\n"))
    return None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Does it in a thread, and names a disk that fails by what a caller can do about it."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as failed:
        raise blobs_unavailable(failed.strerror or type(failed).__name__) from failed
