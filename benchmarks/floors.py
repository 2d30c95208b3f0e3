"""The floors: what the disk and the driver allow when nothing is decided, checked, projected or answered.

Each writes the very bytes that our side wrote, in the batches our side wrote them in, as durably. The rows are made
before the clock starts. The log keeps the two keys without which it would be no log of turns: a version is taken once,
and so is a command id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from aevatar.journal.records import TurnRecord

Batch = Sequence[TurnRecord]
Batches = Iterable[Batch]
_Rows = list[tuple[Any, ...]]

_TABLES = """
pragma journal_mode = wal;
pragma synchronous = full;
create table log (
  position integer primary key, actor text, version integer, at integer, command_id text, digest blob, outcome blob,
  body blob, unique (actor, version), unique (actor, command_id));
create table documents (
  name text, scope text, key text, version integer, at integer, body blob, primary key (name, scope, key))
  without rowid;
create table shown (
  owner text, session text, number integer, name text, body blob, at integer, primary key (owner, session, number))
  without rowid;
"""
_LOG = "insert into log (actor, version, at, command_id, digest, outcome, body) values (?, ?, ?, ?, ?, ?, ?)"
_DOCUMENT = """insert into documents values (?, ?, ?, ?, ?, ?) on conflict (name, scope, key) do update
set version = excluded.version, at = excluded.at, body = excluded.body"""
_SHOWN = "insert into shown values (?, ?, ?, ?, ?, ?)"


class BareSqlite:
    """One connection, one transaction a batch, one prepared statement a table."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        self._connection.close()

    def write(self, batches: Batches, *, clock: Callable[[], float] = perf_counter) -> float:
        """Seconds it takes to write these batches."""
        rows = [(turn_rows(batch), document_rows(batch), shown_rows(batch)) for batch in batches]
        began = clock()
        for turns, documents, shown in rows:
            self._connection.execute("begin immediate")
            if turns:
                self._connection.executemany(_LOG, turns)
            if documents:
                self._connection.executemany(_DOCUMENT, documents)
            if shown:
                self._connection.executemany(_SHOWN, shown)
            self._connection.execute("commit")
        return clock() - began

    def write_one_by_one(self, batches: Batches) -> list[float]:
        """Seconds it takes to commit each turn's row of the log alone."""
        seconds = []
        for row in [row for batch in batches for row in turn_rows(batch)]:
            began = perf_counter()
            self._connection.execute("begin immediate")
            self._connection.execute(_LOG, row)
            self._connection.execute("commit")
            seconds.append(perf_counter() - began)
        return seconds


def turn_rows(batch: Batch) -> _Rows:
    """The rows that the turns of a batch have in the log."""
    return [
        (turn.actor, turn.version, turn.at, turn.command_id, turn.digest, turn.outcome, turn.body)
        for turn in batch
        if turn.version is not None
    ]


def document_rows(batch: Batch) -> _Rows:
    """The documents that a batch writes; of several versions of one, the last."""
    written = {
        (document.name, document.scope, document.key): (document.version, turn.at, document.body)
        for turn in batch
        for document in turn.documents
    }
    return [(*place, *document) for place, document in written.items()]


def shown_rows(batch: Batch) -> _Rows:
    """The session events that a batch stores."""
    return [
        (turn.actor, event.session, event.number, event.name, event.body, event.at)
        for turn in batch
        for event in turn.shown
    ]
