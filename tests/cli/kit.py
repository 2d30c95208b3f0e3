"""The command `aevatar` as people run it: in processes of their own, or here where no terminal matters."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import structlog

from aevatar.cli import main


@dataclass(frozen=True)
class Ended:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


class Shell:
    """Runs commands in this process, in a folder of their own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._patch = patch
        self._captured = captured
        patch.chdir(folder)
        for name in environment(os.environ).keys() ^ os.environ.keys():
            patch.delenv(name)

    def __call__(self, *arguments: str, piped: str = "") -> Ended:
        self._patch.setattr(sys, "argv", ["aevatar", *arguments])
        self._patch.setattr(sys, "stdin", io.StringIO(piped))
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            logging.basicConfig(handlers=[logging.NullHandler()], force=True)
            structlog.reset_defaults()
        printed = self._captured.readouterr()
        return Ended(code, printed.out, printed.err)

    def set(self, name: str, value: str) -> None:
        """Sets a variable of the environment."""
        self._patch.setenv(name, value)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "aevatar.cli", *arguments]


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would configure the commands, or enable a provider."""
    return {name: value for name, value in variables.items() if not name.startswith("AEVATAR_") and "_KEY" not in name}


def aevatar(folder: Path, *arguments: str) -> Ended:
    """What a command prints in a process of its own."""
    ended = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    welcome: str
    to_paste: str
    address: str

    def post(self, path: str, body: dict[str, object]) -> httpx2.Response:
        return httpx2.post(f"{self.address}{path}", json=body, timeout=20)


@contextmanager
def serving(folder: Path, *arguments: str, port: int = 0, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server on the data folder `data` below `folder`, killed in the end."""
    process = subprocess.Popen(
        command("serve", "--port", str(port), "--data", "data", *arguments),
        cwd=folder,
        env={**environment(os.environ), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            told = ""
            while not told.endswith(").output_text)\n"):
                line = process.stdout.readline()
                assert line, "the server did not start"
                told += line
            welcome, _, to_paste = told.partition("\n\n")
            yield Server(process, f"{welcome}\n", to_paste, welcome.split("\n", 1)[0].split()[-1])
        finally:
            process.kill()
