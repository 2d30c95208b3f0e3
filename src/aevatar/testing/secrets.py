"""The search for a secret where none may be: in journals, logs, spans and responses.

A test gives the program a secret that occurs nowhere else, a marker, and then looks into everything that was kept or
sent. The marker is looked for as it is and in the spellings that carry it on unnoticed: hexadecimal, base64 at any
offset, percent-encoded, escaped for JSON or Python.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from aevatar.journal.memory_store import MemoryStore


def assert_no_secret(marker: str, *places: object) -> None:
    """Asserts that `marker` occurs in none of `places`, and names those where it does.

    A place is text, bytes, a file (with a SQLite file go those beside it), a folder, the store of a journal in memory,
    a log record, a span, a response, a row, or any collection of these.
    """
    spellings = _spellings(marker)
    found = {
        where: None
        for place in places
        for where, content in _contents(place, type(place).__name__)
        if any(spelling in content for spelling in spellings)
    }
    assert not found, f"the secret was found in: {'; '.join(found)}"


def _spellings(marker: str) -> set[bytes]:
    raw = marker.encode()
    text = {
        raw.hex(),
        raw.hex().upper(),
        quote(marker),
        quote(marker, safe=""),
        json.dumps(marker)[1:-1],
        json.dumps(marker, ensure_ascii=False)[1:-1],
        repr(marker)[1:-1],
    }
    encoded = {
        _middle(encode(b"\0" * offset + raw), offset)
        for offset in range(3)
        for encode in (b64encode, urlsafe_b64encode)
    }
    return {raw, *encoded, *(spelling.encode() for spelling in text)}


def _middle(encoded: bytes, offset: int) -> bytes:
    # The characters at the ends also depend on what stands beside the marker.
    end = encoded.rstrip(b"=")
    return end[(0, 2, 3)[offset] : len(end) - (len(encoded) != len(end))]


def _contents(place: object, where: str) -> Iterator[tuple[str, bytes]]:
    """Every piece of `place` in bytes, and where it was found."""
    match place:
        case bytes():
            yield where, place
        case str():
            yield where, place.encode()
        case Path():
            for file in _files(place):
                yield str(file), file.read_bytes()
        case MemoryStore():
            yield where, msgspec.msgpack.encode(place.contents)
        case Mapping():
            for key, value in place.items():
                yield from _contents(key, f"a key of {where}")
                yield from _contents(value, f"{where}[{key!r}]")
        case Iterable():
            for index, item in enumerate(place):
                yield from _contents(item, f"{where}[{index}]")
        case _:
            yield from _of_object(place, where)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for file in sorted(path.rglob("*")) if file.is_file())
    else:
        yield path
        yield from sorted(path.parent.glob(f"{path.name}-*"))


def _of_object(thing: Any, where: str) -> Iterator[tuple[str, bytes]]:
    if hasattr(thing, "getMessage"):  # a log record
        yield where, thing.getMessage().encode()
    if hasattr(thing, "to_json"):  # a span
        yield where, thing.to_json().encode()
    if hasattr(thing, "headers") and hasattr(thing, "content"):  # a response
        yield f"the headers of {where}", repr(list(thing.headers.items())).encode()
        yield f"the body of {where}", thing.content
    for value in (thing, *getattr(thing, "__dict__", {}).values()):
        yield where, f"{value!s} {value!r}".encode()
