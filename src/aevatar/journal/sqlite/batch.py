"""Makes few statements of many records; their result is that of storing one record after the other.

Says nothing about verdicts: a record that does not follow what is stored makes the whole batch fail.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from aevatar.journal.records import DocumentWrite, EffectState, Mail, Retirement, SessionEvent, TimerSet, TurnRecord
from aevatar.journal.sqlite.known import Known, KnownRow
from aevatar.journal.sqlite.sql import Queries, SqlValue

# What is removed goes before what is added: what one batch adds and removes again never gets as far as here.
_STATEMENTS: Final = (
    "add_actors",
    "add_turns",
    "set_snapshots",
    "retire_actors",
    "open_commands",
    "conclude_commands",
    "close_commands",
    "post_new_mail",
    "clear_timers",
    "set_timers",
    "start_effects",
    "end_effects",
    "write_documents",
    "add_sessions",
    "add_session_events",
    "end_sessions",
    "bury",
)

_Row = tuple[SqlValue, ...]


class DoesNotFollow(Exception):
    """A version or a number is not the next one, or mail that is ticked off does not wait."""


class Batch:
    """The rows of many records, each statement's columns in one flat list."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._rows: dict[str, list[SqlValue]] = {name: [] for name in _STATEMENTS}
        self._turns = self._rows["add_turns"]
        # What a later record of the batch may still replace or take back, by its key.
        self._retired: dict[int, _Row] = {}
        self._concluded: dict[tuple[int, str], _Row] = {}
        self._mail: dict[tuple[str, str], Mail] = {}
        self._mail_done: dict[tuple[str, str], None] = {}
        self._timers: dict[tuple[int, str], tuple[int, TimerSet]] = {}
        self._started: dict[str, list[SqlValue]] = {}
        self._ended: dict[str, _Row] = {}
        self._documents: dict[tuple[str, str, str], tuple[DocumentWrite, _Row]] = {}
        self._sessions_ended: dict[int, _Row] = {}

    def add(self, record: TurnRecord) -> None:
        """Raises: DoesNotFollow; what has been added so far is of no use then, and neither is what is known."""
        if record.version is not None:
            self._add_turn(record, record.version)
        if record.retirement is not Retirement.NO:
            pk = self._actor(record).pk
            self._retired[pk] = (pk, record.retirement)
        if record.opened is not None or record.concluded:
            self._settle_commands(record)
        if record.mail_done or record.mail:
            self._pass_mail(record)
        if record.timers_cleared or record.timers_set:
            self._set_timers(record)
        if record.effects_started or record.effects_ended:
            self._note_effects(record)
        if record.documents:
            self._write_documents(record)
        if record.shown:
            self._show(record)
        for letter in record.dead:
            self._rows["bury"] += (letter.id, letter.actor, letter.reason, letter.body, letter.at)

    def write(self, connection: sqlite3.Connection, queries: Queries) -> None:
        """Executes the statements, inside the transaction of the caller. Raises: DoesNotFollow."""
        if self._mail_done:
            self._tick_off(connection, queries)
        self._flatten()
        for name, columns in self._rows.items():
            if columns:
                queries.many(name).execute(connection, columns)

    def _actor(self, record: TurnRecord) -> KnownRow:
        actor = self._known.actor(record.actor)
        if actor is None:
            actor = self._known.new_actor(record.actor)
            self._rows["add_actors"] += (actor.pk, record.actor, record.shard)
        return actor

    def _add_turn(self, record: TurnRecord, version: int) -> None:
        actor = self._actor(record)
        if version != actor.last + 1:
            raise DoesNotFollow
        actor.last = version
        opened = record.opened is not None
        row = (actor.pk, version, record.at, record.command_id, record.digest, opened, record.outcome, record.body)
        self._turns += row
        if record.snapshot is not None:
            self._rows["set_snapshots"] += (actor.pk, version, record.snapshot)

    def _settle_commands(self, record: TurnRecord) -> None:
        pk = self._actor(record).pk
        if record.opened is not None:
            self._concluded.pop((pk, record.opened.command_id), None)  # it was not open yet
            self._rows["open_commands"] += (pk, record.opened.command_id, record.opened.reply_to)
        for command_id, outcome in record.concluded:
            self._concluded.setdefault((pk, command_id), (pk, command_id, outcome))

    def _pass_mail(self, record: TurnRecord) -> None:
        for mail_id in set(record.mail_done):
            place = (mail_id, record.actor)
            if place in self._mail or place in self._mail_done:  # no runtime is that fast: one after the other, then
                raise DoesNotFollow
            self._mail_done[place] = None
        for mail in record.mail:
            self._mail.setdefault((mail.id, mail.target), mail)

    def _set_timers(self, record: TurnRecord) -> None:
        pk = self._actor(record).pk
        for name, generation in record.timers_cleared:
            pending = self._timers.get((pk, name))
            if pending is not None and pending[1].generation <= generation:
                del self._timers[pk, name]
            self._rows["clear_timers"] += (pk, name, generation)
        for timer in record.timers_set:
            pending = self._timers.get((pk, timer.name))
            if pending is None or pending[1].generation < timer.generation:
                self._timers[pk, timer.name] = (record.shard, timer)

    def _note_effects(self, record: TurnRecord) -> None:
        pk = self._actor(record).pk
        for effect in record.effects_started:
            self._ended.pop(effect.id, None)
            state = EffectState.STARTED
            row: list[SqlValue] = [effect.id, pk, record.shard, effect.type, effect.body, effect.runner, state, None]
            self._started[effect.id] = row
        for effect_id, state in record.effects_ended:
            pending = self._started.get(effect_id)
            if pending is None:
                self._ended.setdefault(effect_id, (effect_id, pk, state, record.at))
            elif pending[1] == pk and pending[-2] == EffectState.STARTED:
                pending[-2:] = state, record.at

    def _write_documents(self, record: TurnRecord) -> None:
        pk = self._actor(record).pk
        for document in record.documents:
            place = (document.name, document.scope, document.key)
            earlier = self._documents.get(place)
            # A hot actor writes its document once for each batch, not for each turn. Only where the later write leaves
            # attributes as the earlier one set them are both needed.
            if earlier is not None and (document.index is None and earlier[0].index is not None):
                self._rows["write_documents"] += earlier[1]
            if earlier is None or earlier[0].version < document.version:
                self._documents[place] = (document, document_row(document, actor=pk, at=record.at))

    def _show(self, record: TurnRecord) -> None:
        pk = self._actor(record).pk
        for event in record.shown:
            session = self._known.session(pk, event.session)
            if session is None:
                session = self._known.new_session(pk, event.session)
                self._rows["add_sessions"] += (session.pk, pk, event.session)
            if event.number != session.last + 1 or session.expired:
                raise DoesNotFollow
            session.last = event.number
            self._rows["add_session_events"] += event_row(event, session=session.pk)
            if event.terminal:
                self._sessions_ended[session.pk] = (session.pk, event.at)

    def _tick_off(self, connection: sqlite3.Connection, queries: Queries) -> None:
        before = connection.total_changes
        queries.many("tick_off_mail").execute(connection, [column for place in self._mail_done for column in place])
        if connection.total_changes - before != len(self._mail_done):
            raise DoesNotFollow

    def _flatten(self) -> None:
        rows = self._rows
        for row in self._retired.values():
            rows["retire_actors"] += row
        for row in self._concluded.values():
            rows["conclude_commands"] += row
            rows["close_commands"] += row[:2]
        for mail in self._mail.values():
            rows["post_new_mail"] += mail_row(mail)
        for (actor, _), (shard, timer) in self._timers.items():
            rows["set_timers"] += (actor, timer.name, shard, timer.generation, timer.due, timer.body)
        for started in self._started.values():
            rows["start_effects"] += started
        for row in self._ended.values():
            rows["end_effects"] += row
        for _, row in self._documents.values():
            rows["write_documents"] += row
        for row in self._sessions_ended.values():
            rows["end_sessions"] += row


def mail_row(mail: Mail) -> _Row:
    """The columns of `post_mail`."""
    return mail.id, mail.target, mail.shard, mail.digest, mail.body


def document_row(document: DocumentWrite, *, actor: int | None, at: int) -> _Row:
    """The columns of `write_documents`."""
    index = document.index
    # Sorted, so that equal attributes are equal texts and the index is left alone.
    attributes = None if index is None else msgspec.json.encode(dict(index), order="sorted").decode()
    return document.name, document.scope, document.key, actor, document.version, at, attributes, document.body


def event_row(event: SessionEvent, *, session: int) -> _Row:
    """The columns of `add_session_events`."""
    return session, event.number, event.name, event.body, event.at, event.terminal
