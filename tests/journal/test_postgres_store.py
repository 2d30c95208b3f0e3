"""What PostgreSQL does its own way: the schema, attributes as one sortable text, copies, and values it cannot hold."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aevatar.errors import Misassembled
from aevatar.journal.postgres import PostgresJournal
from aevatar.journal.postgres.documents import decoded, encoded
from aevatar.journal.records import Document, DocumentQuery, DocumentWrite, Mail, Verdict
from aevatar.testing.journal_conformance.examples import ANN, BEN, NOW, decided, everything, full, mail, turn
from aevatar.testing.journal_conformance.harness import opened
from tests.postgres import *  # noqa: F403 - fixtures
from tests.postgres import PostgresJournals

NUMBERS = st.integers(-(2**63), 2**64 - 1)
WORDS = st.text(st.characters(codec="utf-8"))


# Schema


async def test_processes_that_start_at_once_make_one_schema(postgres: PostgresJournals) -> None:
    journals = [postgres.handle() for _ in range(4)]
    await asyncio.gather(*(journal.open() for journal in journals))
    for journal in journals:
        await journal.close()
    async with postgres.connected() as connection:
        rows = await connection.fetch("select number, code_from from migrations")
        assert [tuple(row) for row in rows] == [(1, 1), (2, 1)]


async def test_a_schema_that_went_on_but_admits_this_code_is_used_as_it_is(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as journal:
        await journal.commit([turn(ANN, 1)])
    async with postgres.connected() as connection:
        await connection.execute("insert into migrations values (3, 1)")
        await connection.execute("alter table turns add column later text not null default ''")
    async with opened(postgres.handle()) as journal:
        assert await journal.commit([turn(ANN, 2)]) == [Verdict.COMMITTED]
        assert (await journal.info()).schema == 3


async def test_a_refused_schema_is_not_touched(postgres: PostgresJournals) -> None:
    async with postgres.connected() as connection:
        await connection.execute(f"create schema {postgres.schema}")
        await connection.execute("create table migrations (number integer, code_from integer)")
    await postgres.outdate_the_code()
    with pytest.raises(Misassembled, match="Upgrade aevatar"):
        await postgres.handle().open()
    async with postgres.connected() as connection:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = $1", postgres.schema)
        assert [row["tablename"] for row in tables] == ["migrations"]


@pytest.mark.parametrize("name", ["", "Upper", "a-b", "1a", "a" * 49, "a;b"])
def test_a_schema_needs_a_plain_name(name: str) -> None:
    with pytest.raises(Misassembled):
        PostgresJournal("postgresql://localhost/x", schema=name)


async def test_two_schemas_of_one_database_know_nothing_of_each_other(postgres_database: str) -> None:
    one, other = PostgresJournals(postgres_database), PostgresJournals(postgres_database)
    async with opened(one.handle()) as journal, opened(other.handle()) as empty:
        before = await everything(empty)
        assert await journal.commit([full(ANN, 1, "c1")]) == [Verdict.COMMITTED]
        assert await everything(empty) == before


async def test_whoever_shows_the_location_shows_no_password(postgres_database: str) -> None:
    url = postgres_database.replace("postgresql://postgres", "postgresql://postgres:hidden", 1).replace(":@", "@", 1)
    journal = PostgresJournal(url)
    async with opened(journal):
        assert "hidden" not in (await journal.info()).location


async def test_a_pooler_is_served_without_prepared_statements(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle(statement_cache_size=0)) as journal:
        assert await journal.commit([full(ANN, 1, "c1")]) == [Verdict.COMMITTED]
        assert await journal.commit([full(ANN, 1, "c1")]) == [Verdict.COMMITTED]
        assert [entry.actor for entry in await journal.feed()] == [ANN]


# Batches


async def test_a_conflict_in_the_middle_of_a_large_batch_harms_nobody(postgres: PostgresJournals) -> None:
    actors = [f"demo.counter/alpha/{number:04}" for number in range(1200)]
    async with opened(postgres.handle()) as journal:
        await journal.commit([decided(actors[600], 1, "c1")])
        batch = [decided(actor, version, f"c{version}") for version in (1, 2) for actor in actors]
        batch[600].body = b"another turn under the same number"
        verdicts = await journal.commit(batch)
        refused = {place: verdict for place, verdict in enumerate(verdicts) if verdict is not Verdict.COMMITTED}
        assert refused == {600: Verdict.REPEATED, 1800: Verdict.CONFLICT}
        assert (await journal.info()).counts["turns"] == 2 * 1199 + 1


@pytest.mark.parametrize("command_id", ["a\0b", "".join(map(chr, range(0x4E00, 0x5A00)))])
async def test_an_id_that_postgres_cannot_hold_harms_no_neighbour(postgres: PostgresJournals, command_id: str) -> None:
    async with opened(postgres.handle()) as journal:
        batch = [decided(ANN, 1, command_id), decided(BEN, 1, "c1")]
        assert await journal.commit(batch) == [Verdict.CONFLICT, Verdict.COMMITTED]
        assert await journal.actors() == [BEN]


async def test_mail_keeps_its_order_over_all_ways_of_sending_it(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as journal:
        await journal.accept([mail("z", ANN), mail("a", BEN)])
        await journal.commit([turn(ANN, 1, mail=[mail("y", BEN), mail("b", ANN)]), turn(BEN, 1, mail=[mail("x", ANN)])])
        await journal.accept([mail("c", ANN)])
        letters = await journal.mail()
        assert [letter.id for letter in letters] == ["z", "a", "y", "b", "x", "c"]
        first: Mail = letters[0]
        assert await journal.mail(after=first.position) == letters[1:]


# Documents


@given(st.lists(NUMBERS | WORDS, max_size=8))
def test_attributes_sort_as_text_the_way_they_sort_as_values(values: list[int | str]) -> None:
    by_value = sorted(
        values, key=lambda value: (isinstance(value, str), 0 if isinstance(value, str) else value, str(value))
    )
    assert [decoded(text) for text in sorted(map(encoded, values))] == by_value


async def test_long_and_odd_attributes_are_stored_and_ordered(postgres: PostgresJournals) -> None:
    long = "x" * 5_000
    values: list[str | int] = [-5, 0, 2**64 - 1, "", "a\0", "a\x01", "a\x01\x01", long + "a", long + "b", "é", "😀"]
    async with opened(postgres.handle()) as journal:
        writes = [
            DocumentWrite("demo.list", "alpha", f"{9 - n}", 1, b"", {"at": value}) for n, value in enumerate(values)
        ]
        await journal.commit([turn(ANN, 1, documents=writes)])
        for descending in (False, True):
            listed: list[tuple[Document, str | int | None]] = []
            while page := await journal.documents(
                DocumentQuery(
                    "demo.list",
                    "alpha",
                    order="at",
                    descending=descending,
                    after=(listed[-1][1], listed[-1][0].key) if listed else None,
                    limit=2,
                )
            ):
                listed += page
            assert [value for _, value in listed] == (values[::-1] if descending else values)
        (found,) = await journal.documents(DocumentQuery("demo.list", "alpha", where={"at": long + "b"}))
        assert found == (Document("demo.list", "alpha", found[0].key, 1, NOW, b""), None)


async def test_attributes_that_are_no_longer_named_are_gone(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as journal:
        for version, index in ((1, {"a": 1, "b": 2}), (2, {"b": 3}), (3, None)):
            write = DocumentWrite("demo.list", "alpha", "k", version, b"", index)
            await journal.commit([turn(ANN, version, documents=[write])])
        assert await journal.documents(DocumentQuery("demo.list", "alpha", where={"a": 1})) == []
        assert await journal.documents(DocumentQuery("demo.list", "alpha", where={"b": 2})) == []
        assert len(await journal.documents(DocumentQuery("demo.list", "alpha", where={"b": 3}))) == 1


# Copies and checks


async def test_a_copy_is_not_restored_over_a_journal(postgres: PostgresJournals, tmp_path: Path) -> None:
    async with opened(postgres.handle()) as journal:
        await journal.commit([full(ANN, 1, "c1")])
        await journal.backup(tmp_path / "copy")
        before = await everything(journal)
        with pytest.raises(Misassembled, match="has a journal already"):
            await postgres.handle().restore(tmp_path / "copy")
        assert await everything(journal) == before


async def test_a_backup_that_fails_leaves_no_file(postgres: PostgresJournals, tmp_path: Path) -> None:
    async with opened(postgres.handle()) as journal, postgres.connected() as connection:
        await connection.execute("drop table dead_letters")
        with pytest.raises(Exception, match="dead_letters"):
            await journal.backup(tmp_path / "copy")
        assert _files(tmp_path) == []


async def test_a_restored_journal_is_checked_clean_and_goes_on(postgres: PostgresJournals, tmp_path: Path) -> None:
    async with opened(postgres.handle()) as journal:
        await journal.commit([full(ANN, 1, "c1")])
        await journal.backup(tmp_path / "copy")
    async with opened(await postgres.restored(tmp_path / "copy")) as copy:
        assert await copy.check() == []
        assert await copy.commit([full(ANN, 2, "c2", number=2)]) == [Verdict.COMMITTED]


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("delete from actors; delete from snapshots", f"{ANN}: its log has no head"),
        ("update actors set version = 9", f"{ANN}: the head says version 9, the log ends at 2 and has 2 rows"),
        ("delete from turns where version = 1", f"{ANN}: the head says version 2, the log ends at 2 and has 1 rows"),
        ("delete from sessions", f"{ANN}: session 's' has event 1, past its last number"),
        ("delete from documents", f"size of demo.documents, '{ANN}-1': an attribute without a document"),
        ("update snapshots set version = 7", f"{ANN}: the snapshot is of version 7, past the head"),
    ],
)
async def test_damage_is_found(postgres: PostgresJournals, damage: str, finding: str) -> None:
    async with opened(postgres.handle()) as journal, postgres.connected() as connection:
        await journal.commit([full(ANN, 1, "c1"), turn(ANN, 2, snapshot=b"state")])
        await connection.execute(damage)
        assert await journal.check() == [finding]


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())
