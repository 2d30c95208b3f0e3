"""For adapters whose store several processes may open at a time, each the owner of some shards."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import anyio
import pytest

from aevatar.errors import Unavailable
from aevatar.identity import SHARDS
from aevatar.journal.port import Journal
from aevatar.journal.records import Checkpoint, DocumentWrite, EffectStarted, TimerSet, Verdict
from aevatar.testing.journal_conformance.examples import (
    ANN,
    BEN,
    FAR,
    NOW,
    everything,
    full,
    mail,
    numbered,
    refused,
    shard_of,
    turn,
)
from aevatar.testing.journal_conformance.feed import WRITERS, followed_feed_is_the_whole_log
from aevatar.testing.journal_conformance.harness import Journals


@pytest.fixture
async def second(journal: Journal, journals: Journals) -> AsyncIterator[Journal]:
    """Another handle on the store of the test, which has claimed nothing yet."""
    second = journals.handle()
    await second.open()
    yield second
    await second.close()


async def test_a_stale_owner_is_fenced_and_leaves_nothing_behind(journal: Journal, second: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1")])
    await second.claim([shard_of(ANN)])
    before = await everything(journal)
    assert await journal.commit([refused(ANN, 2)]) == [Verdict.FENCED]
    assert await journal.commit([refused(ANN, None)]) == [Verdict.FENCED]
    assert await journal.commit([turn(ANN, None, mail_done=["m1"])]) == [Verdict.FENCED]
    assert {**await everything(journal), "effects": [], "timers": []} == {**before, "effects": [], "timers": []}


async def test_mail_that_a_stale_owner_accepts_is_fenced_and_the_rest_of_its_batch_is_not(
    journal: Journal, second: Journal
) -> None:
    await journal.accept([mail("m1", ANN, digest=b"d")])
    await second.claim([shard_of(ANN)])
    batch = [mail("m2", ANN), mail("m1", BEN), mail("m1", ANN, digest=b"d"), mail("m1", ANN, digest=b"other")]
    verdicts = await journal.accept(batch)
    assert (verdicts[0], verdicts[1]) == (Verdict.FENCED, Verdict.COMMITTED)
    assert [each.id for each in await second.mail()] == ["m1"]
    await journal.claim([shard_of(ANN)])
    assert await journal.accept(batch[:1]) == [Verdict.COMMITTED]


async def test_mail_is_accepted_for_a_shard_that_was_always_anothers(second: Journal) -> None:
    await second.claim([shard_of(BEN)])
    assert await second.accept([mail("m1", ANN)]) == [Verdict.COMMITTED]


async def test_a_process_that_lost_all_its_shards_projects_no_more(journal: Journal, second: Journal) -> None:
    write = DocumentWrite("demo.documents", "alpha", "k", 1, b"stale")
    await second.claim(range(1, SHARDS))
    assert await journal.project("p", Checkpoint(1), [], after=0)
    await second.claim([0])
    with pytest.raises(Unavailable) as fenced:
        await journal.project("p", Checkpoint(2), [write], after=1)
    assert (fenced.value.code, await second.checkpoint("p")) == ("fenced", Checkpoint(1))
    assert await second.document("demo.documents", "alpha", "k") is None
    assert await second.project("p", Checkpoint(2), [write], after=1)


async def test_a_stale_owner_of_one_shard_keeps_the_others(journal: Journal, second: Journal) -> None:
    await second.claim([shard_of(ANN)])
    assert await journal.commit([turn(ANN, 1), turn(BEN, 1)]) == [Verdict.FENCED, Verdict.COMMITTED]
    assert [entry.actor for entry in await journal.feed()] == [BEN]


async def test_the_new_owner_goes_on_where_the_stale_one_stopped(journal: Journal, second: Journal) -> None:
    await journal.commit([turn(ANN, 1, shown=numbered("s", 1))])
    await second.claim([shard_of(ANN)])
    assert await second.commit([turn(ANN, 2, shown=numbered("s", 2))]) == [Verdict.COMMITTED]
    assert [entry.version for entry in await journal.history(ANN)] == [1, 2]


async def test_a_shard_may_be_claimed_back(journal: Journal, second: Journal) -> None:
    await second.claim([shard_of(ANN)])
    await journal.claim([shard_of(ANN)])
    assert await second.commit([turn(ANN, 1)]) == [Verdict.FENCED]
    assert await journal.commit([turn(ANN, 1)]) == [Verdict.COMMITTED]


async def test_claiming_more_keeps_what_is_owned(second: Journal) -> None:
    await second.claim([shard_of(ANN)])
    await second.claim([shard_of(BEN)])
    assert await second.commit([turn(ANN, 1), turn(BEN, 1)]) == [Verdict.COMMITTED, Verdict.COMMITTED]


async def test_work_is_handed_to_the_owner_of_its_shard(journal: Journal, second: Journal) -> None:
    for actor in (ANN, BEN):
        effects = [EffectStarted(f"effect of {actor}", "demo.call", b"")]
        await journal.commit([turn(actor, 1, timers_set=[TimerSet("t", 1, NOW, b"")], effects_started=effects)])
        await journal.accept([mail("m1", actor)])
    await second.claim([shard_of(BEN)])
    for owner, actor in ((journal, ANN), (second, BEN)):
        assert [each.target for each in await owner.mail()] == [actor]
        assert [each.actor for each in await owner.due(FAR)] == [actor]
        assert [each.actor for each in await owner.effects()] == [actor]


async def test_mail_may_be_sent_to_a_shard_of_another_owner(journal: Journal, second: Journal) -> None:
    await second.claim([shard_of(BEN)])
    await journal.commit([turn(ANN, 1, mail=[mail("m1", BEN)])])
    assert [each.id for each in await second.mail()] == ["m1"]


async def test_a_reader_is_told_when_another_process_made_the_log_grow(journal: Journal, second: Journal) -> None:
    grown = anyio.Event()
    second.on_growth(grown.set)
    await journal.commit([turn(ANN, 1)])
    with anyio.fail_after(10):
        await grown.wait()


async def test_a_reader_misses_no_turn_of_many_writing_processes(journal: Journal, journals: Journals) -> None:
    async with AsyncExitStack() as handles:
        writers = [journals.handle() for _ in range(WRITERS)]
        for number, writer in enumerate(writers):
            await writer.open()
            handles.push_async_callback(writer.close)
            await writer.claim([shard_of(f"demo.counter/alpha/{number}")])
        await followed_feed_is_the_whole_log(journal, writers=writers)
