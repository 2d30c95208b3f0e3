"""Who may use the file of a journal, and what stands in it."""

from __future__ import annotations

import hashlib
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from aevatar.errors import Misassembled
from aevatar.journal.records import DocumentWrite, TurnRecord, Verdict
from aevatar.journal.sqlite import SqliteJournal
from aevatar.journal.sqlite.schema import APPLICATION_ID, migrations
from aevatar.testing.journal_conformance.examples import ANN, BEN, decided, everything, full, turn
from aevatar.testing.journal_conformance.harness import opened

HOLDER = """
import asyncio, sys
from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing.journal_conformance.examples import ANN, full

async def hold():
    journal = SqliteJournal(sys.argv[1])
    await journal.open()
    await journal.commit([full(ANN, 1, "c1")])
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold())
"""

RELEASED = {
    "0001_journal": "539407dcc8e4bcc5cb5dd79cde9202d9847f0ffeda0135d4d38e7fad495d6950",
    "0002_index": "280dca8cbee57805f547d0d9ea28516ac1ef9d6edd9439402faddd7aa352ee3b",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@contextmanager
def held_by_a_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "open\n"
            yield holder
        finally:
            holder.kill()


def altered(path: Path, *statements: str) -> bytes:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return content(path)


def written(path: Path, content: bytes) -> bytes:
    path.write_bytes(content)
    return content


def content(path: Path) -> bytes:
    return path.read_bytes()


# One process


async def test_a_second_process_is_told_who_was_first(path: Path) -> None:
    with held_by_a_process(path) as holder:
        name = re.escape(f"open already in process {holder.pid} on {socket.gethostname()} since 20")
        with pytest.raises(Misassembled, match=name):
            await SqliteJournal(path).open()


async def test_a_killed_process_leaves_its_file_to_the_next_with_all_it_acknowledged(path: Path) -> None:
    with held_by_a_process(path) as holder:
        holder.kill()
        holder.wait()
        async with opened(SqliteJournal(path)) as journal:
            assert await journal.commit([full(ANN, 1, "c1"), turn(ANN, 2)]) == [Verdict.COMMITTED] * 2
            assert [entry.version for entry in await journal.feed()] == [1, 2]


# The schema


async def test_a_file_that_needs_later_code_is_named_and_left_alone(path: Path) -> None:
    async with opened(SqliteJournal(path)) as journal:
        await journal.commit([full(ANN, 1, "c1")])
    before = altered(path, "insert into migrations values (8, 'later', '2999-01-01', 7)", "pragma user_version = 8")
    with pytest.raises(Misassembled, match="has schema 8, which needs code that knows schema 7 or later"):
        await SqliteJournal(path).open()
    assert content(path) == before


async def test_a_file_of_a_later_schema_that_this_code_may_use_is_used_as_it_is(path: Path) -> None:
    async with opened(SqliteJournal(path)) as journal:
        await journal.commit([full(ANN, 1, "c1")])
        before = await everything(journal)
    altered(
        path,
        "alter table turns add column priority integer",
        "insert into migrations values (8, 'later', '2999-01-01', 1)",
        "pragma user_version = 8",
    )
    async with opened(SqliteJournal(path)) as journal:
        assert await everything(journal) == before
        assert await journal.commit([turn(ANN, 2)]) == [Verdict.COMMITTED]
        assert (await journal.info()).schema == 8


async def test_the_file_of_another_program_is_left_alone(path: Path) -> None:
    before = altered(path, "create table notes (text)")
    with pytest.raises(Misassembled, match="is a SQLite file, but not a journal"):
        await SqliteJournal(path).open()
    assert content(path) == before


async def test_what_is_no_database_is_left_alone(path: Path) -> None:
    before = written(path, b"dear diary, " * 100)
    with pytest.raises(Misassembled, match="cannot be opened as a journal: file is not a database"):
        await SqliteJournal(path).open()
    assert content(path) == before


async def test_a_file_whose_making_was_cut_short_is_made_anew(path: Path) -> None:
    assert altered(path, "pragma journal_mode = wal") != b""
    async with opened(SqliteJournal(path)) as journal:
        assert await journal.commit([turn(ANN, 1)]) == [Verdict.COMMITTED]


async def test_the_header_of_the_file_says_what_it_is(path: Path) -> None:
    async with opened(SqliteJournal(path)):
        pass
    with closing(sqlite3.connect(path)) as connection:
        marks = [connection.execute(f"pragma {name}").fetchone()[0] for name in ("application_id", "user_version")]
        rows = connection.execute("select number, name, oldest_code from migrations").fetchall()
    assert marks == [APPLICATION_ID, len(RELEASED)]
    assert rows == [(step.number, step.name, step.oldest_code) for step in migrations()]


def test_released_migrations_are_never_edited() -> None:
    """A changed hash means files in the world that no code describes: write the next migration instead."""
    found = {f"{step.number:04}_{step.name}": hashlib.sha256(step.sql.encode()).hexdigest() for step in migrations()}
    assert found == RELEASED


# What it takes and leaves


async def test_a_plain_turn_takes_at_most_four_times_its_events_and_growth_is_linear(path: Path) -> None:
    events, sizes = b"e" * 128, []
    async with opened(SqliteJournal(path)) as journal:
        for start in (1, 2001, 4001):
            for version in range(start, start + 2000, 200):
                await journal.commit([plain(n, events) for n in range(version, version + 200)])
            sizes.append(written_back(path))
    first, second = (later - earlier for earlier, later in pairwise(sizes))
    assert second <= 2000 * 4 * len(events)
    assert second == pytest.approx(first, rel=0.02)


def plain(version: int, events: bytes) -> TurnRecord:
    actor = (ANN, BEN)[version % 2]
    shown = DocumentWrite("demo.documents", "alpha", actor, version, b"total", {"size": version})
    return decided(actor, (version + 1) // 2, f"{version:026}", body=events, documents=[shown])


def written_back(path: Path) -> int:
    return len(altered(path, "pragma wal_checkpoint(truncate)"))


async def test_what_was_erased_is_not_in_the_file_any_more(path: Path) -> None:
    secret = b"what nobody may read again"
    async with opened(SqliteJournal(path)) as journal:
        await journal.commit([full(ANN, 1, "c1"), turn(ANN, 2, body=secret * 500, snapshot=secret)])
        await journal.commit([turn(BEN, 1)])
    assert secret in content(path)
    async with opened(SqliteJournal(path)) as journal:
        await journal.erase(ANN)
    assert secret not in content(path)


async def test_a_folder_that_cannot_be_made_is_named(path: Path) -> None:
    written(path, b"")
    with pytest.raises(Misassembled, match=r"cannot be opened as a journal: .*File exists"):
        await SqliteJournal(path / "journal.db").open()
