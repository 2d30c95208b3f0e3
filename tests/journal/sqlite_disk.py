"""A disk that fails on purpose, under the very SQLite that Python uses.

SQLite reaches files through a table of functions, its VFS. This one hands every call to the usual VFS, but can make
writes and syncs fail; and it remembers what each file held when it was last synced, which is all that a loss of power
must leave. The structures are those of `sqlite3.h` (https://sqlite.org/c3ref/vfs.html).
"""

from __future__ import annotations

import _sqlite3
import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

_SECTOR = 512
_FULL = 13
_SYNC_FAILED = 10 | (4 << 8)
_OK = 0

_WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _Methods(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("close_and_read", ctypes.c_void_p * 2),
        ("write", _WRITE),
        ("truncate", ctypes.c_void_p),
        ("sync", _SYNC),
        ("others", ctypes.c_void_p * 13),
    )


class _File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", _OPEN),
        ("others", ctypes.c_void_p * 15),
    )


class FaultyDisk:
    """Fails what it is told to, and knows what a loss of power would leave of the files under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, Path] = {}
        self._synced: dict[Path, bytes] = {}
        self._kept: list[Any] = []  # SQLite holds on to what is made here; the garbage collector must not have it
        self.is_full = False
        self.syncs_fail = False
        self.operations = 0
        self.failing_operation: int | None = None
        """The one write or sync, counted from 1, that fails."""

    def after_death(self, journal: Path, into: Path) -> Path:
        """Copies a journal as its process would leave it that dies now: all that was written, synced or not."""
        into.mkdir()
        for path, synced in self._synced_of(journal).items():
            self._synced[into / path.name] = synced
            (into / path.name).write_bytes(path.read_bytes())
        return into / journal.name

    def after_power_loss(self, journal: Path, into: Path, random: Random | None = None) -> Path:
        """Copies a journal as a loss of power may leave it now.

        Without `random` nothing is left that was not synced; with it each sector is as synced or as written since.
        """
        into.mkdir()
        for path, synced in self._synced_of(journal).items():
            left = synced if random is None else _either(synced, path.read_bytes(), random)
            (into / path.name).write_bytes(left)
        return into / journal.name

    def _synced_of(self, journal: Path) -> dict[Path, bytes]:
        return {path: held for path, held in self._synced.items() if path.parent == journal.parent and path.exists()}

    @contextmanager
    def installed(self) -> Iterator[FaultyDisk]:
        """Makes all connections that are opened inside go through this disk."""
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        usual = library.sqlite3_vfs_find(None)
        ours = _Vfs.from_buffer_copy(usual.contents)
        ours.name, ours.open = b"faulty", self._opening(usual.contents.open)
        self._kept.append(ours)
        library.sqlite3_vfs_register(ctypes.byref(ours), 1)
        try:
            yield self
        finally:
            library.sqlite3_vfs_unregister(ctypes.byref(ours))
            library.sqlite3_vfs_register(usual, 1)

    def _opening(self, usual: Any) -> Any:
        def open_file(vfs: int, name: int | None, file: int, flags: int, out_flags: int | None) -> int:
            answer: int = usual(vfs, name, file, flags, out_flags)
            path = Path(ctypes.string_at(name).decode()) if name else None
            if answer == _OK and path is not None and self._folder in path.parents:
                self._open[file] = path
                self._watch(_File.from_address(file))
            return answer

        self._kept.append(callback := _OPEN(open_file))
        return callback

    def _watch(self, file: _File) -> None:
        usual = file.methods.contents
        watched = _Methods.from_buffer_copy(usual)
        watched.write, watched.sync = _WRITE(self._writing(usual.write)), _SYNC(self._syncing(usual.sync))
        self._kept.append(watched)
        file.methods = ctypes.pointer(watched)

    def _writing(self, usual: Any) -> Any:
        def write(file: int, data: int, size: int, offset: int) -> int:
            return _FULL if self._fails() or self.is_full else usual(file, data, size, offset)

        return write

    def _syncing(self, usual: Any) -> Any:
        def sync(file: int, flags: int) -> int:
            if self._fails() or self.syncs_fail:
                return _SYNC_FAILED
            answer: int = usual(file, flags)
            if answer == _OK:
                self._synced[self._open[file]] = self._open[file].read_bytes()
            return answer

        return sync

    def _fails(self) -> bool:
        self.operations += 1
        return self.operations == self.failing_operation


def _either(synced: bytes, written: bytes, random: Random) -> bytes:
    sectors = range(0, max(len(synced), len(written)), _SECTOR)
    versions = ((synced[at : at + _SECTOR], written[at : at + _SECTOR]) for at in sectors)
    return b"".join(random.choice(version).ljust(_SECTOR, b"\0") for version in versions)
