from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.postgres import postgres_database
from tests.quiet import silent_logs
from tests.server.kit import Served, served

__all__ = ["postgres_database", "silent_logs"]


@pytest.fixture(scope="module")
async def serving(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server with the sample capability, for whoever sits at this machine; one for all tests of a file."""
    async with served(tmp_path_factory.mktemp("data")) as running:
        yield running
