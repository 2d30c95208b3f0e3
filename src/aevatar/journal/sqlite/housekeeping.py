"""The changes that are not turns: effects taken, projections, folding, expiry, erasure. Each is one unit."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence

from aevatar.errors import Misassembled
from aevatar.journal.records import Checkpoint, DocumentWrite, SessionEvent
from aevatar.journal.sqlite.batch import document_row, event_row
from aevatar.journal.sqlite.sql import Queries, SqlValue, kind_range


class Housekeeping:
    """Works inside a transaction of its caller. `forget` is told when what the writer remembers of rows has changed."""

    def __init__(self, connection: sqlite3.Connection, queries: Queries, *, forget: Callable[[], None]) -> None:
        self._connection = connection
        self._queries = queries
        self._forget = forget

    def take(self, effect_ids: Sequence[str], runner: str) -> None:
        """Notes who runs these effects."""
        self._execute("take_effects", runner, json.dumps(effect_ids))

    def project(
        self, projector: str, checkpoint: Checkpoint, documents: Sequence[DocumentWrite], *, after: int
    ) -> bool:
        """Stores documents and how far their projector has come, unless it is not at `after` any more.

        They count as written when the newest turn was: a journal without a clock has no other time.
        """
        known = self._connection.execute(self._queries["checkpoint"], (projector,)).fetchone()
        if (known[0] if known is not None else 0) != after:
            return False
        newest = self._connection.execute(self._queries["newest_time"]).fetchone()
        at = newest[0] if newest is not None else 0
        columns = [column for document in documents for column in document_row(document, actor=None, at=at)]
        self._queries.many("write_documents").execute(self._connection, columns)
        self._execute("set_checkpoint", projector, checkpoint.position, checkpoint.parked)
        return True

    def restart_projector(self, projector: str, names: Collection[str]) -> None:
        """Removes documents by their names, and how far their projector has come."""
        self._execute("remove_documents", json.dumps(list(names)))
        self._execute("set_checkpoint", projector, 0, "")

    def replace_documents(self, actor: str, version: int, documents: Sequence[DocumentWrite]) -> bool:
        """Puts documents in the place of what is there, if the log of their actor still ends at `version`."""
        found = self._connection.execute(self._queries["end_of_log"], (actor,)).fetchone()
        if found is None or found[1] != version:
            return False
        pk, _, at = found
        for document in documents:
            self._execute("remove_document", document.name, document.scope, document.key)
        columns = [column for document in documents for column in document_row(document, actor=pk, at=at)]
        self._queries.many("write_documents").execute(self._connection, columns)
        return True

    def rewrite_session(self, owner: str, session: str, events: Sequence[SessionEvent]) -> None:
        """Replaces the events of a session, unless it has gone or was folded meanwhile."""
        found = self._connection.execute(self._queries["session"], (owner, session)).fetchone()
        if found is None or not self._execute("mark_folded", found[0]):
            return
        self._execute("forget_session_events", found[0])
        columns = [column for event in events for column in event_row(event, session=found[0])]
        self._queries.many("add_session_events").execute(self._connection, columns)

    def rename_kind(self, old: str, new: str) -> int:
        """Moves the actors of a kind to another. Raises: Misassembled when one exists under both."""
        self._forget()
        kinds = {"old": old, "new": new}
        self._connection.execute(self._queries["remove_bare_actors"], kinds)
        both = self._connection.execute(self._queries["actor_of_both_kinds"], kinds).fetchone()
        if both is not None:
            raise Misassembled(f"{both[0]!r} cannot become a {new!r}: there is one of the same scope and key already")
        self._connection.execute(self._queries["rename_mail"], kinds)
        self._connection.execute(self._queries["rename_dead_letters"], kinds)
        return self._connection.execute(self._queries["rename_actors"], kinds).rowcount

    def expire_sessions(self, kind: str, before: int, limit: int) -> int:
        """Removes the events of at most `limit` sessions; answers of how many."""
        self._forget()
        columns = (before, *kind_range(kind), limit)
        expired = self._connection.execute(self._queries["expire_sessions"], columns).fetchall()
        self._execute("remove_session_events", json.dumps([pk for (pk,) in expired]))
        return len(expired)

    def sweep(self, before: int, limit: int) -> int:
        """Removes at most `limit` dead letters and as many effects; answers how many rows went."""
        return self._execute("sweep_dead_letters", before, limit) + self._execute("sweep_effects", before, limit)

    def erase(self, actor: str) -> None:
        """Empties the log of an actor and removes all else that is recorded of it."""
        found = self._connection.execute(self._queries["actor"], (actor,)).fetchone()
        if found is None:
            return
        pk, _, version, _, _ = found
        self._empty_turns(pk, through=version)
        for what in ("snapshot", "open_commands", "timers", "effects", "sessions", "documents", "dead_letters"):
            self._execute(f"erase_{what}", pk)
        self._execute("mark_erased", pk)
        self._forget()

    def erase_through(self, actor: str, through: int, snapshot: tuple[int, bytes] | None) -> None:
        """Empties the log of an actor up to a version, for which `snapshot` stands then."""
        found = self._connection.execute(self._queries["actor"], (actor,)).fetchone()
        if found is None:
            return
        pk, _, version, _, _ = found
        self._empty_turns(pk, through=min(through, version))
        if snapshot is not None:
            self._execute("put_snapshot", pk, *snapshot)

    def _empty_turns(self, actor: int, *, through: int) -> None:
        self._execute("empty_turns", actor, through)
        self._execute("note_erasure", through, actor)

    def _execute(self, name: str, *columns: SqlValue) -> int:
        return self._connection.execute(self._queries[name], columns).rowcount
