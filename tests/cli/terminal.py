"""A person at a terminal: a command that believes to have one, what it shows, and what is typed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.kit import command, environment

PATIENCE = 20.0


class Terminal:
    """One command at a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], line: int) -> None:
        self.process = process
        self.shown = ""
        self._line = line

    def wait_for(self, text: str) -> None:
        """Returns once the terminal has shown `text`."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            assert time.monotonic() < until, self.shown
            assert self._read(until - time.monotonic()), self.shown

    def type(self, text: str) -> None:
        os.write(self._line, text.encode())

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        """The exit code, once everything has been shown."""
        while self._read(PATIENCE):
            pass
        return self.process.wait(PATIENCE)

    def _read(self, timeout: float) -> bool:
        if not select.select([self._line], [], [], timeout)[0]:
            return False
        try:
            piece = os.read(self._line, 65536)
        except OSError:  # Linux's way to say that nobody holds the other end any more
            return False
        self.shown += piece.decode().replace("\r\n", "\n")
        return bool(piece)


@contextmanager
def at_a_terminal(folder: Path, *arguments: str) -> Iterator[Terminal]:
    """Runs a command at a terminal, until the block ends."""
    line, end = os.openpty()
    process = subprocess.Popen(
        command(*arguments), cwd=folder, env=environment(os.environ), stdin=end, stdout=end, stderr=end
    )
    os.close(end)
    try:
        yield Terminal(process, line)
    finally:
        process.kill()
        process.wait()
        os.close(line)
