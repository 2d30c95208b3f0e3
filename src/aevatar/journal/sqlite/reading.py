"""What is read from the file, each call as of one instant."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from aevatar.errors import Rejected
from aevatar.journal.records import (
    ActorImage,
    Checkpoint,
    DeadLetter,
    Document,
    DocumentQuery,
    DueTimer,
    FeedEntry,
    JournalInfo,
    LoggedTurn,
    Mail,
    OpenCommand,
    OpenEffect,
    RecordedOutcome,
    Retirement,
    SessionEvent,
    SessionPage,
)
from aevatar.journal.sqlite.documents import documents_query
from aevatar.journal.sqlite.sql import Queries, SqlValue, kind_range


class Reading:
    """Queries over one connection, which is used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, queries: Queries) -> None:
        self._connection = connection
        self._queries = queries

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    # Reading back

    def load(self, actor: str) -> ActorImage | None:
        """All that is needed to bring an actor back; None if it never had a turn."""
        with self._instant():
            found = self._row("actor", actor)
            if found is None:
                return None
            pk, retirement, version, snapshot_version, snapshot = found
            sessions = json.loads(self._row("sessions_of_actor", pk)[0])
            if version == 0 and not sessions:
                return None
            return ActorImage(
                version=version,
                snapshot=snapshot,
                snapshot_version=snapshot_version,
                retirement=Retirement(retirement),
                turns=[] if retirement == Retirement.ERASED else self._turns(pk, snapshot_version),
                timers=[DueTimer(actor, *row) for row in self._rows("timers_of_actor", pk)],
                effects=[OpenEffect(actor, *row) for row in self._rows("effects_of_actor", pk)],
                open_commands=[OpenCommand(*row) for row in self._rows("open_commands_of_actor", pk)],
                sessions={session: (last, bool(ended)) for session, last, ended in sessions},
            )

    def _turns(self, actor: int, after: int) -> list[LoggedTurn]:
        return [LoggedTurn(version, body) for (version,), body in self._packed("turns_after", actor, after)]

    def history(self, actor: str, after: int, limit: int) -> list[FeedEntry]:
        """Rows of one actor's log."""
        rows = self._packed("history", actor, after, limit)
        return [FeedEntry(position, actor, version, at, body) for (position, version, at), body in rows]

    def outcome(self, actor: str, command_id: str) -> RecordedOutcome | None:
        """What is recorded of a command."""
        found = self._row("outcome", command_id, actor)
        if found is None:
            return None
        version, digest, outcome, erased = found
        return RecordedOutcome(version, digest, outcome, bool(erased))

    def mail(self, shards: Collection[int], after: int, limit: int) -> list[Mail]:
        """Mail that no turn has ticked off."""
        return [Mail(*row) for row in self._rows("mail", after, json.dumps(list(shards)), limit)]

    def effects(self, shards: Collection[int]) -> list[OpenEffect]:
        """Effects that have no end."""
        return [OpenEffect(*row) for row in self._rows("effects", json.dumps(list(shards)))]

    def due(self, shards: Collection[int], until: int, limit: int) -> list[DueTimer]:
        """Timers that fall due."""
        return [DueTimer(*row) for row in self._rows("due", until, json.dumps(list(shards)), limit)]

    def feed(self, after: int, limit: int) -> list[FeedEntry]:
        """Rows of the whole log."""
        rows = self._packed("feed", after, limit)
        return [FeedEntry(position, actor, version, at, body) for (position, actor, version, at), body in rows]

    # Showing

    def session(self, owner: str, session: str, after: int, limit: int) -> SessionPage:
        """Events of a session."""
        with self._instant():
            found = self._row("session", owner, session)
            if found is None:
                return SessionPage([], ended=False)
            pk, ended = found
            rows = self._packed("session_events", pk, after, limit)
            events = [
                SessionEvent(session, number, name, body, at, bool(terminal))
                for (number, name, at, terminal), body in rows
            ]
            return SessionPage(events, ended=bool(ended))

    def document(self, name: str, scope: str, key: str) -> Document | None:
        """The document under this key."""
        found = self._row("document", name, scope, key)
        return None if found is None else Document(name, scope, key, *found)

    def documents(self, query: DocumentQuery) -> list[tuple[Document, str | int | None]]:
        """Documents in order, each with its value of the attribute ordered by."""
        rows = self._connection.execute(*documents_query(query)).fetchall()
        return [(Document(query.name, query.scope, *columns), value) for *columns, value in rows]

    def all_documents(
        self, name: str, after: tuple[str, str], limit: int
    ) -> list[tuple[Document, Mapping[str, str | int]]]:
        """Documents of a name after a scope and key, with their attributes."""
        rows = self._rows("all_documents", name, *after, limit)
        return [(Document(name, *columns), json.loads(attributes or "{}")) for *columns, attributes in rows]

    def checkpoint(self, projector: str) -> Checkpoint:
        """How far a projector has come."""
        found = self._row("checkpoint", projector)
        return Checkpoint(0) if found is None else Checkpoint(*found)

    # Keeping house

    def actors(self, kind: str, after: str, limit: int) -> list[str]:
        """Actor ids in order."""
        first, last = kind_range(kind)
        found: list[str] = json.loads(self._row("actors", max(first, after), last, limit)[0])
        return found

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """The newest dead letters first."""
        return [DeadLetter(*row) for row in self._rows("dead_letters", limit)]

    def sessions_ended(self, before: int, limit: int) -> list[tuple[str, str]]:
        """Owner and id of sessions that may be folded."""
        return self._rows("sessions_ended", before, limit)

    def erasable(self) -> list[str]:
        """Actors that wait for their erasure."""
        found: list[str] = json.loads(self._row("erasable")[0])
        return found

    def check(self) -> list[str]:
        """What is wrong with pages, indexes and references."""
        try:
            pages = [row[0] for row in self._connection.execute("pragma integrity_check").fetchall()]
            references = self._connection.execute("pragma foreign_key_check").fetchall()
        except sqlite3.DatabaseError as malformed:
            return [str(malformed)]
        dangling = [f"row {row} of {table} refers to no row of {parent}" for table, row, parent, _ in references]
        return [finding for finding in pages if finding != "ok"] + dangling

    def backup(self, path: Path) -> None:
        """Copies the file as of one instant. Raises: Rejected if `path` exists."""
        try:
            path.open("xb").close()
        except FileExistsError as taken:
            raise Rejected("backup_exists", f"{str(path)!r} exists already", "path") from taken
        try:
            with closing(sqlite3.connect(path)) as copy:
                self._connection.backup(copy)
        except BaseException:
            path.unlink()
            raise

    def info(self, path: Path) -> JournalInfo:
        """What there is, in numbers."""
        with self._instant():
            cursor = self._connection.execute(self._queries["count_rows"])
            names = [column[0] for column in cursor.description]
            counts = dict(zip(names, cursor.fetchone(), strict=True))
            schema = self._connection.execute("pragma user_version").fetchone()[0]
        last_position = counts.pop("last_position")
        parts = (path, path.with_name(f"{path.name}-wal"))
        size = sum(part.stat().st_size for part in parts if part.exists())
        return JournalInfo("sqlite", str(path), schema, size, counts, last_position)

    # The connection

    @contextmanager
    def _instant(self) -> Iterator[None]:
        self._connection.execute("begin")
        try:
            yield
        finally:
            self._connection.execute("rollback")

    def _row(self, name: str, *columns: SqlValue) -> Any:
        return self._connection.execute(self._queries[name], columns).fetchone()

    def _rows(self, name: str, *columns: SqlValue) -> list[Any]:
        return self._connection.execute(self._queries[name], columns).fetchall()

    def _packed(self, name: str, *columns: SqlValue) -> Iterator[tuple[list[Any], bytes]]:
        """The rows of a query that joins them to one.

        For each row the driver lets go of the interpreter's lock and waits for it again: beside a busy event loop a
        thousand rows take seven times as long as one row that holds them all.
        """
        described, joined = self._row(name, *columns)
        rows = json.loads(described)
        places = pairwise(accumulate((row.pop() for row in rows), initial=0))
        return zip(rows, (joined[start:end] for start, end in places), strict=True)
