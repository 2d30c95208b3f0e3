"""What the writer remembers of actors and sessions, so that a batch is checked without reading.

It is true because nobody else writes, and only as long as nothing is rolled back: then all of it is forgotten.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aevatar.journal.records import TurnRecord
from aevatar.journal.sqlite.sql import Queries

_LIMIT: Final = 50_000


@dataclass(slots=True)
class KnownRow:
    """The key of an actor or of a session, and the last version or number it has; a session may have `expired`."""

    pk: int
    last: int = 0
    expired: bool = False


class Known:
    """Actors by id, sessions by the key of their actor and id."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._actors: dict[str, KnownRow] = {}
        self._sessions: dict[tuple[int, str], KnownRow] = {}
        self._next_actor = self._next_session = 0

    def forget(self) -> None:
        """Drops everything: what was rolled back or removed must not be believed any longer."""
        self._actors.clear()
        self._sessions.clear()
        self._next_actor = self._next_session = 0

    def learn(self, connection: sqlite3.Connection, records: Sequence[TurnRecord]) -> None:
        """Reads what these records need and is not known yet."""
        if len(self._actors) + len(self._sessions) > _LIMIT:
            self.forget()
        if self._next_actor == 0:
            self._next_actor, self._next_session = connection.execute(self._queries["next_keys"]).fetchone()
        self._learn_actors(connection, records)
        self._learn_sessions(connection, records)

    def actor(self, actor: str) -> KnownRow | None:
        """The actor, if it has a row."""
        return self._actors.get(actor)

    def session(self, actor: int, session: str) -> KnownRow | None:
        """The session, if it has a row."""
        return self._sessions.get((actor, session))

    def new_actor(self, actor: str) -> KnownRow:
        """The key for the row of an actor that has none."""
        new = self._actors[actor] = KnownRow(self._next_actor)
        self._next_actor += 1
        return new

    def new_session(self, actor: int, session: str) -> KnownRow:
        """The key for the row of a session that has none."""
        new = self._sessions[actor, session] = KnownRow(self._next_session)
        self._next_session += 1
        return new

    def _learn_actors(self, connection: sqlite3.Connection, records: Sequence[TurnRecord]) -> None:
        missing = {record.actor for record in records}.difference(self._actors)
        if missing:
            found = connection.execute(self._queries["find_actors"], (json.dumps(list(missing)),)).fetchone()[0]
            self._actors.update((actor, KnownRow(pk, last)) for actor, pk, last in json.loads(found))

    def _learn_sessions(self, connection: sqlite3.Connection, records: Sequence[TurnRecord]) -> None:
        shown = {
            (actor.pk, event.session)
            for record in records
            if record.shown and (actor := self._actors.get(record.actor)) is not None
            for event in record.shown
        }
        missing = shown.difference(self._sessions)
        if missing:
            found = connection.execute(self._queries["find_sessions"], (json.dumps(list(missing)),)).fetchone()[0]
            self._sessions.update(((actor, key), KnownRow(*row)) for actor, key, *row in json.loads(found))
