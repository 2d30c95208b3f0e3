"""Whoever claimed a shard last commits for it, whatever the former owner is in the middle of."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE

import anyio

from aevatar.identity import SHARDS
from aevatar.journal.records import Verdict
from aevatar.testing.journal_conformance.examples import ANN, BEN, CLEO, mail, shard_of, turn
from aevatar.testing.journal_conformance.harness import opened
from tests.postgres import *  # noqa: F403 - fixtures
from tests.postgres import PostgresJournals

CLAIM = "update shards set owner = 'somebody else' where shard = $1"
HOLD = "select from actors where actor = $1 for update"

# Commits a turn for each line it reads, and tells what became of it.
COMMITTER = """
import asyncio, sys
from aevatar.identity import SHARDS
from aevatar.journal.postgres import PostgresJournal
from aevatar.testing.journal_conformance.examples import ANN, turn

async def main(url, schema):
    journal = PostgresJournal(url, schema=schema)
    await journal.open()
    await journal.claim(range(SHARDS))
    for version in (1, 2):
        sys.stdin.readline()
        (verdict,) = await journal.commit([turn(ANN, version)])
        print(verdict.value, flush=True)
    await journal.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_commit_waits_for_a_claim_that_is_under_way_and_is_refused_then(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as stale, postgres.connected() as claimant:
        claim = claimant.transaction()
        await claim.start()
        await claimant.execute(CLAIM, shard_of(ANN))
        async with asyncio.TaskGroup() as tasks:
            commit = tasks.create_task(stale.commit([turn(ANN, 1), turn(BEN, 1)]))
            await postgres.until_somebody_waits()
            await claim.commit()
        assert commit.result() == [Verdict.FENCED, Verdict.COMMITTED]
        assert [entry.actor for entry in await stale.feed()] == [BEN]


async def test_a_commit_goes_on_when_a_claim_is_given_up(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as owner, postgres.connected() as claimant:
        claim = claimant.transaction()
        await claim.start()
        await claimant.execute(CLAIM, shard_of(ANN))
        async with asyncio.TaskGroup() as tasks:
            commit = tasks.create_task(owner.commit([turn(ANN, 1)]))
            await postgres.until_somebody_waits()
            await claim.rollback()
        assert commit.result() == [Verdict.COMMITTED]


async def test_a_claim_waits_for_a_commit_that_is_under_way(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as owner, postgres.connected() as obstacle:
        await owner.commit([turn(ANN, 1)])
        claimant = postgres.handle()
        await claimant.open()
        hold = obstacle.transaction()
        await hold.start()
        await obstacle.execute(HOLD, ANN)
        async with asyncio.TaskGroup() as tasks:
            commit = tasks.create_task(owner.commit([turn(ANN, 2)]))
            await postgres.until_somebody_waits()
            claim = tasks.create_task(claimant.claim([shard_of(ANN)]))
            await postgres.until_somebody_waits(2)
            assert not claim.done()
            await hold.rollback()
        assert commit.result() == [Verdict.COMMITTED]
        assert await owner.commit([turn(ANN, 3)]) == [Verdict.FENCED]
        assert await claimant.commit([turn(ANN, 3)]) == [Verdict.COMMITTED]
        await claimant.close()


async def test_a_frozen_owner_holds_nobody_up_and_is_refused_when_it_wakes(postgres: PostgresJournals) -> None:
    frozen = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMITTER, postgres.url, postgres.schema, stdin=PIPE, stdout=PIPE
    )
    assert frozen.stdin is not None
    assert frozen.stdout is not None
    with anyio.fail_after(30):
        frozen.stdin.write(b"go\n")
        assert await frozen.stdout.readline() == b"committed\n"
        frozen.send_signal(signal.SIGSTOP)
        frozen.stdin.write(b"go\n")
        async with opened(postgres.handle()) as owner:
            assert await owner.commit([turn(ANN, 2, body=b"of the new owner")]) == [Verdict.COMMITTED]
            frozen.send_signal(signal.SIGCONT)
            assert await frozen.stdout.readline() == b"fenced\n"
            await frozen.wait()
            assert [entry.body for entry in await owner.history(ANN, after=1)] == [b"of the new owner"]


async def test_what_is_stored_already_stays_committed_for_a_stale_owner(postgres: PostgresJournals) -> None:
    async with opened(postgres.handle()) as stale:
        await stale.commit([turn(ANN, 1)])
        async with opened(postgres.handle()):
            assert await stale.commit([turn(ANN, 1), turn(ANN, 2)]) == [Verdict.COMMITTED, Verdict.FENCED]


async def test_nobody_commits_for_a_shard_without_having_claimed_it(postgres: PostgresJournals) -> None:
    journal = postgres.handle()
    await journal.open()
    await journal.claim([shard for shard in range(SHARDS) if shard != shard_of(ANN)])
    assert await journal.commit([turn(ANN, 1), turn(BEN, 1)]) == [Verdict.FENCED, Verdict.COMMITTED]
    await journal.close()


async def test_batches_that_send_the_same_mail_in_crossed_order_do_not_wait_in_a_circle(
    postgres: PostgresJournals,
) -> None:
    letters = [mail(f"m{number}", CLEO) for number in range(200)]
    async with opened(postgres.handle()) as owner:
        other = postgres.handle()
        await other.open()
        await other.claim([shard_of(BEN)])
        for version in range(1, 6):
            async with asyncio.TaskGroup() as tasks:
                one = tasks.create_task(owner.commit([turn(ANN, version, mail=letters)]))
                two = tasks.create_task(other.commit([turn(BEN, version, mail=letters[::-1])]))
            assert [one.result(), two.result()] == [[Verdict.COMMITTED], [Verdict.COMMITTED]]
            done = [letter.id for letter in letters]
            assert await owner.commit([turn(CLEO, None, mail_done=done)]) == [Verdict.COMMITTED]
        await other.close()
