"""The feed on PostgreSQL never shows a row above one that is still to come, and whoever follows it hears of each."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import anyio

from aevatar.journal.postgres import PostgresJournal
from aevatar.journal.records import FeedEntry, Verdict
from aevatar.testing.journal_conformance.examples import ANN, BEN, of_actor, shard_of, turn
from aevatar.testing.journal_conformance.harness import opened
from tests.postgres import *  # noqa: F403 - fixtures
from tests.postgres import PostgresJournals

WRITERS = 8
TURNS = 25
HOLD = "select from actors where actor = $1 for update"


async def test_a_feed_stops_below_the_oldest_commit_under_way_of_eight(postgres: PostgresJournals) -> None:
    actors = [f"demo.counter/alpha/{number}" for number in range(WRITERS)]
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(opened(postgres.handle()))
        await reader.commit([turn(actor, 1) for actor in actors])
        writers = [postgres.handle() for _ in actors]
        for writer, actor in zip(writers, actors, strict=True):
            await writer.open()
            stack.push_async_callback(writer.close)
            await writer.claim([shard_of(actor)])
        obstacle = await stack.enter_async_context(postgres.connected())
        hold = obstacle.transaction()
        await hold.start()
        await obstacle.execute(HOLD, actors[0])  # so the first writer has its positions, and cannot end

        grown = asyncio.Event()
        reader.on_growth(grown.set)
        async with asyncio.TaskGroup() as tasks:
            held = tasks.create_task(writers[0].commit([turn(actors[0], 2)]))
            await postgres.until_somebody_waits()
            for version in range(2, TURNS + 1):
                for writer, actor in zip(writers[1:], actors[1:], strict=True):
                    assert await writer.commit([turn(actor, version)]) == [Verdict.COMMITTED]
            below = await reader.feed()
            assert [entry.version for entry in below] == [1] * WRITERS
            await hold.rollback()
        assert held.result() == [Verdict.COMMITTED]
        above = await _followed(reader, grown, after=below[-1].position, count=(WRITERS - 1) * (TURNS - 1) + 1)
        assert below + above == await reader.feed()
        assert of_actor(above, actors[0]) == [2]


async def test_who_follows_hears_when_rows_are_no_longer_held_back(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as journal, postgres.connected() as slow:
        running = slow.transaction()
        await running.start()
        await slow.execute("select pg_current_xact_id()")
        await journal.commit([turn(ANN, 1)])
        assert await journal.feed() == []
        grown = asyncio.Event()
        journal.on_growth(grown.set)
        await running.rollback()
        assert of_actor(await _followed(journal, grown, after=0, count=1), ANN) == [1]


async def test_a_reader_whose_line_was_cut_hears_of_later_growth(postgres: PostgresJournals) -> None:
    cut = (
        "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' and pid <> pg_backend_pid()"
    )
    async with opened(postgres.handle()) as writer, postgres.connected() as operator:
        reader = postgres.handle()
        await reader.open()
        reconnected, grown = asyncio.Event(), asyncio.Event()
        reader.on_growth(reconnected.set)
        await operator.execute(cut)
        with anyio.fail_after(20):
            await reconnected.wait()
            reader.on_growth(grown.set)
            await writer.commit([turn(ANN, 1)])
            await grown.wait()
        await reader.close()


async def test_positions_go_on_above_those_of_a_server_that_was_further_along(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as journal:
        await journal.commit([turn(ANN, 1)])
    async with postgres.connected() as connection:
        await connection.execute("update turns set position = position + (1::bigint << 50)")
    async with opened(postgres.handle()) as journal:
        await journal.commit([turn(BEN, 1)])
        assert [entry.actor for entry in await journal.feed()] == [ANN, BEN]
        (first, second) = await journal.feed()
        assert second.position - first.position < 1 << 40


async def test_reopening_does_not_move_positions_that_belong_to_the_server(postgres: PostgresJournals) -> None:
    for version in (1, 2):
        async with opened(postgres.handle()) as journal:
            await journal.commit([turn(ANN, version)])
    async with postgres.connected() as connection:
        assert await connection.fetchval("select base from clock") == 0


async def _followed(journal: PostgresJournal, grown: asyncio.Event, *, after: int, count: int) -> list[FeedEntry]:
    followed: list[FeedEntry] = []
    with anyio.fail_after(20):
        while len(followed) < count:
            grown.clear()
            page = await journal.feed(after=followed[-1].position if followed else after, limit=7)
            followed += page
            if not page:
                await grown.wait()
    return followed
