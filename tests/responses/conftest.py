from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.quiet import silent_logs
from tests.responses.kit import World, serving

__all__ = ["silent_logs"]


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The platform with nothing configured; one for all tests of a file."""
    async with serving(tmp_path_factory.mktemp("data")) as running:
        yield running
