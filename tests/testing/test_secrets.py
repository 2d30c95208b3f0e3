"""A secret is found wherever it hides, and nothing is found where there is none."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from aevatar.journal.memory import MemoryJournal
from aevatar.journal.memory_store import MemoryStore
from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing import assert_no_secret
from aevatar.testing.journal_conformance.examples import ANN, decided

MARKER = "s3cr/et+\"ü'marker"


def record(text: str, extra: str = "") -> logging.LogRecord:
    made = logging.LogRecord("log", logging.INFO, "file.py", 1, "said %s", (text,), None)
    made.token = extra
    return made


@pytest.mark.parametrize(
    "place",
    [
        f"before {MARKER} after",
        f"before {MARKER} after".encode(),
        {"key": ["deep", (MARKER,)]},
        {MARKER: 1},
        MARKER.encode().hex(),
        MARKER.encode().hex().upper(),
        quote(MARKER, safe=""),
        json.dumps({"token": MARKER}),
        *(base64.b64encode(b"x" * offset + MARKER.encode() + b"tail") for offset in range(6)),
        *(base64.urlsafe_b64encode(b"x" * offset + MARKER.encode()) for offset in range(6)),
        record(MARKER),
        record("nothing", extra=MARKER),
        httpx2.Response(200, text=MARKER),
        httpx2.Response(200, headers={"x-token": quote(MARKER)}),
        httpx2.Response(200, json={"token": MARKER}),
        ValueError(MARKER),
    ],
    ids=lambda place: type(place).__name__,
)
def test_a_secret_is_found(place: object) -> None:
    with pytest.raises(AssertionError, match="the secret was found in"):
        assert_no_secret(MARKER, "clean", place)


def test_what_holds_no_secret_passes() -> None:
    assert_no_secret(MARKER, "s3cret", b"\x00", {"a": [1, None, 2.0]}, record("x"), httpx2.Response(200, text="fine"))


def test_it_says_where_the_secret_was() -> None:
    with pytest.raises(AssertionError) as failure:
        assert_no_secret("marker", {"headers": ["x", "a marker"]})
    assert str(failure.value) == "the secret was found in: dict['headers'][1]"


async def test_a_secret_in_a_journal_in_memory_is_found() -> None:
    store = MemoryStore()
    journal = MemoryJournal(store)
    await journal.open()
    await journal.commit([decided(ANN, 1, "clean")])
    assert_no_secret(MARKER, store)
    await journal.commit([decided(ANN, 2, MARKER)])
    with pytest.raises(AssertionError, match="the secret was found in: MemoryStore"):
        assert_no_secret(MARKER, store)


async def test_a_secret_that_stands_only_in_the_write_ahead_log_is_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    await journal.open()
    await journal.commit([decided(ANN, 1, "clean")])
    assert_no_secret(MARKER, path, tmp_path)
    await journal.commit([decided(ANN, 2, MARKER)])
    for place in (path, tmp_path):
        with pytest.raises(AssertionError, match=r"journal\.db-wal"):
            assert_no_secret(MARKER, place)
    await journal.close()
