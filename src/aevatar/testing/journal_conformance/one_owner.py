"""For adapters whose store one process may open at a time."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

import pytest

from aevatar.errors import Misassembled
from aevatar.journal.port import Journal
from aevatar.journal.records import Verdict
from aevatar.testing.journal_conformance.examples import ANN, turn
from aevatar.testing.journal_conformance.harness import Journals, opened


async def test_a_second_owner_is_refused_and_the_first_goes_on(journal: Journal, journals: Journals) -> None:
    second = journals.handle()
    with pytest.raises(Misassembled):
        await second.open()
    await second.close()
    assert await journal.commit([turn(ANN, 1)]) == [Verdict.COMMITTED]


async def test_a_second_owner_is_welcome_once_the_first_has_closed(journal: Journal, journals: Journals) -> None:
    await journal.commit([turn(ANN, 1)])
    await journal.close()
    async with opened(journals.handle()) as second:
        assert await second.commit([turn(ANN, 2)]) == [Verdict.COMMITTED]
