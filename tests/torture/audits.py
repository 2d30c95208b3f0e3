"""Where a test says what it counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

Audit: TypeAlias = Callable[[str], None]


@pytest.fixture
def audit(record_property: Callable[[str, object], None]) -> Audit:
    """Takes a line that is printed in the summary of the run."""
    return lambda line: record_property("audit", line)
