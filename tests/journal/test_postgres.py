"""PostgreSQL keeps the port as one of several owners."""

from __future__ import annotations

import pytest

from aevatar.testing.journal_conformance import *  # noqa: F403 - pytest collects the suite from here
from aevatar.testing.journal_conformance.several_owners import *  # noqa: F403 - likewise
from tests.postgres import *  # noqa: F403 - fixtures
from tests.postgres import PostgresJournals


@pytest.fixture
def journals(postgres: PostgresJournals) -> PostgresJournals:
    return postgres
