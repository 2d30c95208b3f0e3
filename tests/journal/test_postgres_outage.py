"""PostgreSQL may stop, vanish or hang at any time: callers are told, nothing acknowledged is lost, service resumes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from aevatar.errors import Misassembled, Unavailable
from aevatar.journal.postgres import PostgresJournal
from aevatar.journal.records import TurnRecord, Verdict
from aevatar.testing.journal_conformance.examples import ANN, decided, turn
from aevatar.testing.journal_conformance.harness import opened
from tests.postgres import *  # noqa: F403 - fixtures
from tests.postgres import PostgresJournals, in_database, start_again, started, stop_at_once

ACTORS = [f"demo.counter/alpha/{number}" for number in range(20)]
RESTARTS = 3


@pytest.fixture(scope="module")
def own_server() -> Iterator[Any]:
    server = started()
    yield server
    server.cleanup()


async def test_service_resumes_after_restarts_under_load_and_nothing_acknowledged_is_lost(own_server: Any) -> None:
    acknowledged: list[tuple[str, int]] = []
    async with opened(PostgresJournal(own_server.get_uri(), connections=4)) as journal:
        grown = asyncio.Event()
        journal.on_growth(grown.set)
        with anyio.fail_after(50):
            async with anyio.create_task_group() as load:
                load.start_soon(_load, journal, acknowledged)
                for restart in range(RESTARTS):
                    await _until(acknowledged, 2_000 * (restart + 1))
                    await asyncio.to_thread(stop_at_once, own_server)
                    await asyncio.to_thread(start_again, own_server)
                await _until(acknowledged, len(acknowledged) + 2_000)
                load.cancel_scope.cancel()
        recorded = {(actor, entry.version) for actor in ACTORS for entry in await journal.history(actor, limit=10**6)}
        assert set(acknowledged) <= recorded
        assert len(acknowledged) == len(set(acknowledged))
        assert await journal.check() == []
        grown.clear()
        async with opened(PostgresJournal(own_server.get_uri())) as other:
            await other.commit([turn(ANN, 1)])
            with anyio.fail_after(20):
                await grown.wait()


async def test_a_stopped_server_is_told_of_at_once_and_every_time(own_server: Any) -> None:
    async with opened(PostgresJournal(own_server.get_uri())) as journal:
        await asyncio.to_thread(stop_at_once, own_server)
        pauses: list[float | None] = []
        with anyio.fail_after(10):
            for _ in range(10):
                with pytest.raises(Unavailable) as lost:
                    await journal.commit([turn(ANN, 1)])
                pauses.append(lost.value.retry_after)
        assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0]
        await asyncio.to_thread(start_again, own_server)
        assert await journal.commit([turn(ANN, 1)]) == [Verdict.COMMITTED]


async def test_a_server_that_is_not_there_is_unavailable(free_tcp_port: int) -> None:
    with anyio.fail_after(5), pytest.raises(Unavailable, match="PostgreSQL"):
        await PostgresJournal(f"postgresql://somebody@127.0.0.1:{free_tcp_port}/nothing").open()


async def test_a_server_that_never_answers_is_unavailable() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        anyio.fail_after(5),
        pytest.raises(Unavailable, match="Timeout"),
    ):
        await PostgresJournal(f"postgresql://somebody@127.0.0.1:{silent.getsockname()[1]}/nothing", timeout=0.2).open()


async def test_a_database_that_does_not_exist_is_no_matter_of_waiting(postgres_database: str) -> None:
    with pytest.raises(Misassembled, match="nowhere"):
        await PostgresJournal(in_database(postgres_database, "nowhere")).open()


async def test_a_commit_that_hangs_is_unavailable_and_leaves_nothing(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle(timeout=0.5)) as journal, postgres.connected() as obstacle:
        await journal.commit([turn(ANN, 1)])
        hold = obstacle.transaction()
        await hold.start()
        await obstacle.execute("select from actors where actor = $1 for update", ANN)
        with anyio.fail_after(10), pytest.raises(Unavailable):
            await journal.commit([turn(ANN, 2)])
        await hold.rollback()
        assert [entry.version for entry in await journal.history(ANN)] == [1]
        assert await journal.commit([turn(ANN, 2)]) == [Verdict.COMMITTED]


async def test_a_cut_connection_costs_no_more_than_a_repetition(postgres: PostgresJournals) -> None:
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'aevatar'"
    async with opened(postgres.handle()) as journal, postgres.connected() as operator:
        await operator.execute(cut)
        assert await _committed(journal, [decided(ANN, 1, "c1")]) == [Verdict.COMMITTED]
        assert [entry.version for entry in await journal.history(ANN)] == [1]


async def _load(journal: PostgresJournal, acknowledged: list[tuple[str, int]]) -> None:
    for version in range(1, 10**6):
        batch = [decided(actor, version, f"c{version}") for actor in ACTORS]
        assert await _committed(journal, batch) == [Verdict.COMMITTED] * len(batch)
        acknowledged += [(record.actor, version) for record in batch]


async def _committed(journal: PostgresJournal, batch: list[TurnRecord]) -> list[Verdict]:
    while True:
        try:
            return await journal.commit(batch)
        except Unavailable:
            await checkpoint()


async def _until(acknowledged: list[tuple[str, int]], count: int) -> None:
    while len(acknowledged) < count:
        await checkpoint()
