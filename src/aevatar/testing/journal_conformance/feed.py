"""The log of all actors: every turn once, by positions that only grow."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

import anyio
from anyio.lowlevel import checkpoint

from aevatar.journal.port import Journal
from aevatar.journal.records import FeedEntry, Verdict
from aevatar.testing.journal_conformance.examples import ANN, BEN, CLEO, NOW, numbered, of_actor, turn

WRITERS = 8
TURNS = 40


async def test_the_feed_holds_every_turn_once_by_growing_positions(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1), turn(BEN, 1), turn(ANN, 2)])
    await journal.commit([turn(BEN, None, shown=numbered("s", 1)), turn(CLEO, 1)])
    feed = await journal.feed()
    turns = [(ANN, 1), (BEN, 1), (ANN, 2), (CLEO, 1)]
    positions = [entry.position for entry in feed]
    assert feed == [
        FeedEntry(position, actor, version, NOW, f"turn {version} of {actor}".encode())
        for position, (actor, version) in zip(positions, turns, strict=True)
    ]
    assert positions == sorted(set(positions))
    assert positions[0] > 0


async def test_the_feed_is_read_in_pages_after_a_position(journal: Journal) -> None:
    await journal.commit([turn(ANN, version) for version in range(1, 8)])
    pages, after = [], 0
    while page := await journal.feed(after=after, limit=3):
        pages.append([entry.version for entry in page])
        after = page[-1].position
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


async def test_the_history_of_an_actor_names_the_positions_of_the_feed(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1), turn(BEN, 1), turn(ANN, 2)])
    assert await journal.history(ANN) == [entry for entry in await journal.feed() if entry.actor == ANN]


async def test_a_reader_that_follows_the_feed_misses_no_turn_of_many_committers(journal: Journal) -> None:
    await followed_feed_is_the_whole_log(journal, writers=[journal] * WRITERS)


async def test_whoever_asked_is_told_when_the_log_has_grown(journal: Journal) -> None:
    grown = anyio.Event()
    journal.on_growth(grown.set)
    await journal.commit([turn(ANN, 1)])
    with anyio.fail_after(10):
        await grown.wait()
    assert of_actor(await journal.feed(), ANN) == [1]


async def followed_feed_is_the_whole_log(reader: Journal, *, writers: list[Journal]) -> None:
    """Lets every writer commit turns of an actor of its own and one of all, while `reader` follows the feed."""
    followed: list[FeedEntry] = []
    async with anyio.create_task_group() as following:
        following.start_soon(_follow, reader, followed)
        async with anyio.create_task_group() as writing:
            for number, writer in enumerate(writers):
                writing.start_soon(_write, writer, f"demo.counter/alpha/{number}")
        whole = await _settled_feed(reader, len(writers) * TURNS)
        with anyio.fail_after(20):
            while len(followed) < len(whole):
                await checkpoint()
        following.cancel_scope.cancel()
    assert followed == whole
    for number in range(len(writers)):
        assert of_actor(whole, f"demo.counter/alpha/{number}") == list(range(1, TURNS + 1))


async def _write(journal: Journal, actor: str) -> None:
    for version in range(1, TURNS + 1):
        assert await journal.commit([turn(actor, version)]) == [Verdict.COMMITTED]


async def _follow(journal: Journal, followed: list[FeedEntry]) -> None:
    while True:
        followed += await journal.feed(after=followed[-1].position if followed else 0, limit=7)
        await checkpoint()


async def _settled_feed(journal: Journal, length: int) -> list[FeedEntry]:
    # A feed may lag behind the commits, where it must wait for a transaction that still runs.
    with anyio.fail_after(20):
        while len(feed := await journal.feed(limit=length + 1)) < length:
            await checkpoint()
    return feed
