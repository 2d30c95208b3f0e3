"""Compacting gives space back, hinders nobody for good, and loses nothing when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from aevatar.errors import Unavailable
from aevatar.journal.records import Checkpoint, DocumentWrite, Verdict
from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing.journal_conformance.examples import ANN, BEN, everything, full, turn
from aevatar.testing.journal_conformance.harness import opened
from tests.journal.sqlite_disk import FaultyDisk
from tests.postgres import *  # noqa: F403 - fixtures
from tests.postgres import PostgresJournals


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FaultyDisk]:
    with FaultyDisk(tmp_path).installed() as disk:
        yield disk


async def test_the_file_gives_back_what_was_erased(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    async with opened(SqliteJournal(path)) as journal:
        await journal.commit([turn(ANN, version, body=bytes(100_000)) for version in range(1, 51)])
        await journal.erase(ANN)
        await journal.compact()
        assert (await journal.info()).size < 500_000
        assert path.with_name("journal.db-wal").stat().st_size == 0


async def test_turns_are_stored_while_the_file_is_compacted(tmp_path: Path) -> None:
    async with opened(SqliteJournal(tmp_path / "journal.db")) as journal:
        await journal.commit([turn(ANN, version, body=bytes(10_000)) for version in range(1, 101)])
        verdicts: list[Verdict] = []

        async def commit() -> None:
            for version in range(1, 51):
                verdicts.extend(await journal.commit([turn(BEN, version)]))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(commit)
            for _ in range(5):
                await journal.compact()
        assert (verdicts, await journal.check()) == ([Verdict.COMMITTED] * 50, [])
        assert len(await journal.feed()) == 150


@pytest.mark.parametrize("failure", ["is_full", "syncs_fail"])
async def test_a_compaction_that_fails_leaves_everything_as_it_was(
    disk: FaultyDisk, tmp_path: Path, failure: str
) -> None:
    async with opened(SqliteJournal(tmp_path / "journal.db")) as journal:
        await journal.commit([full(ANN, 1, "c1")])
        before = await everything(journal)
        setattr(disk, failure, True)
        with pytest.raises(Unavailable, match="the journal cannot be written"):
            await journal.compact()
        setattr(disk, failure, False)
        assert await everything(journal) == before
        assert await journal.commit([full(BEN, 1, "c1")]) == [Verdict.COMMITTED]
        assert await journal.check() == []


async def test_postgres_keeps_serving_while_its_tables_are_vacuumed(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as journal:
        await journal.commit([turn(ANN, version, body=bytes(10_000)) for version in range(1, 101)])
        await journal.erase(ANN)
        _, verdicts = await asyncio.gather(journal.compact(), journal.commit([turn(BEN, 1)]))
        assert verdicts == [Verdict.COMMITTED]


async def test_a_projector_that_begins_anew_while_it_stores_keeps_nothing_of_before(
    postgres: PostgresJournals,
) -> None:
    write = DocumentWrite("demo.documents", "alpha", "k", 6, b"late")
    async with opened(postgres.handle()) as journal:
        for _ in range(20):
            await journal.project("p", Checkpoint(5), [], after=0)
            late = [journal.project("p", Checkpoint(6), [write], after=5), journal.restart_projector("p", [write.name])]
            await asyncio.gather(*late)
            assert await journal.checkpoint("p") == Checkpoint(0)
            assert await journal.document("demo.documents", "alpha", "k") is None
