from __future__ import annotations

import subprocess
import sys

import pytest

ASK = """
import sys
from aevatar.cli import main
sys.argv = ["aevatar", *{arguments!r}, "--help"]
try:
    main()
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""
EXPENSIVE = {"aevatar.agents", "aevatar.platform", "aevatar.server", "fastapi", "httpx2", "openai", "pydantic_ai"}


@pytest.mark.parametrize("arguments", [[], ["serve"], ["chat"], ["models"], ["journal", "verify"]], ids=" ".join)
def test_asking_for_help_costs_nothing(arguments: list[str]) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASK.format(arguments=arguments)], capture_output=True, text=True, check=True
    )
    assert "--help" in asked.stdout
    assert EXPENSIVE & set(asked.stderr.split()) == set()
