"""Makes the shipped conformance suite report as if it stood here, and runs it on asyncio."""

import pytest

pytest.register_assert_rewrite("aevatar.testing.journal_conformance")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
