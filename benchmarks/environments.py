"""The peers: each in a virtual environment of its own, because their pins collide, and run as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.running import ROOT

PROGRAMS = ROOT / "benchmarks" / "peer"
ENVIRONMENTS = ROOT / ".venv-peers"
INSTALLED_WITHIN = 600.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A library that offers something comparable, in the exact version that is measured."""

    name: str
    program: str
    requirements: tuple[str, ...]


EVENTSOURCING = Peer("eventsourcing", "on_eventsourcing.py", ("eventsourcing==9.5.6",))
LANGGRAPH = Peer("langgraph", "on_langgraph.py", ("langgraph==1.2.22", "langgraph-checkpoint-sqlite==3.1.2"))
DBOS = Peer("dbos", "on_dbos.py", ("dbos==3.4.0",))
PYKKA = Peer("pykka", "on_pykka.py", ("pykka==4.5.0",))
XOSCAR = Peer("xoscar", "on_xoscar.py", ("xoscar==0.12.2",))
AUTOGEN = Peer("autogen-core", "on_autogen.py", ("autogen-core==0.7.5",))
OPENAI_AGENTS = Peer("openai-agents", "on_openai_agents.py", ("openai-agents==0.24.0",))
PYDANTIC_AI = Peer("pydantic-ai", "on_pydantic_ai.py", ("pydantic-ai-slim==2.68.0",))
GOOGLE_ADK = Peer("google-adk", "on_google_adk.py", ("google-adk==2.13.0",))


class NotThere(Exception):
    """The peer cannot be measured here; says why."""


class Program:
    """A running peer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def rate(self, work: str, amount: int) -> float:
        """How much of a work it does in a second. Raises: NotThere when the program has ended."""
        if self._process.stdin is None or self._process.stdout is None:
            raise NotThere("it has no input or output")
        try:
            print(work, amount, file=self._process.stdin, flush=True)
            while line := self._process.stdout.readline():
                if line.startswith("{"):
                    return float(json.loads(line)["rate"])
        except BrokenPipeError:
            pass
        raise NotThere("its program ended early")


@contextmanager
def running(peer: Peer, folder: Path, *, may_install: bool) -> Iterator[Program]:
    """The peer's program, with a database of its own in `folder`. Raises: NotThere when it cannot be had."""
    python = _python(peer, may_install=may_install)
    command = [str(python), str(PROGRAMS / peer.program), str(folder / f"{peer.name}.db")]
    with (
        (folder / f"{peer.name}.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8"
        ) as process,
    ):
        try:
            yield Program(process)
        finally:
            process.kill()


def _python(peer: Peer, *, may_install: bool) -> Path:
    folder = ENVIRONMENTS / peer.name
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp = folder / "installed.txt"
    wanted = "\n".join(peer.requirements)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    if not may_install:
        raise NotThere("it is not installed, and a quick run installs nothing; `make bench` does")
    try:
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.requirements)
    except (subprocess.SubprocessError, OSError) as failed:
        raise NotThere(f"it could not be installed ({type(failed).__name__})") from failed
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=INSTALLED_WITHIN)
