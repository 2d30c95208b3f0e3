"""The lock that keeps a second process from writing to the same journal, and tells it who was first.

The operating system holds it, so it ends with the process, however that ends. It locks out other journals only: whoever
opens the file with other tools has SQLite's own locks.
"""

from __future__ import annotations

import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from aevatar.errors import InUse


class FileLock:
    """Held from `acquire` to `release`; the file beside the journal names the holder."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Raises: InUse, with a sentence that names the holder; OSError where no lock can be had."""
        file = self._journal.with_name(f"{self._journal.name}-lock").open("a+", encoding="utf-8")
        file.seek(0)
        if not _lock(file):
            holder = file.read().strip() or "a process that did not say its name"
            file.close()
            raise InUse(f"the journal {str(self._journal)!r} is open already in {holder}, and only one may write")
        file.truncate()
        since = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Lets the next one in. The file stays: removing it would let two in that opened it before and after."""
        if self._file is not None:
            self._file.close()
            self._file = None


# By platform and not by what can be imported, because only this is understood by the type checker.
if sys.platform == "win32":
    import msvcrt

    _FAR_BEYOND_THE_TEXT = 1 << 30  # a locked byte cannot be read, and the text has to be

    def _lock(file: IO[str]) -> bool:
        file.seek(_FAR_BEYOND_THE_TEXT)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        # flock belongs to the opened file: unlike lockf it also keeps out a second journal in the same process.
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
