"""Turns a batch of records into the arguments of one statement.

Rows of one key would get in each other's way within a statement. So what several turns of an actor do to the same
timer, effect or document is folded here, and only what is left of it is written. Rows are sorted by key: two batches
that touch the same rows take them in the same order, and cannot wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from typing import Any, TypeVar

from aevatar.journal.postgres.documents import encoded_index
from aevatar.journal.postgres.sql import Part, columns
from aevatar.journal.records import DocumentWrite, EffectState, Mail, Retirement, TimerSet, TurnRecord

Row = tuple[Any, ...]
Key = tuple[str, str]
_K = TypeVar("_K", str, Key, tuple[str, str, str])
_V = TypeVar("_V")


class OutOfOrder(Exception):
    """The records do not follow each other as they should, so they cannot be stored as one."""


@dataclass(slots=True)
class _Run:
    """Consecutive numbers that the batch adds: versions of a log, or events of a session."""

    shard: int
    last: int
    added: int = 0
    retirement: Retirement = Retirement.NO
    ended_at: int | None = None

    def add(self, number: int) -> None:
        if number != self.last + 1:
            raise OutOfOrder
        self.last = number
        self.added += 1


class Batch:
    """What the records of a batch come to, table by table. Raises: OutOfOrder."""

    def __init__(self, records: Sequence[TurnRecord]) -> None:
        self._shards = {record.actor: record.shard for record in records}
        self._heads: dict[str, _Run] = {}
        self._sessions: dict[Key, _Run] = {}
        self._turns: list[Row] = []
        self._events: list[Row] = []
        self._snapshots: dict[str, Row] = {}
        self._opened: dict[Key, Row] = {}
        self._concluded: dict[Key, Row] = {}
        self._mail: dict[Key, Row] = {}
        self._mail_done: set[Key] = set()
        self._places = count()
        self._timers: dict[Key, tuple[int, TimerSet]] = {}
        self._timers_cleared: dict[Key, int] = {}
        self._effects: dict[str, Row] = {}
        self._effects_ended: dict[str, Row] = {}
        self._dead: dict[str, Row] = {}
        self._documents = Documents()
        for record in records:
            self._add(record)

    @property
    def grows_the_log(self) -> bool:
        """Whether readers of the log will find something new."""
        return bool(self._turns)

    def parts(self, owner: str) -> list[Part]:
        """The parts of the committing statement, for a batch of `owner`."""
        shards = sorted(set(self._shards.values()))
        heads, sessions = _by_key(self._heads), _by_key(self._sessions)
        begin = [
            shards,
            owner,
            *columns(((key, run.shard, run.added, run.retirement) for key, run in heads), 4),
            *columns(((*key, run.shard, run.added, run.ended_at) for key, run in sessions), 5),
        ]
        checks: list[Part] = [
            ("commit_checks", [len(shards), [run.last for _, run in heads], [run.last for _, run in sessions]])
        ]
        if self._mail_done:
            checks.append(("mail_check", [len(self._mail_done)]))
        optional = [(name, columns(rows, 0)) for name, rows in self._rows() if rows]
        return [("commit_begin", begin), *optional, *self._documents.parts(), *checks, ("commit_end", [])]

    def premises(self, owner: str) -> list[Any]:
        """What the batch takes for granted, as the arguments of the question which actors it is wrong about."""
        heads = ((actor, run.last - run.added) for actor, run in self._heads.items())
        sessions = ((*key, run.last - run.added) for key, run in self._sessions.items())
        commands = ((row[1], row[5]) for row in self._turns if row[5] is not None)
        groups = ((self._shards.items(), 2), (heads, 2), (commands, 2), (sessions, 3), (self._mail_done, 2))
        return [owner, *(column for rows, width in groups for column in columns(rows, width))]

    def _rows(self) -> Iterator[tuple[str, list[Row]]]:
        yield "turns", self._turns
        yield "session_events", self._events
        yield "snapshots", _sorted(self._snapshots)
        yield "opened", _sorted(self._opened)
        yield "concluded", _sorted(self._concluded)
        yield "mail_done", sorted(self._mail_done)
        yield "mail", _sorted(self._mail)
        yield "timers_cleared", [(*key, generation) for key, generation in _by_key(self._timers_cleared)]
        timers = _by_key(self._timers)
        yield "timers", [(*key, shard, set_.generation, set_.due, set_.body) for key, (shard, set_) in timers]
        yield "effects", _sorted(self._effects)
        yield "effects_ended", _sorted(self._effects_ended)
        yield "dead_letters", _sorted(self._dead)

    def _add(self, record: TurnRecord) -> None:
        if record.version is not None:
            self._log(record, record.version)
        if record.shown:
            self._show(record)
        self._settle_commands(record)
        self._pass_mail(record)
        self._set_timers(record)
        self._note_effects(record)
        for document in record.documents:
            self._documents.add(document, actor=record.actor, at=record.at)
        for letter in record.dead:
            self._dead[letter.id] = (len(self._dead), letter.id, letter.actor, letter.reason, letter.body, letter.at)

    def _log(self, record: TurnRecord, version: int) -> None:
        head = self._heads.get(record.actor)
        if head is None:
            head = self._heads[record.actor] = _Run(record.shard, version - 1)
        head.add(version)
        head.retirement = record.retirement or head.retirement
        row = (len(self._turns), record.actor, version, record.shard, record.at)
        self._turns.append((*row, record.command_id, record.digest, record.outcome, record.body))
        if record.snapshot is not None:
            self._snapshots[record.actor] = (record.actor, version, record.snapshot)

    def _show(self, record: TurnRecord) -> None:
        for event in record.shown:
            key = (record.actor, event.session)
            session = self._sessions.get(key)
            if session is None:
                session = self._sessions[key] = _Run(record.shard, event.number - 1)
            session.add(event.number)
            session.ended_at = event.at if event.terminal else session.ended_at
            self._events.append((*key, event.number, event.name, event.body, event.at, event.terminal))

    def _settle_commands(self, record: TurnRecord) -> None:
        if record.opened is not None:
            command = record.opened
            row = (len(self._opened), record.actor, command.command_id, command.reply_to, None)
            self._opened[record.actor, command.command_id] = row
        for command_id, outcome in record.concluded:
            key = (record.actor, command_id)
            if key in self._opened:
                self._opened[key] = (*self._opened[key][:-1], outcome)
            else:
                self._concluded.setdefault(key, (*key, outcome))

    def _pass_mail(self, record: TurnRecord) -> None:
        for mail_id in set(record.mail_done):
            key = (record.actor, mail_id)
            if key in self._mail or key in self._mail_done:  # no runtime is that fast: one after the other, then
                raise OutOfOrder
            self._mail_done.add(key)
        for mail in record.mail:
            key = (mail.target, mail.id)
            if key in self._mail_done:  # the parts of a statement run in no order
                raise OutOfOrder
            self._mail.setdefault(key, mail_row(next(self._places), mail))

    def _set_timers(self, record: TurnRecord) -> None:
        for name, generation in record.timers_cleared:
            key = (record.actor, name)
            if key in self._timers and self._timers[key][1].generation <= generation:
                del self._timers[key]
            if key not in self._timers:
                self._timers_cleared[key] = max(generation, self._timers_cleared.get(key, generation))
        for timer in record.timers_set:
            key = (record.actor, timer.name)
            if key not in self._timers or self._timers[key][1].generation < timer.generation:
                self._timers[key] = (record.shard, timer)
                self._timers_cleared.pop(key, None)  # the new generation takes the place of what is cleared

    def _note_effects(self, record: TurnRecord) -> None:
        for effect in record.effects_started:
            row = (len(self._effects), effect.id, record.actor, record.shard, effect.type, effect.runner)
            self._effects[effect.id] = (*row, effect.body, EffectState.STARTED, None)
        for effect_id, state in record.effects_ended:
            if effect_id in self._effects:
                self._effects[effect_id] = (*self._effects[effect_id][:-2], state, record.at)
            else:
                self._effects_ended.setdefault(effect_id, (effect_id, record.actor, state, record.at))


class Documents:
    """Writes of documents, of which the newest of each remains."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str, str], Row] = {}
        self._indexes: dict[tuple[str, str, str], Row] = {}

    def add(self, write: DocumentWrite, *, actor: str, at: int) -> None:
        """Takes a write of `actor`, unless one as new is here."""
        key = (write.name, write.scope, write.key)
        known = self._newest.get(key)
        if known is not None and known[4] >= write.version:
            return
        self._newest[key] = (*key, actor, write.version, at, write.body)
        if write.index is not None:
            self._indexes[key] = (*key, write.version, encoded_index(write.index))

    def parts(self) -> Iterator[Part]:
        """The parts of a statement that write them."""
        if self._newest:
            yield "documents", columns(_sorted(self._newest), 7)
        if self._indexes:
            yield "attributes", columns(_sorted(self._indexes), 5)


def mail_row(place: int, mail: Mail) -> Row:
    """A row for the mail table; `place` is its place within the statement."""
    return (place, mail.target, mail.id, mail.shard, mail.digest, mail.body)


def _by_key(rows: Mapping[_K, _V]) -> list[tuple[_K, _V]]:
    return sorted(rows.items(), key=itemgetter(0))


def _sorted(rows: Mapping[_K, Row]) -> list[Row]:
    return [rows[key] for key in sorted(rows)]
