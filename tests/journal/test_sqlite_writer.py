"""How the thread that writes deals with many callers, odd ones among them."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from aevatar.journal.memory import MemoryJournal
from aevatar.journal.records import TurnRecord, Verdict
from aevatar.journal.sqlite import SqliteJournal
from aevatar.journal.sqlite.schema import prepare
from aevatar.journal.sqlite.sql import Queries
from aevatar.testing.journal_conformance.examples import ANN, BEN, CLEO, decided, everything, mail, turn
from aevatar.testing.journal_conformance.harness import opened


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    async with opened(SqliteJournal(tmp_path / "journal.db")) as journal:
        yield journal


def odd_batch(random: Random) -> list[TurnRecord]:
    """Three hundred turns of thirty actors, some with a version or a command that is taken."""
    actors = [f"demo.counter/alpha/{n}" for n in range(30)]
    versions = dict.fromkeys(actors, 0)
    batch = []
    for number in range(300):
        actor = random.choice(actors)
        versions[actor] += random.random() > 0.02
        command = number if random.random() > 0.02 else random.randrange(300)
        batch.append(decided(actor, versions[actor], f"c{command}"))
    return batch


@pytest.mark.parametrize("seed", range(8))
async def test_the_refused_among_many_are_found_and_the_rest_is_stored(journal: SqliteJournal, seed: int) -> None:
    batch = odd_batch(Random(seed))
    async with opened(MemoryJournal()) as model:
        assert await journal.commit(batch) == await model.commit(batch)
        assert await journal.feed() == await model.feed()
        assert await journal.commit(batch) == await model.commit(batch)


async def test_what_was_asked_for_at_once_is_answered_to_each(journal: SqliteJournal) -> None:
    answers = await asyncio.gather(
        journal.commit([turn(ANN, 1), turn(BEN, 1)]),
        journal.commit([turn(ANN, 1, body=b"another"), turn(ANN, 2)]),
        journal.accept([mail("m1", CLEO, digest=b"a")]),
        journal.accept([mail("m1", CLEO, digest=b"b"), mail("m2", CLEO)]),
        journal.commit([]),
        journal.commit([turn(BEN, 2)]),
    )
    assert answers == [
        [Verdict.COMMITTED, Verdict.COMMITTED],
        [Verdict.CONFLICT, Verdict.CONFLICT],
        [Verdict.COMMITTED],
        [Verdict.CONFLICT, Verdict.COMMITTED],
        [],
        [Verdict.COMMITTED],
    ]


async def test_what_waits_together_is_synced_together(journal: SqliteJournal, tmp_path: Path) -> None:
    log = tmp_path / "journal.db-wal"
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
        other.execute("begin immediate")  # the writer has to wait for it, with the first of the commits
        commits = [asyncio.ensure_future(journal.commit([turn(ANN, n)])) for n in range(1, 101)]
        await asyncio.sleep(0)
        before = log.stat().st_size
        other.execute("rollback")
    await asyncio.gather(*commits)
    frames = (log.stat().st_size - before) / 4096
    assert frames < 100  # each transaction writes at least the page at the end of the log and one for each index


async def test_a_caller_that_goes_away_takes_nothing_with_it(journal: SqliteJournal) -> None:
    gone = asyncio.ensure_future(journal.commit([turn(ANN, 1)]))
    await asyncio.sleep(0)
    gone.cancel()
    assert await journal.commit([turn(ANN, 2)]) == [Verdict.COMMITTED]
    assert [entry.version for entry in await journal.feed()] == [1, 2]


async def test_a_record_that_cannot_be_bound_fails_and_the_next_is_stored(journal: SqliteJournal) -> None:
    before = await everything(journal)
    with pytest.raises(OverflowError):
        await journal.commit([turn(ANN, 1, at=1 << 70)])
    assert await everything(journal) == before
    assert await journal.commit([turn(ANN, 1)]) == [Verdict.COMMITTED]


async def test_whoever_asked_is_told_when_the_log_has_grown(journal: SqliteJournal) -> None:
    grown = asyncio.Event()
    journal.on_growth(grown.set)
    await journal.commit([turn(ANN, 1)])
    assert grown.is_set()


async def test_what_was_asked_for_before_closing_is_done(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    commits = [asyncio.ensure_future(journal.commit([turn(ANN, n)])) for n in range(1, 21)]
    await asyncio.sleep(0)
    await journal.close()
    assert await asyncio.gather(*commits) == [[Verdict.COMMITTED]] * 20


RARE = {
    "count_rows",  # an operator asks
    "dead_letters",
    "erase_dead_letters",
    "newest_time",  # the last row of the log only
    "rename_dead_letters",
    "rename_mail",
    "sweep_dead_letters",
}


def test_no_frequent_statement_reads_a_whole_table(tmp_path: Path) -> None:
    queries = Queries()
    with closing(prepare(tmp_path / "journal.db")) as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_schema where type = 'table'")]
        scan = re.compile(rf"SCAN (TABLE )?({'|'.join(tables)})\b(?! USING INDEX effects_open)")
        scanning = set()
        for name, sql in queries._one.items():
            statement = re.sub(r":\w+|\?", "1", re.sub(r"(\([?, ]+\)), \.\.\.", r"\1, \1", sql))
            plan = connection.execute(f"explain query plan {statement}")
            scanning |= {name for *_, step in plan if scan.match(step)}
    assert scanning == RARE
