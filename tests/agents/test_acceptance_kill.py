"""What is promised of `kill -9`: the next process over the same file brings the run to the end its row says."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ENDING = ["message: Hello.", "step 1 done", "ended: completed"]
SECOND = ["step 1 done", "step 2", "message: Hello.", "step 2 done", "ended: completed"]
ASKED = ["run opened", "step 1", 'call pay: {"text": "x"}', 'may pay {"text": "x"}? (approval)', "suspended"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def victim(folder: Path, phase: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.agents.victim", str(folder), phase], stdout=subprocess.PIPE, text=True
    )


def killed_in(folder: Path, phase: str) -> None:
    process = victim(folder, phase)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()


def brought_to_its_end(folder: Path, phase: str) -> dict[str, Any]:
    process = victim(folder, phase)
    output, _ = process.communicate(timeout=50)
    told: dict[str, Any] = json.loads(output)
    return told


BEGINNING = ["run opened", "step 1"]
STORIES = {
    "calling": [*BEGINNING, "given up message: Once upon", "restarted: process_restarted", *ENDING],
    "reading": [*BEGINNING, 'call read: {"text": "x"}', 'result of read: {"text":"done"}', *SECOND],
    "writing": [
        *BEGINNING,
        'call write_once: {"text": "x"}',
        "result of write_once: tool_outcome_unknown",
        *SECOND,
    ],
    "suspended": [*ASKED, "decided: approve", "resumed", 'result of pay: {"text":"done"}', *SECOND],
    "delivering": [*BEGINNING, *ENDING],
}
DEEDS = {"calling": 0, "reading": 2, "writing": 1, "suspended": 1, "delivering": 2}


@pytest.mark.parametrize("phase", STORIES)
def test_a_killed_process_is_followed_by_the_end_its_row_says(tmp_path: Path, phase: str) -> None:
    killed_in(tmp_path, phase)
    told = brought_to_its_end(tmp_path, phase)
    assert told["story"] == STORIES[phase]
    assert len(told["deeds"]) == DEEDS[phase]
    assert len(set(told["deeds"])) <= 1  # repeated, if at all, under the same effect id
