"""Stores turns and mail inside a transaction: all at once, or taken apart until each has its own verdict."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

from aevatar.journal.records import Mail, SessionEvent, TurnRecord, Verdict
from aevatar.journal.sqlite.batch import Batch, DoesNotFollow, mail_row
from aevatar.journal.sqlite.known import Known, KnownRow
from aevatar.journal.sqlite.sql import Queries, savepoint

_Item = TypeVar("_Item")

REFUSALS = (DoesNotFollow, sqlite3.IntegrityError)
"""What `store` and `post` raise when something in a batch is refused, but not yet known what."""


class Committer:
    """What the writer's connection knows about storing. Beginning and ending the transaction is the caller's."""

    def __init__(self, connection: sqlite3.Connection, queries: Queries) -> None:
        self._connection = connection
        self._queries = queries
        self._known = Known(queries)

    def forget(self) -> None:
        """To be called when something was rolled back or removed."""
        self._known.forget()

    def store(self, records: Sequence[TurnRecord]) -> None:
        """Stores all. Raises: one of `REFUSALS`; then the caller rolls back."""
        self._known.learn(self._connection, records)
        batch = Batch(self._known)
        for record in records:
            batch.add(record)
        batch.write(self._connection, self._queries)

    def post(self, mail: Sequence[Mail]) -> None:
        """Stores all. Raises: one of `REFUSALS` when some mail is there already; then the caller rolls back."""
        columns = [column for each in mail for column in mail_row(each)]
        self._queries.many("post_mail").execute(self._connection, columns)

    def settle(self, records: Sequence[TurnRecord]) -> list[Verdict]:
        """Stores those records that can be stored, in order."""
        stale = set[str]()

        def attempt(part: Sequence[TurnRecord]) -> None:
            if not stale.isdisjoint(record.actor for record in part):
                raise DoesNotFollow
            self.store(part)

        return self._divided(records, attempt, lambda record: self._judged(record, stale))

    def settle_mail(self, mail: Sequence[Mail]) -> list[Verdict]:
        """Stores what is not there yet."""
        return self._divided(mail, self.post, self._judged_mail)

    def _divided(
        self, items: Sequence[_Item], attempt: Callable[[Sequence[_Item]], None], alone: Callable[[_Item], Verdict]
    ) -> list[Verdict]:
        # A few refused ones among hundreds are found in few attempts, and the rest is stored as fast as ever.
        if len(items) == 1:
            return [alone(items[0])]
        try:
            with savepoint(self._connection):
                attempt(items)
        except REFUSALS:
            self._known.forget()
            middle = len(items) // 2
            return self._divided(items[:middle], attempt, alone) + self._divided(items[middle:], attempt, alone)
        return [Verdict.COMMITTED] * len(items)

    def _judged(self, record: TurnRecord, stale: set[str]) -> Verdict:
        self._known.learn(self._connection, [record])
        if self._holds(record):
            return Verdict.COMMITTED
        refusal = self._refusal(record, stale)
        if refusal is not None:
            if refusal is not Verdict.REPEATED or record.version is not None:
                stale.add(record.actor)
            return refusal
        self.store([record])
        return Verdict.COMMITTED

    def _holds(self, record: TurnRecord) -> bool:
        actor = self._known.actor(record.actor)
        if actor is None:
            return False
        if record.version is None:
            return bool(record.shown) and all(self._shows(actor, event) for event in record.shown)
        found = self._connection.execute(self._queries["turn_of_version"], (actor.pk, record.version)).fetchone()
        if found is None:
            return False
        command_id, digest, opened, outcome, body = found
        # A command that was left open may have been concluded since: then the outcome is not this record's.
        same_outcome = bool(opened) if record.opened is not None else bool(outcome == record.outcome)
        return same_outcome and (command_id, digest, body) == (record.command_id, record.digest, record.body)

    def _shows(self, actor: KnownRow, event: SessionEvent) -> bool:
        session = self._known.session(actor.pk, event.session)
        if session is None or event.number > session.last:
            return False
        found = self._connection.execute(self._queries["session_event"], (session.pk, event.number)).fetchone()
        same: bool = found == (event.name, event.body, event.at, event.terminal)
        return same

    def _refusal(self, record: TurnRecord, stale: set[str]) -> Verdict | None:
        actor = self._known.actor(record.actor) or KnownRow(0)
        if record.version is not None and self._knows_command(actor, record.command_id):
            return Verdict.REPEATED
        if record.actor in stale or (record.version is not None and record.version != actor.last + 1):
            return Verdict.CONFLICT
        if not self._numbers_follow(actor, record.shown):
            return Verdict.CONFLICT
        waits = all(self._digest_of_mail(mail_id, record.actor) is not None for mail_id in record.mail_done)
        return None if waits else Verdict.REPEATED

    def _knows_command(self, actor: KnownRow, command_id: str | None) -> bool:
        found = self._connection.execute(self._queries["knows_command"], (command_id, actor.pk)).fetchone()
        return found is not None

    def _numbers_follow(self, actor: KnownRow, shown: Sequence[SessionEvent]) -> bool:
        last: dict[str, int] = {}
        for event in shown:
            session = self._known.session(actor.pk, event.session) or KnownRow(0)
            if event.number != last.get(event.session, session.last) + 1 or session.expired:
                return False
            last[event.session] = event.number
        return True

    def _judged_mail(self, mail: Mail) -> Verdict:
        found = self._digest_of_mail(mail.id, mail.target)
        if found is None:
            self.post([mail])
            return Verdict.COMMITTED
        return Verdict.COMMITTED if found == mail.digest else Verdict.CONFLICT

    def _digest_of_mail(self, mail_id: str, target: str) -> bytes | None:
        found = self._connection.execute(self._queries["digest_of_mail"], (mail_id, target)).fetchone()
        return None if found is None else found[0]
