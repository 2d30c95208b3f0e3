"""Whatever the disk does, the journal in a SQLite file acknowledges what is durable and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from aevatar.errors import Unavailable
from aevatar.journal.records import TurnRecord, Verdict
from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing.journal_conformance.examples import ANN, BEN, NOW, decided, everything, full
from aevatar.testing.journal_conformance.harness import opened
from tests.journal.sqlite_disk import FaultyDisk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FaultyDisk]:
    with FaultyDisk(tmp_path).installed() as disk:
        yield disk


def batches(count: int, *, body: bytes = b"body") -> list[list[TurnRecord]]:
    return [[decided(actor, n, f"c{n}", body=body) for actor in (ANN, BEN)] for n in range(1, count + 1)]


async def committed(journal: SqliteJournal, batch: list[TurnRecord]) -> int:
    """Sends a batch until it has verdicts, as the runtime does; answers how often it was told to try again."""
    refusals = 0
    while True:
        try:
            assert await journal.commit(batch) == [Verdict.COMMITTED] * len(batch)
            return refusals
        except Unavailable:
            refusals += 1


async def log(journal: SqliteJournal) -> list[tuple[str, int]]:
    return [(entry.actor, entry.version) for entry in await journal.feed()]


@pytest.mark.parametrize("failure", ["is_full", "syncs_fail"])
async def test_while_the_disk_fails_nothing_is_stored_and_all_is_read(
    disk: FaultyDisk, tmp_path: Path, failure: str
) -> None:
    async with opened(SqliteJournal(tmp_path / "journal.db")) as journal:
        await journal.commit([full(ANN, 1, "c1")])
        before = await everything(journal)
        setattr(disk, failure, True)
        for _ in range(2):
            with pytest.raises(Unavailable, match="the journal cannot be written"):
                await journal.commit([full(BEN, 1, "c1")])
        with pytest.raises(Unavailable):
            await journal.sweep(NOW + 1)
        assert await everything(journal) == before


@pytest.mark.parametrize("failure", ["is_full", "syncs_fail"])
async def test_the_same_batch_is_stored_once_when_the_disk_works_again(
    disk: FaultyDisk, tmp_path: Path, failure: str
) -> None:
    async with opened(SqliteJournal(tmp_path / "journal.db")) as journal:
        setattr(disk, failure, True)
        with pytest.raises(Unavailable):
            await journal.commit([full(ANN, 1, "c1"), full(BEN, 1, "c1")])
        setattr(disk, failure, False)
        assert await journal.commit([full(ANN, 1, "c1"), full(BEN, 1, "c1")]) == [Verdict.COMMITTED] * 2
        assert await log(journal) == [(ANN, 1), (BEN, 1)]
        assert await journal.check() == []


async def test_no_single_write_or_sync_that_fails_loses_or_doubles_a_turn(disk: FaultyDisk, tmp_path: Path) -> None:
    failed, refusals = 0, 1
    while refusals:
        failed += 1
        path = tmp_path / str(failed) / "journal.db"
        async with opened(SqliteJournal(path)) as journal:
            disk.failing_operation = disk.operations + failed
            refusals = sum([await committed(journal, batch) for batch in batches(3)])
            after_power_loss = disk.after_power_loss(path, tmp_path / f"{failed} later")
        for left in (path, after_power_loss):
            async with opened(SqliteJournal(left)) as journal:
                assert await log(journal) == [(actor, n) for n in (1, 2, 3) for actor in (ANN, BEN)]
                assert await journal.check() == []
    assert failed > 20  # each of these was a write or sync on the way to a commit


@pytest.mark.parametrize("seed", range(2))
async def test_what_was_acknowledged_survives_a_loss_of_power(disk: FaultyDisk, tmp_path: Path, seed: int) -> None:
    """Twenty megabytes, so that the log is written back into the file on the way."""
    random = Random(seed)
    path = tmp_path / "journal.db"
    acknowledged: dict[Path, int] = {}
    async with opened(SqliteJournal(path)) as journal:
        for number, batch in enumerate(batches(40, body=random.randbytes(300_000)), start=1):
            await journal.commit(batch)
            if random.random() < 0.15:
                acknowledged[disk.after_power_loss(path, tmp_path / f"after {number}", random)] = number
    for left, number in acknowledged.items():
        async with opened(SqliteJournal(left)) as journal:
            assert await log(journal) == [(actor, n) for n in range(1, number + 1) for actor in (ANN, BEN)]
            assert await journal.check() == []


async def test_what_a_process_could_not_sync_is_synced_before_the_next_one_tells_of_it(
    disk: FaultyDisk, tmp_path: Path
) -> None:
    path = tmp_path / "journal.db"
    async with opened(SqliteJournal(path)) as journal:
        await journal.commit([full(ANN, 1, "c1")])
        disk.syncs_fail = True
        with pytest.raises(Unavailable):
            await journal.commit([full(BEN, 1, "c1")])
        after_death = disk.after_death(path, tmp_path / "dead")
        disk.syncs_fail = False
    async with opened(SqliteJournal(after_death)) as journal:
        told = await log(journal)
        after_power_loss = disk.after_power_loss(after_death, tmp_path / "cold")
    assert (ANN, 1) in told
    async with opened(SqliteJournal(after_power_loss)) as journal:
        assert await log(journal) == told
