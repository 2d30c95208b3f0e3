"""The benchmarks run and say what they promise to say. How fast anything is, is never a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import Goal

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_quick_run_prints_one_object_a_measure_and_writes_them_all(tmp_path: Path) -> None:
    written = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", "--only", "turns.single", "--output", written]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
    (figure,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(figure)[:7] == ["name", "value", "unit", "beside", "ratio", "goal", "met"]
    assert (figure["name"], figure["unit"], figure["goal"]) == ("turns.single", "us p50", "<= 1.5 x")
    assert json.loads(written.read_text(encoding="utf-8")) == [figure]


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal(">=", 0.5), True),
        (Goal(">=", 0.6), False),
        (Goal("<=", 0.5), True),
        (Goal("<=", 10, of="value"), True),
        (Goal("<=", 9, of="value"), False),
    ],
)
def test_a_goal_holds_the_ratio_or_the_value(goal: Goal, met: bool) -> None:
    assert goal.is_met(value=10.0, ratio=0.5) is met


def test_a_goal_without_its_ratio_is_neither_met_nor_missed() -> None:
    assert Goal(">=", 1).is_met(value=10.0, ratio=None) is None
