"""The conformance suite of the blob store's port: what every adapter must do, as tests for its test module to import.

That module defines a fixture `stores` that yields one `Stores`, and imports the suite:

    from aevatar.testing.blob_conformance import *

    @pytest.fixture
    def stores(tmp_path):
        return MyStores(tmp_path)

What only one adapter can do, such as lose a file, is for its own module.
"""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Protocol

import anyio
import pytest

from aevatar.blobs import LARGEST, Blob, BlobRef, BlobStore
from aevatar.errors import Rejected
from aevatar.identity import ActorId, ScopeId

ANN = ActorId("demo.run", ScopeId("alpha"), "ann")
BEN = ActorId("demo.run", ScopeId("alpha"), "ben")
ANN_ELSEWHERE = ActorId("demo.run", ScopeId("beta"), "ann")
AWKWARD = ActorId("demo.run", ScopeId("alpha"), "../../etc/passwd % ü 語 \"'")
ALL_BYTES = bytes(range(256)) * 3
NO_IDS = ("", ".", "..", "../owner", "/etc/passwd", "a" * 63, "a" * 65, "A" * 64, "é" * 64, "a" * 63 + "\n", "\0" * 64)


class ManualClock:
    """Stands still until it is moved; in milliseconds since 1970."""

    def __init__(self) -> None:
        self.time = 1_700_000_000_000

    def now(self) -> int:
        """What it was moved to."""
        return self.time


class Stores(Protocol):
    """One store, empty at first, and handles over it. One handle stands for one process."""

    def handle(self, clock: ManualClock) -> BlobStore:
        """A new handle over the store, not opened yet."""


@asynccontextmanager
async def opened(store: BlobStore) -> AsyncIterator[BlobStore]:
    """Opens `store`, and closes it in the end."""
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def clock() -> ManualClock:
    """What the store's times are made of."""
    return ManualClock()


@pytest.fixture
async def store(stores: Stores, clock: ManualClock) -> AsyncIterator[BlobStore]:
    """The store of the test, opened."""
    async with opened(stores.handle(clock)) as store:
        yield store


async def code_of_missing(store: BlobStore, owner: ActorId, blob_id: str) -> str:
    """With what code a blob is refused."""
    with pytest.raises(Rejected) as refused:
        await store.get(owner, blob_id)
    return refused.value.code


async def test_what_was_put_is_read_back(store: BlobStore) -> None:
    ref = await store.put(ANN, ALL_BYTES, "image/png")
    assert ref == BlobRef(sha256(b"image/png\n" + ALL_BYTES).hexdigest(), "image/png", 768)
    assert await store.get(ANN, ref.blob_id) == Blob("image/png", ALL_BYTES)


async def test_nothing_and_newlines_are_bytes_too(store: BlobStore) -> None:
    for data in (b"", b"\n", b"\n\n\nimage/png\n"):
        ref = await store.put(ANN, data, "text/plain; charset=utf-8")
        assert await store.get(ANN, ref.blob_id) == Blob("text/plain; charset=utf-8", data)


async def test_the_same_again_is_the_same_blob_and_another_type_is_another(store: BlobStore) -> None:
    first = await store.put(ANN, b"data", "text/plain")
    assert await store.put(ANN, b"data", "text/plain") == first
    other = await store.put(ANN, b"data", "text/csv")
    assert other.blob_id != first.blob_id
    assert (await store.get(ANN, first.blob_id)).media_type == "text/plain"


async def test_a_blob_is_there_for_its_owner_alone(store: BlobStore) -> None:
    ref = await store.put(ANN, b"hers", "text/plain")
    for other in (BEN, ANN_ELSEWHERE, AWKWARD):
        assert await code_of_missing(store, other, ref.blob_id) == "blob_not_found"


async def test_two_owners_of_equal_bytes_have_a_blob_each(store: BlobStore) -> None:
    ref = await store.put(ANN, b"the same", "text/plain")
    assert await store.put(BEN, b"the same", "text/plain") == ref
    await store.erase(ANN)
    assert await store.get(BEN, ref.blob_id) == Blob("text/plain", b"the same")


async def test_keys_of_owners_may_be_anything(store: BlobStore) -> None:
    ref = await store.put(AWKWARD, b"data", "text/plain")
    assert await store.get(AWKWARD, ref.blob_id) == Blob("text/plain", b"data")
    assert await store.owners(0, 2**52) == [AWKWARD]


@pytest.mark.parametrize("text", NO_IDS)
async def test_what_is_no_id_is_not_found(store: BlobStore, text: str) -> None:
    await store.put(ANN, b"data", "text/plain")
    assert await code_of_missing(store, ANN, text) == "blob_not_found"


async def test_the_largest_blob_is_kept_and_a_larger_one_refused(store: BlobStore) -> None:
    largest = bytes(LARGEST)
    ref = await store.put(ANN, largest, "application/octet-stream")
    assert (await store.get(ANN, ref.blob_id)).data == largest
    with pytest.raises(Rejected) as refused:
        await store.put(BEN, largest + b"!", "application/octet-stream")
    assert refused.value.code == "blob_too_large"
    assert await store.owners(0, 2**52) == [ANN]


@pytest.mark.parametrize("media_type", ["", " ", "text/plain\nx", "text/é", "a" * 256, "\0"])
async def test_what_is_no_media_type_is_refused(store: BlobStore, media_type: str) -> None:
    with pytest.raises(Rejected) as refused:
        await store.put(ANN, b"data", media_type)
    assert refused.value.code == "invalid_media_type"
    assert await store.owners(0, 2**52) == []


async def test_erasing_an_owner_removes_all_of_its_blobs_and_no_others(store: BlobStore) -> None:
    hers = [await store.put(ANN, data, "text/plain") for data in (b"one", b"two")]
    his = await store.put(BEN, b"three", "text/plain")
    await store.erase(ANN)
    await store.erase(ANN)
    await store.erase(ANN_ELSEWHERE)
    assert [await code_of_missing(store, ANN, ref.blob_id) for ref in hers] == ["blob_not_found"] * 2
    assert await store.owners(0, 2**52) == [BEN]
    assert (await store.get(BEN, his.blob_id)).data == b"three"


async def test_an_owner_may_put_again_after_it_was_erased(store: BlobStore) -> None:
    await store.put(ANN, b"before", "text/plain")
    await store.erase(ANN)
    ref = await store.put(ANN, b"after", "text/plain")
    assert (await store.get(ANN, ref.blob_id)).data == b"after"


async def test_owners_are_found_by_when_they_put_last(store: BlobStore, clock: ManualClock) -> None:
    first = clock.time
    await store.put(ANN, b"early", "text/plain")
    clock.time += 1000
    await store.put(BEN, b"late", "text/plain")
    assert await store.owners(first - 1, first) == [ANN]
    assert await store.owners(first, first + 1000) == [BEN]
    clock.time += 1000
    await store.put(ANN, b"early", "text/plain")
    assert await store.owners(0, first + 1000) == [BEN]
    assert await store.owners(first + 1000, first + 2000) == [ANN]


async def test_who_put_something_since_is_spared(store: BlobStore, clock: ManualClock) -> None:
    idle_since = clock.time
    await store.put(ANN, b"old", "text/plain")
    ref = await store.put(BEN, b"old", "text/plain")
    clock.time += 1
    await store.put(BEN, b"new", "text/plain")
    for owner in (ANN, BEN):
        await store.erase(owner, idle_since=idle_since)
    assert await store.owners(0, 2**52) == [BEN]
    assert (await store.get(BEN, ref.blob_id)).data == b"old"


async def test_blobs_outlive_their_process(stores: Stores, clock: ManualClock) -> None:
    async with opened(stores.handle(clock)) as store:
        ref = await store.put(ANN, ALL_BYTES, "image/png")
    async with opened(stores.handle(clock)) as store:
        assert await store.get(ANN, ref.blob_id) == Blob("image/png", ALL_BYTES)
        assert await store.owners(0, 2**52) == [ANN]


async def test_many_may_put_and_erase_at_once(store: BlobStore) -> None:
    refs: list[BlobRef] = []

    async def put(number: int) -> None:
        refs.append(await store.put((ANN, BEN)[number % 2], b"%d" % (number // 4), "text/plain"))

    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(put, number)
            tasks.start_soon(store.erase, AWKWARD)
    assert len({ref.blob_id for ref in refs}) == 10
    for ref in refs:
        assert len((await store.get(ANN, ref.blob_id)).data) == ref.length
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(store.erase, ANN)
            tasks.start_soon(store.put, AWKWARD, b"%d" % number, "text/plain")
    assert sorted(owner.key for owner in await store.owners(0, 2**52)) == sorted([AWKWARD.key, BEN.key])
