"""Runs play in virtual time, and what they log about their troubles is of no interest."""

from __future__ import annotations

from typing import Any

import pytest

from aevatar.testing import VIRTUAL_TIME
from tests.quiet import silent_logs


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL_TIME


__all__ = ["silent_logs"]
