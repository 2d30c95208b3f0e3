"""Blobs in memory keep the port."""

from __future__ import annotations

import pytest

from aevatar.blobs import MemoryBlobs
from aevatar.testing.blob_conformance import *  # noqa: F403 - pytest collects the suite from here
from aevatar.testing.blob_conformance import ManualClock


class MemoryStores:
    def __init__(self) -> None:
        self._store: MemoryBlobs | None = None

    def handle(self, clock: ManualClock) -> MemoryBlobs:
        self._store = self._store or MemoryBlobs(clock)
        return self._store


@pytest.fixture
def stores() -> MemoryStores:
    return MemoryStores()
