"""The journal in memory: the reference for what the port means, and the store of tests and benchmarks.

It outlives the runtime, not the process: what one handle committed is there for the next one on the same store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from aevatar.errors import Misassembled, Rejected, Unavailable
from aevatar.journal.memory_store import (
    SCHEMA,
    Contents,
    MemoryStore,
    StoredActor,
    StoredDocument,
    StoredSession,
    document_of,
)
from aevatar.journal.records import (
    ActorImage,
    Checkpoint,
    DeadLetter,
    Document,
    DocumentQuery,
    DocumentWrite,
    DueTimer,
    EffectState,
    FeedEntry,
    JournalInfo,
    LoggedTurn,
    Mail,
    OpenEffect,
    RecordedOutcome,
    Retirement,
    SessionEvent,
    SessionPage,
    TurnRecord,
    Verdict,
)

_Place = tuple[int, int, str, str]
"""Where a document stands in an order. Numbers come before text, for the two cannot be compared."""


class MemoryJournal:
    """A handle over a `MemoryStore`. Nothing in it waits, so each call happens as of one instant.

    An exclusive handle refuses to share its store, as one SQLite file would; others may be open beside each other and
    fence each other by their claims, as processes on one PostgreSQL would.
    """

    def __init__(self, store: MemoryStore | None = None, *, exclusive: bool = True) -> None:
        self.exclusive = exclusive
        self._store = store if store is not None else MemoryStore()
        self._listeners: list[Callable[[], None]] = []
        self._claimed = set[int]()

    @classmethod
    def restored(cls, backup: Path) -> MemoryJournal:
        """A handle, not opened yet, over a new store with the contents of a backup."""
        return cls(MemoryStore(msgspec.msgpack.decode(backup.read_bytes(), type=Contents)))

    def reopened(self) -> MemoryJournal:
        """A new handle, not opened yet, over the same store; this one is as dead as if its process had been killed."""
        self._release()
        return MemoryJournal(self._store, exclusive=self.exclusive)

    # Lifecycle

    async def open(self) -> None:
        if self._store.contents.schema > SCHEMA:
            raise Misassembled(f"the journal has schema {self._store.contents.schema}; this release reads {SCHEMA}")
        others = [handle for handle in self._store.handles if handle is not self]
        if others and (self.exclusive or any(handle.exclusive for handle in others)):
            raise Misassembled("the journal in memory is open already: close the other handle first")
        if self not in self._store.handles:
            self._store.handles.append(self)

    async def close(self) -> None:
        self._release()

    async def claim(self, shards: Collection[int]) -> None:
        self._opened()
        self._claimed.update(shards)
        self._store.owners.update(dict.fromkeys(shards, self))

    def _release(self) -> None:
        if self in self._store.handles:
            self._store.handles.remove(self)

    def _opened(self) -> Contents:
        if self not in self._store.handles:
            raise Unavailable("journal_closed", "the journal is not open")
        return self._store.contents

    def _owns(self, shard: int) -> bool:
        return self._store.owners.get(shard) is self

    def _has_lost(self, shard: int) -> bool:
        return shard in self._claimed and not self._owns(shard)

    # Write

    async def commit(self, batch: Sequence[TurnRecord]) -> list[Verdict]:
        contents = self._opened()
        last, stale = len(contents.turns), set[str]()
        verdicts = [self._store.commit(record, self, stale) for record in batch]
        if len(contents.turns) > last:
            for handle in self._store.handles:
                handle.notify()
        return verdicts

    async def accept(self, mail: Sequence[Mail]) -> list[Verdict]:
        self._opened()
        return [Verdict.FENCED if self._has_lost(each.shard) else self._store.post(each) for each in mail]

    # Read back

    async def load(self, actor: str) -> ActorImage | None:
        contents = self._opened()
        stored = contents.actors.get(actor)
        if stored is None or not _exists(stored):
            return None
        snapshot_version, snapshot = stored.snapshot or (0, None)
        return ActorImage(
            version=len(stored.log),
            snapshot=snapshot,
            snapshot_version=snapshot_version,
            retirement=stored.retirement,
            turns=self._turns(stored, snapshot_version),
            timers=[row.timer for row in stored.timers.values()],
            effects=[contents.effects[effect_id].effect for effect_id in stored.effects],
            open_commands=list(stored.open_commands.values()),
            sessions={key: (row.last, row.ended_at is not None) for key, row in stored.sessions.items()},
        )

    def _turns(self, stored: StoredActor, after: int) -> list[LoggedTurn]:
        if stored.retirement is Retirement.ERASED:
            return []
        entries = (self._store.turn(position).entry for position in stored.log[after:])
        return [LoggedTurn(entry.version, entry.body) for entry in entries]

    async def history(self, actor: str, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        log = self._opened().actors.get(actor, StoredActor()).log
        return [self._store.turn(position).entry for position in log[after : after + limit]]

    async def outcome(self, actor: str, command_id: str) -> RecordedOutcome | None:
        position = self._opened().actors.get(actor, StoredActor()).commands.get(command_id)
        if position is None:
            return None
        turn = self._store.turn(position)
        return RecordedOutcome(turn.entry.version, turn.digest, turn.outcome, turn.erased)

    async def mail(self, after: int = 0, limit: int = 1000) -> list[Mail]:
        waiting = (each for mail in self._opened().mail.values() for each in mail.values())
        mine = [each for each in waiting if each.position > after and self._owns(each.shard)]
        return sorted(mine, key=lambda each: each.position)[:limit]

    async def effects(self) -> list[OpenEffect]:
        rows = self._opened().effects.values()
        return [row.effect for row in rows if row.state is EffectState.STARTED and self._owns(row.shard)]

    async def take(self, effect_ids: Sequence[str], runner: str) -> None:
        effects = self._opened().effects
        for effect_id in effect_ids:
            if row := effects.get(effect_id):
                row.effect = replace(row.effect, runner=runner)

    async def due(self, until: int, limit: int = 1000) -> list[DueTimer]:
        rows = (row for actor in self._opened().actors.values() for row in actor.timers.values())
        due = [row.timer for row in rows if row.timer.due <= until and self._owns(row.shard)]
        return sorted(due, key=lambda timer: (timer.due, timer.actor, timer.name))[:limit]

    async def feed(self, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        return [turn.entry for turn in self._opened().turns[after : after + limit]]

    def on_growth(self, notify: Callable[[], None]) -> None:
        self._listeners.append(notify)

    def notify(self) -> None:
        for listener in self._listeners:  # after the call that is under way: a listener may call back
            asyncio.get_running_loop().call_soon(listener)

    # Show

    async def session(self, owner: str, session: str, after: int, limit: int) -> SessionPage:
        stored = self._opened().actors.get(owner, StoredActor()).sessions.get(session)
        if stored is None:
            return SessionPage([], ended=False)
        events = [event for event in stored.events if event.number > after]
        return SessionPage(events[:limit], ended=stored.ended_at is not None)

    async def document(self, name: str, scope: str, key: str) -> Document | None:
        return document_of(name, scope, key, self._opened().documents.get(name, {}).get(scope, {}).get(key))

    async def documents(self, query: DocumentQuery) -> list[tuple[Document, str | int | None]]:
        stored = self._opened().documents.get(query.name, {}).get(query.scope, {})
        found = sorted(_matches(query, stored), key=lambda match: _place(match[1], match[0].key))
        if query.descending:
            found.reverse()
        if query.after is not None:
            seen = _place(*query.after)
            found = [match for match in found if _is_past(_place(match[1], match[0].key), seen, query)]
        return found[: query.limit]

    async def checkpoint(self, projector: str) -> Checkpoint:
        return self._opened().checkpoints.get(projector, Checkpoint(0))

    async def project(
        self, projector: str, checkpoint: Checkpoint, documents: Sequence[DocumentWrite], *, after: int
    ) -> bool:
        contents = self._opened()
        if self._claimed and all(self._has_lost(shard) for shard in self._claimed):
            raise Unavailable("fenced", "other processes own all the shards that this one claimed")
        if contents.checkpoints.get(projector, Checkpoint(0)).position != after:
            return False
        # A projector has no time of its own: its documents count as written when the newest turn was.
        at = contents.turns[-1].entry.at if contents.turns else 0
        for document in documents:
            self._store.write_document(document, actor="", at=at)
        contents.checkpoints[projector] = checkpoint
        return True

    async def restart_projector(self, projector: str, names: Collection[str]) -> None:
        contents = self._opened()
        for name in names:
            contents.documents.pop(name, None)
        contents.checkpoints[projector] = Checkpoint(0)

    async def replace_documents(self, actor: str, version: int, documents: Sequence[DocumentWrite]) -> bool:
        stored = self._opened().actors.get(actor, StoredActor())
        if not stored.log or len(stored.log) != version or stored.retirement is Retirement.ERASED:
            return False
        at = self._store.turn(stored.log[-1]).entry.at
        for document in documents:
            self._store.replace_document(document, actor=actor, at=at)
        return True

    # Keep house

    async def rename_kind(self, old: str, new: str) -> int:
        contents = self._opened()
        names = [name for name in (contents.actors | contents.mail) if _is_of(name, old)]
        renamed = {name: new + name.removeprefix(old) for name in names}
        existing = [name for name in names if _exists(contents.actors.get(name))]
        if both := [name for name in existing if _exists(contents.actors.get(renamed[name]))]:
            raise Misassembled(f"{both[0]!r} cannot be moved: {renamed[both[0]]!r} exists too")
        for name in names:
            self._store.rename(name, renamed[name])
        return len(existing)

    async def actors(self, kind: str = "", after: str = "", limit: int = 1000) -> list[str]:
        stored = self._opened().actors.items()
        names = [name for name, actor in stored if actor.log and name > after and _is_of(name, kind)]
        return sorted(names)[:limit]

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        return sorted(self._opened().dead.values(), key=lambda letter: letter.at, reverse=True)[:limit]

    async def sessions_ended(self, before: int, limit: int = 100) -> list[tuple[str, str]]:
        sessions = [
            (owner, key, row) for owner, actor in self._opened().actors.items() for key, row in actor.sessions.items()
        ]
        ended = [(owner, key) for owner, key, row in sessions if not row.folded and _ended(row, before)]
        return ended[:limit]

    async def rewrite_session(self, owner: str, session: str, events: Sequence[SessionEvent]) -> None:
        stored = self._opened().actors.get(owner, StoredActor()).sessions.get(session)
        if stored is not None and not (stored.folded or stored.expired):
            stored.events, stored.folded = list(events), True

    async def expire_sessions(self, kind: str, before: int) -> int:
        actors = [actor for name, actor in self._opened().actors.items() if _is_of(name, kind)]
        gone = [row for actor in actors for row in actor.sessions.values() if _ended(row, before)]
        for row in gone:
            row.events, row.expired = [], True
        return len(gone)

    async def sweep(self, before: int) -> int:
        contents = self._opened()
        letters = [key for key, letter in contents.dead.items() if letter.at < before]
        effects = [key for key, row in contents.effects.items() if row.state and row.ended_at < before]
        for key in letters:
            del contents.dead[key]
        for key in effects:
            del contents.effects[key]
        return len(letters) + len(effects)

    async def erasable(self) -> list[str]:
        return [name for name, actor in self._opened().actors.items() if actor.retirement is Retirement.ERASE]

    async def erase(self, actor: str, *, through: int | None = None, snapshot: tuple[int, bytes] | None = None) -> None:
        stored = self._opened().actors.get(actor)
        if stored is None:
            return
        if through is None:
            self._store.erase(actor)
            return
        self._store.empty(stored, through=through)
        if snapshot is not None and (stored.snapshot is None or stored.snapshot[0] <= snapshot[0]):
            stored.snapshot = snapshot

    async def compact(self) -> None:
        self._opened()

    async def backup(self, path: Path) -> None:
        copy = msgspec.msgpack.encode(self._opened())
        try:
            with path.open("xb") as file:
                file.write(copy)
        except FileExistsError as taken:
            raise Rejected("backup_exists", f"{str(path)!r} exists already", "path") from taken

    async def check(self) -> list[str]:
        self._opened()
        return []

    async def info(self) -> JournalInfo:
        contents = self._opened()
        sessions = [row for actor in contents.actors.values() for row in actor.sessions.values() if not row.expired]
        counts = {
            "actors": sum(1 for actor in contents.actors.values() if actor.log),
            "turns": len(contents.turns),
            "mail": sum(len(mail) for mail in contents.mail.values()),
            "timers": sum(len(actor.timers) for actor in contents.actors.values()),
            "effects": len(contents.effects),
            "documents": sum(1 for _ in self._all_documents()),
            "sessions": len(sessions),
            "session_events": sum(len(row.events) for row in sessions),
            "dead_letters": len(contents.dead),
        }
        size = len(msgspec.msgpack.encode(contents))  # that of a backup
        return JournalInfo("memory", "this process", SCHEMA, size, counts, last_position=len(contents.turns))

    async def all_documents(self, name: str) -> AsyncIterator[tuple[Document, Mapping[str, str | int]]]:
        self._opened()
        for document, index in [found for found in self._all_documents() if found[0].name == name]:
            yield document, index

    def _all_documents(self) -> Iterator[tuple[Document, Mapping[str, str | int]]]:
        for name, scopes in self._store.contents.documents.items():
            for scope, documents in scopes.items():
                for key, stored in documents.items():
                    if document := document_of(name, scope, key, stored):
                        yield document, stored.index


def _matches(query: DocumentQuery, stored: dict[str, StoredDocument]) -> Iterator[tuple[Document, str | int | None]]:
    for key, row in stored.items():
        document = document_of(query.name, query.scope, key, row)
        wanted = all(name in row.index and row.index[name] == value for name, value in query.where.items())
        if document is not None and wanted and (query.order is None or query.order in row.index):
            yield document, row.index[query.order] if query.order is not None else None


def _place(value: str | int | None, key: str) -> _Place:
    if isinstance(value, str):
        return 1, 0, value, key
    return 0, value or 0, "", key


def _is_past(place: _Place, seen: _Place, query: DocumentQuery) -> bool:
    return place < seen if query.descending else place > seen


def _is_of(actor: str, kind: str) -> bool:
    return not kind or actor.startswith(f"{kind}/")


def _exists(actor: StoredActor | None) -> bool:
    return actor is not None and bool(actor.log or actor.sessions)


def _ended(session: StoredSession, before: int) -> bool:
    return session.ended_at is not None and session.ended_at < before and not session.expired
