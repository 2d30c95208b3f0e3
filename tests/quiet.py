"""Thousands of processes die in some tests on purpose; what each of them logs about it is of no interest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
import structlog


def dropped(*_: Any) -> NoReturn:
    raise structlog.DropEvent


@pytest.fixture(autouse=True)
def silent_logs() -> Iterator[None]:
    structlog.configure(processors=[dropped], cache_logger_on_first_use=False)
    yield
    structlog.reset_defaults()
