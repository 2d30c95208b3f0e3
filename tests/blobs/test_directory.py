"""Blobs in a folder keep the port."""

from __future__ import annotations

from pathlib import Path

import pytest

from aevatar.blobs import DirectoryBlobs
from aevatar.testing.blob_conformance import *  # noqa: F403 - pytest collects the suite from here
from aevatar.testing.blob_conformance import ManualClock


class DirectoryStores:
    def __init__(self, path: Path) -> None:
        self._path = path

    def handle(self, clock: ManualClock) -> DirectoryBlobs:
        return DirectoryBlobs(self._path, clock)


@pytest.fixture
def stores(tmp_path: Path) -> DirectoryStores:
    return DirectoryStores(tmp_path / "journal.db.blobs")
