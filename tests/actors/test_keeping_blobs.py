"""Blobs live as long as the actor that owns them, and what no actor ever took is swept."""

from __future__ import annotations

import pytest

from aevatar.actors import Retention
from aevatar.blobs import MemoryBlobs
from aevatar.errors import Rejected, Unavailable
from aevatar.testing import VirtualClock, elapse
from tests.sample.sample_pb2 import Add, Retire
from tests.sample.world import ANN, BEN, World

DAY = 24 * 3600.0
EVER = (0, 2**52)


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs(VirtualClock())


async def test_an_actor_that_is_erased_loses_its_blobs_within_a_minute(world: World, blobs: MemoryBlobs) -> None:
    async with world.runtime(blobs=blobs) as actors:
        for owner in (ANN, BEN):
            await actors.ask(owner, Add(by=1))
            await actors.blobs.put(owner, b"data", "text/plain")
        await actors.ask(ANN, Retire(erase=True))
        await actors.ask(BEN, Retire())
        await elapse(60)
        assert await blobs.owners(*EVER) == [BEN]


async def test_an_erasure_that_a_crash_came_before_takes_the_blobs_too(memory: World, blobs: MemoryBlobs) -> None:
    async with memory.runtime(blobs=blobs) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.blobs.put(ANN, b"data", "text/plain")
        await actors.ask(ANN, Retire(erase=True))
    assert await blobs.owners(*EVER) == [ANN]
    async with memory.runtime(blobs=blobs):
        await elapse(1)
        assert await blobs.owners(*EVER) == []


async def test_blobs_whose_actor_never_began_are_swept_after_a_day(memory: World, blobs: MemoryBlobs) -> None:
    async with memory.runtime(blobs=blobs, retention=Retention(round=600.0)) as actors:
        await actors.ask(ANN, Add(by=1))
        for owner in (ANN, BEN):
            await actors.blobs.put(owner, b"data", "text/plain")
        await elapse(DAY - 600)
        assert await blobs.owners(*EVER) == [ANN, BEN]
        await elapse(2 * 3600.0)
        assert await blobs.owners(*EVER) == [ANN]


async def test_an_actor_that_begins_late_keeps_what_was_put_again_meanwhile(memory: World, blobs: MemoryBlobs) -> None:
    async with memory.runtime(blobs=blobs, retention=Retention(round=600.0)) as actors:
        await actors.blobs.put(ANN, b"data", "text/plain")
        await elapse(DAY - 3600)
        await actors.blobs.put(ANN, b"data", "text/plain")
        await elapse(DAY - 3600)
        assert await blobs.owners(*EVER) == [ANN]
        await actors.ask(ANN, Add(by=1))
        await elapse(2 * DAY)
        assert await blobs.owners(*EVER) == [ANN]


async def test_a_runtime_without_a_store_refuses_blobs_rather_than_lose_them(memory: World) -> None:
    async with memory.runtime() as actors:
        with pytest.raises(Unavailable) as refused:
            await actors.blobs.put(ANN, b"data", "text/plain")
        assert refused.value.code == "blobs_unavailable"
        with pytest.raises(Rejected) as missing:
            await actors.blobs.get(ANN, "a" * 64)
        assert missing.value.code == "blob_not_found"
