"""A journal that fails on purpose: by a script, or by a seeded die.

It wraps any journal and stays within the port: what it does to a caller, a disk, a network or another process could do.
Delays pass in the time of the event loop, so under virtual time they cost nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

import anyio

from aevatar.errors import Unavailable
from aevatar.journal.port import Journal
from aevatar.journal.records import (
    ActorImage,
    Checkpoint,
    DeadLetter,
    Document,
    DocumentQuery,
    DocumentWrite,
    DueTimer,
    FeedEntry,
    JournalInfo,
    Mail,
    OpenEffect,
    RecordedOutcome,
    SessionEvent,
    SessionPage,
    TurnRecord,
    Verdict,
)

T = TypeVar("T")


class Crashed(BaseException):
    """The process died here. Not an `Exception`: nothing in a program survives its own death."""


class Fault(Enum):
    """What goes wrong with one call."""

    CONFLICT = "conflict"
    """One actor of a batch is refused, as if another activation had been faster. Its neighbours are stored."""
    LOST_ANSWER = "lost answer"
    """The write happened, and the caller is told `Unavailable`."""
    IO_ERROR = "I/O error"
    """Nothing happened, and the caller is told `Unavailable`."""
    CRASH_BEFORE = "crash before"
    """The process dies, and the write did not happen. From then on every call dies."""
    CRASH_AFTER = "crash after"
    """The write happened, and the process dies before anybody is told."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """What happens to one call: a fault, perhaps, and delays around it in seconds."""

    fault: Fault | None = None
    before: float = 0.0
    after: float = 0.0


Plan = Callable[[int], Mishap]
"""Told the number of a write, counting from 1, or 0 for every read, it decides what happens to it."""


def scripted(faults: Mapping[int, Fault]) -> Plan:
    """A plan by the number of the write."""
    return lambda write: Mishap(faults.get(write))


def die_before(write: int) -> Plan:
    """A plan in which the process dies before the write of this number, counting from 1."""
    return scripted({write: Fault.CRASH_BEFORE})


def at_random(random: Random, rates: Mapping[Fault, float], *, delay: float = 0.0) -> Plan:
    """A plan by chance: each fault at its rate (together at most 1), each delay between 0 and `delay` seconds."""
    faults = [*rates, None]
    weights = [*rates.values(), 1.0 - sum(rates.values())]

    def plan(_write: int) -> Mishap:
        [fault] = random.choices(faults, weights)
        return Mishap(fault, random.uniform(0, delay), random.uniform(0, delay))

    return plan


_Name = tuple[str, int | None, tuple[tuple[str, int], ...]]
"""Tells a record from all others: its actor, version, and the events it shows."""


class FaultyJournal:
    """Passes every call on to `inner`, unless `plan` has it fail. Calls that overlap may overtake each other.

    Opening, claiming and closing never fail. A read knows no lost answer, and no crash: there is nothing to lose.
    """

    def __init__(self, inner: Journal, plan: Plan) -> None:
        self._inner = inner
        self._plan = plan
        self._dead = False
        self._in_doubt: set[_Name] = set()
        self.writes = 0
        """How many writes were tried, with and without success."""

    async def _read(self, call: Callable[[], Awaitable[T]]) -> T:
        self._stay_alive()
        mishap = self._plan(0)
        await _pause(mishap.before)
        if mishap.fault is Fault.IO_ERROR:
            raise Unavailable(message="injected: I/O error")
        answer = await call()
        await _pause(mishap.after)
        self._stay_alive()
        return answer

    async def _write(self, call: Callable[[], Awaitable[T]]) -> T:
        return await self._strike(self._next_mishap(), call)

    def _next_mishap(self) -> Mishap:
        self._stay_alive()
        self.writes += 1
        return self._plan(self.writes)

    async def _strike(self, mishap: Mishap, call: Callable[[], Awaitable[T]]) -> T:
        await _pause(mishap.before)
        if mishap.fault is Fault.CRASH_BEFORE:
            self._dead = True
        self._stay_alive()
        if mishap.fault is Fault.IO_ERROR:
            raise Unavailable(message="injected: I/O error")
        answer = await call()
        if mishap.fault is Fault.CRASH_AFTER:
            self._dead = True
        await _pause(mishap.after)
        self._stay_alive()
        if mishap.fault is Fault.LOST_ANSWER:
            raise Unavailable(message="injected: the answer was lost")
        return answer

    def _stay_alive(self) -> None:
        if self._dead:
            raise Crashed

    # Lifecycle

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        # Also for the dead: whoever comes next must find the store free.
        await self._inner.close()

    async def claim(self, shards: Collection[int]) -> None:
        self._stay_alive()
        await self._inner.claim(shards)

    def on_growth(self, notify: Callable[[], None]) -> None:
        self._inner.on_growth(notify)

    # Write

    async def commit(self, batch: Sequence[TurnRecord]) -> list[Verdict]:
        mishap = self._next_mishap()
        loser = self._loser(batch) if mishap.fault is Fault.CONFLICT else None
        kept = [record for record in batch if record.actor != loser]
        try:
            verdicts = iter(await self._strike(mishap, partial(self._inner.commit, kept)))
        except BaseException:
            self._in_doubt |= {_name(record) for record in batch}
            raise
        self._in_doubt -= {_name(record) for record in batch}
        return [Verdict.CONFLICT if record.actor == loser else next(verdicts) for record in batch]

    def _loser(self, batch: Sequence[TurnRecord]) -> str | None:
        # What was sent before and never answered may be stored: to call that a conflict would be a lie.
        doubtful = {name[0] for name in self._in_doubt}
        return next((record.actor for record in batch if record.actor not in doubtful), None)

    async def accept(self, mail: Sequence[Mail]) -> list[Verdict]:
        return await self._write(partial(self._inner.accept, mail))

    async def take(self, effect_ids: Sequence[str], runner: str) -> None:
        await self._write(partial(self._inner.take, effect_ids, runner))

    async def project(
        self, projector: str, checkpoint: Checkpoint, documents: Sequence[DocumentWrite], *, after: int
    ) -> bool:
        return await self._write(partial(self._inner.project, projector, checkpoint, documents, after=after))

    async def restart_projector(self, projector: str, names: Collection[str]) -> None:
        await self._write(partial(self._inner.restart_projector, projector, names))

    async def replace_documents(self, actor: str, version: int, documents: Sequence[DocumentWrite]) -> bool:
        return await self._write(partial(self._inner.replace_documents, actor, version, documents))

    async def rename_kind(self, old: str, new: str) -> int:
        return await self._write(partial(self._inner.rename_kind, old, new))

    async def rewrite_session(self, owner: str, session: str, events: Sequence[SessionEvent]) -> None:
        await self._write(partial(self._inner.rewrite_session, owner, session, events))

    async def expire_sessions(self, kind: str, before: int) -> int:
        return await self._write(partial(self._inner.expire_sessions, kind, before))

    async def sweep(self, before: int) -> int:
        return await self._write(partial(self._inner.sweep, before))

    async def erase(self, actor: str, *, through: int | None = None, snapshot: tuple[int, bytes] | None = None) -> None:
        await self._write(partial(self._inner.erase, actor, through=through, snapshot=snapshot))

    async def compact(self) -> None:
        await self._write(self._inner.compact)

    # Read

    async def load(self, actor: str) -> ActorImage | None:
        return await self._read(partial(self._inner.load, actor))

    async def history(self, actor: str, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        return await self._read(partial(self._inner.history, actor, after, limit))

    async def outcome(self, actor: str, command_id: str) -> RecordedOutcome | None:
        return await self._read(partial(self._inner.outcome, actor, command_id))

    async def mail(self, after: int = 0, limit: int = 1000) -> list[Mail]:
        return await self._read(partial(self._inner.mail, after, limit))

    async def effects(self) -> list[OpenEffect]:
        return await self._read(self._inner.effects)

    async def due(self, until: int, limit: int = 1000) -> list[DueTimer]:
        return await self._read(partial(self._inner.due, until, limit))

    async def feed(self, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        return await self._read(partial(self._inner.feed, after, limit))

    async def session(self, owner: str, session: str, after: int, limit: int) -> SessionPage:
        return await self._read(partial(self._inner.session, owner, session, after, limit))

    async def document(self, name: str, scope: str, key: str) -> Document | None:
        return await self._read(partial(self._inner.document, name, scope, key))

    async def documents(self, query: DocumentQuery) -> list[tuple[Document, str | int | None]]:
        return await self._read(partial(self._inner.documents, query))

    async def all_documents(self, name: str) -> AsyncIterator[tuple[Document, Mapping[str, str | int]]]:
        self._stay_alive()
        async for document, index in self._inner.all_documents(name):
            yield document, index

    async def checkpoint(self, projector: str) -> Checkpoint:
        return await self._read(partial(self._inner.checkpoint, projector))

    async def actors(self, kind: str = "", after: str = "", limit: int = 1000) -> list[str]:
        return await self._read(partial(self._inner.actors, kind, after, limit))

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        return await self._read(partial(self._inner.dead_letters, limit))

    async def sessions_ended(self, before: int, limit: int = 100) -> list[tuple[str, str]]:
        return await self._read(partial(self._inner.sessions_ended, before, limit))

    async def erasable(self) -> list[str]:
        return await self._read(self._inner.erasable)

    async def backup(self, path: Path) -> None:
        await self._read(partial(self._inner.backup, path))

    async def check(self) -> list[str]:
        return await self._read(self._inner.check)

    async def info(self) -> JournalInfo:
        return await self._read(self._inner.info)


def _name(record: TurnRecord) -> _Name:
    return record.actor, record.version, tuple((event.session, event.number) for event in record.shown)


async def _pause(seconds: float) -> None:
    if seconds:  # without a delay nothing comes between a call and the journal
        await anyio.sleep(seconds)
