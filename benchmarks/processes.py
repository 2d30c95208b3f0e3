"""Programs of ours that are measured from outside: each a process of its own, so that it can be killed, or timed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

from benchmarks.running import ROOT

GIVEN_UP_AFTER = 60.0
"""Seconds."""


def program(module: str, *arguments: object) -> subprocess.Popen[str]:
    """Starts `python -m benchmarks.<module>`."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )


def told(process: subprocess.Popen[str]) -> Any:
    """Waits for the next thing the process says, and no longer than it can reasonably take."""
    watch = threading.Timer(GIVEN_UP_AFTER, process.kill)
    watch.start()
    line = "" if process.stdout is None else process.stdout.readline()
    watch.cancel()
    if not line:
        raise RuntimeError(f"{process.args} ended, or was ended, before it was done")
    return json.loads(line)


def killed(process: subprocess.Popen[str]) -> None:
    """Kills the process as soon as it says that it is ready for that."""
    with process:
        told(process)
        process.kill()
