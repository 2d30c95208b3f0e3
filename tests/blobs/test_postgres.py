"""Blobs on PostgreSQL keep the port, and are part of the journal's copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from aevatar.blobs import Blob, BlobStore
from aevatar.blobs.postgres import PostgresBlobs
from aevatar.errors import Rejected
from aevatar.testing.blob_conformance import *  # noqa: F403 - pytest collects the suite from here
from aevatar.testing.blob_conformance import ANN, ManualClock
from tests.postgres import *  # noqa: F403 - fixtures
from tests.postgres import PostgresJournals


class PostgresStores:
    def __init__(self, journals: PostgresJournals) -> None:
        self._journals = journals

    def handle(self, clock: ManualClock) -> PostgresBlobs:
        return PostgresBlobs(self._journals.url, clock, schema=self._journals.schema)


@pytest.fixture
async def stores(postgres: PostgresJournals) -> PostgresStores:
    journal = postgres.handle()
    await journal.open()
    await journal.close()
    return PostgresStores(postgres)


async def test_a_blob_whose_row_was_changed_is_refused(store: BlobStore, postgres: PostgresJournals) -> None:
    ref = await store.put(ANN, b"data", "text/plain")
    async with postgres.connected() as connection:
        await connection.execute("update blobs set data = 'date'")
    with pytest.raises(Rejected) as refused:
        await store.get(ANN, ref.blob_id)
    assert refused.value.code == "blob_corrupted"


async def test_a_copy_of_the_journal_holds_the_blobs(
    store: BlobStore, postgres: PostgresJournals, clock: ManualClock, tmp_path: Path
) -> None:
    ref = await store.put(ANN, b"data", "text/plain")
    journal = postgres.handle()
    await journal.open()
    try:
        await journal.backup(tmp_path / "copy")
    finally:
        await journal.close()
    elsewhere = PostgresJournals(postgres.url)
    await elsewhere.handle().restore(tmp_path / "copy")
    copied = PostgresStores(elsewhere).handle(clock)
    await copied.open()
    try:
        assert await copied.get(ANN, ref.blob_id) == Blob("text/plain", b"data")
    finally:
        await copied.close()
