"""The programs in examples/first_answer do what the tutorial says, against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.kit import Server, aevatar, environment, serving

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "first_answer"
BANNER = "[offline demonstration: no language model is configured]\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served"), env={"AEVATAR_OFFLINE_DELAY_MS": "2"}) as running:
        yield running


def run(source: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", source],
        env=environment(os.environ),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return ended.stdout


def program(name: str, server: Server) -> str:
    return (PROGRAMS / name).read_text(encoding="utf-8").replace("http://127.0.0.1:8080", server.address)


def test_the_model_that_answers_calls_another_agent_as_a_tool(server: Server) -> None:
    told = run(program("ask.py", server))
    assert told.startswith(f"{BANNER}aevatar_invoke_gagent returned: ")
    assert "You said: hi. This is message 1." in told


def test_a_stream_that_was_lost_goes_on_where_it_was(server: Server) -> None:
    assert run(program("resume.py", server)) == BANNER + " ".join(f"word{number}" for number in range(1, 101))


def test_what_the_server_says_one_may_paste_works_as_it_is_pasted(server: Server) -> None:
    curl = next(line for line in server.to_paste.splitlines() if line.startswith("curl "))
    pasted = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, timeout=30, check=True)
    assert "You said: hi. This is message 1." in pasted.stdout
    assert "You said: hi. This is message 1." in run(python(server.to_paste))


def test_with_tokens_what_one_may_paste_takes_one(tmp_path: Path) -> None:
    made = aevatar(tmp_path, "token", "create", "--scope", "alpha", "--subject", "ann", "--data", "data")
    with serving(tmp_path, "--auth", "token") as server:
        told = run(python(server.to_paste).replace("<token>", made.out.strip()))
    assert told == f"{BANNER}You said: Good morning. This is message 1.\n"


def python(told: str) -> str:
    return told[told.index("from openai") :]
