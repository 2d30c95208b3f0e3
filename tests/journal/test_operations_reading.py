"""A SQLite journal that is opened for reading only: beside its owner, and without a trace."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aevatar.errors import Misassembled, Unavailable
from aevatar.journal.records import Verdict
from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing.journal_conformance.examples import ANN, decided, everything, full
from aevatar.testing.journal_conformance.harness import opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def test_it_is_read_beside_its_owner_who_goes_on(path: Path) -> None:
    async with opened(SqliteJournal(path)) as owner:
        await owner.commit([full(ANN, 1, "c1")])
        reading = SqliteJournal(path, read_only=True)
        await reading.open()
        assert (await reading.info(), await reading.history(ANN)) == (await owner.info(), await owner.history(ANN))
        assert await owner.commit([decided(ANN, 2, "c2")]) == [Verdict.COMMITTED]
        assert [entry.version for entry in await reading.feed()] == [1, 2]
        await reading.backup(path.with_name("copy.db"))
        await reading.close()
        before = await everything(owner)
        assert await owner.check() == []
    async with opened(SqliteJournal(path.with_name("copy.db"))) as copy:
        assert await everything(copy) == before


async def test_nothing_can_be_changed_over_it(path: Path) -> None:
    async with opened(SqliteJournal(path)) as owner:
        await owner.commit([full(ANN, 1, "c1")])
    async with opened(SqliteJournal(path, read_only=True)) as reading:
        for change in (reading.commit([full(ANN, 1, "c1")]), reading.sweep(0), reading.compact(), reading.erase(ANN)):
            with pytest.raises(Unavailable) as refused:
                await change
            assert refused.value.code == "journal_read_only"
        assert [entry.version for entry in await reading.history(ANN)] == [1]


async def test_several_may_read_and_its_owner_may_come(path: Path) -> None:
    async with opened(SqliteJournal(path)) as owner:
        await owner.commit([full(ANN, 1, "c1")])
    readers = [SqliteJournal(path, read_only=True) for _ in range(2)]
    for reader in readers:
        await reader.open()
    async with opened(SqliteJournal(path)) as owner:
        assert await owner.commit([decided(ANN, 2, "c2")]) == [Verdict.COMMITTED]
        assert [len(await reader.history(ANN)) for reader in readers] == [2, 2]
    for reader in readers:
        await reader.close()


@pytest.mark.parametrize("content", [None, b"", b"no journal, but long enough to be taken for a file of some kind" * 9])
def test_what_is_no_journal_is_refused_and_stays_as_it_is(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Misassembled):
        asyncio.run(SqliteJournal(path, read_only=True).open())
    assert (path.read_bytes() if path.exists() else None) == content


async def test_a_journal_of_an_older_schema_is_refused_until_it_was_served(path: Path) -> None:
    async with opened(SqliteJournal(path)):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("delete from migrations where number = (select max(number) from migrations)")
    with pytest.raises(Misassembled, match="serve it once"):
        await SqliteJournal(path, read_only=True).open()
