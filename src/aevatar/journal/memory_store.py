"""What a `MemoryJournal` stores, and the rules by which a turn is stored or refused.

Plain dictionaries, and one function per rule: this file is where the meaning of a journal is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from aevatar.journal.records import (
    Checkpoint,
    DeadLetter,
    Document,
    DocumentWrite,
    DueTimer,
    EffectState,
    FeedEntry,
    Mail,
    OpenCommand,
    OpenEffect,
    Retirement,
    SessionEvent,
    TimerSet,
    TurnRecord,
    Verdict,
)

SCHEMA: Final = 1
"""Rises when an older release could no longer read a backup."""


@dataclass(slots=True)
class StoredTurn:
    """A row of the log."""

    entry: FeedEntry
    command_id: str | None
    digest: bytes
    outcome: bytes | None
    opened: bool
    erased: bool = False


@dataclass(slots=True)
class StoredSession:
    """The events of a session; `last` and `ended_at` outlive those that were folded or have expired."""

    last: int = 0
    ended_at: int | None = None
    folded: bool = False
    expired: bool = False
    events: list[SessionEvent] = field(default_factory=list)


@dataclass(slots=True)
class StoredTimer:
    """A timer, and the shard that looks for it."""

    shard: int
    timer: DueTimer


@dataclass(slots=True)
class StoredEffect:
    """A line of the effects ledger."""

    shard: int
    effect: OpenEffect
    state: EffectState = EffectState.STARTED
    ended_at: int = 0


@dataclass(slots=True)
class StoredActor:
    """What belongs to one actor. Without a log it is no actor yet, but may have shown something."""

    log: list[int] = field(default_factory=list)
    """Positions; the turn of version 1 comes first."""
    commands: dict[str, int] = field(default_factory=dict)
    """Positions by command id."""
    snapshot: tuple[int, bytes] | None = None
    retirement: Retirement = Retirement.NO
    timers: dict[str, StoredTimer] = field(default_factory=dict)
    effects: dict[str, None] = field(default_factory=dict)
    """Ids of those without an end, in the order they were started."""
    open_commands: dict[str, OpenCommand] = field(default_factory=dict)
    sessions: dict[str, StoredSession] = field(default_factory=dict)


@dataclass(slots=True)
class StoredDocument:
    """A document, and the actor whose turn wrote it.

    A deleted one leaves its version behind, so that no older write brings it back.
    """

    actor: str
    version: int
    written_at: int
    body: bytes | None
    index: dict[str, str | int] = field(default_factory=dict)


@dataclass(slots=True)
class Contents:
    """All that a backup holds."""

    schema: int = SCHEMA
    turns: list[StoredTurn] = field(default_factory=list)
    """In the order of their positions, which start at 1."""
    actors: dict[str, StoredActor] = field(default_factory=dict)
    mail: dict[str, dict[str, Mail]] = field(default_factory=dict)
    """By target and id."""
    mail_position: int = 0
    effects: dict[str, StoredEffect] = field(default_factory=dict)
    documents: dict[str, dict[str, dict[str, StoredDocument]]] = field(default_factory=dict)
    """By name, scope and key."""
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    dead: dict[str, DeadLetter] = field(default_factory=dict)


class Handle(Protocol):
    """What a store knows of a journal that has it open."""

    exclusive: bool

    def notify(self) -> None:
        """Tells whoever asked that the log has grown."""


class MemoryStore:
    """What several `MemoryJournal` handles share. It lives as long as somebody holds it."""

    def __init__(self, contents: Contents | None = None) -> None:
        self.contents = contents or Contents()
        self.handles: list[Handle] = []
        """Those that are open."""
        self.owners: dict[int, Handle] = {}
        """The handle that claimed a shard last; before the first claim every handle may commit."""

    # Turns

    def commit(self, record: TurnRecord, handle: Handle, stale: set[str]) -> Verdict:
        """Stores `record` whole or refuses it; an actor whose record was refused is put among the `stale`."""
        if self._holds(record):
            return Verdict.COMMITTED
        refusal = self._refusal(record, handle, stale)
        if refusal is not None:
            if refusal is not Verdict.REPEATED or record.version is not None:
                stale.add(record.actor)
            return refusal
        self._store(record)
        return Verdict.COMMITTED

    def _holds(self, record: TurnRecord) -> bool:
        """Whether `record` is stored already. One that neither decides nor shows cannot tell, and may happen again."""
        actor = self.contents.actors.get(record.actor)
        if actor is None:
            return False
        if record.version is None:
            return bool(record.shown) and all(_shows(actor, event) for event in record.shown)
        if not 1 <= record.version <= len(actor.log):
            return False
        turn = self.turn(actor.log[record.version - 1])
        # A command that was left open may have been concluded since: then the outcome is not this record's.
        same_outcome = turn.opened if record.opened else turn.outcome == record.outcome
        stored = (turn.entry.body, turn.command_id, turn.digest)
        return same_outcome and stored == (record.body, record.command_id, record.digest)

    def _refusal(self, record: TurnRecord, handle: Handle, stale: set[str]) -> Verdict | None:
        actor = self.contents.actors.get(record.actor) or StoredActor()
        if self.owners.get(record.shard, handle) is not handle:
            return Verdict.FENCED
        if record.version is not None and record.command_id in actor.commands:
            return Verdict.REPEATED
        if record.actor in stale or (record.version is not None and record.version != len(actor.log) + 1):
            return Verdict.CONFLICT
        if not _numbers_follow(actor, record.shown):
            return Verdict.CONFLICT
        waiting = self.contents.mail.get(record.actor, {})
        return None if waiting.keys() >= set(record.mail_done) else Verdict.REPEATED

    def _store(self, record: TurnRecord) -> None:
        actor = self.contents.actors.get(record.actor)
        if actor is None:
            actor = self.contents.actors[record.actor] = StoredActor()
        if record.version is not None:
            self._log(actor, record, record.version)
        if record.retirement is not Retirement.NO:
            actor.retirement = record.retirement
        self._settle_commands(actor, record)
        self._pass_mail(record)
        _set_timers(actor, record)
        self._note_effects(actor, record)
        for document in record.documents:
            self.write_document(document, actor=record.actor, at=record.at)
        for event in record.shown:
            _show(actor, event)
        self.contents.dead.update((letter.id, letter) for letter in record.dead)

    def _log(self, actor: StoredActor, record: TurnRecord, version: int) -> None:
        entry = FeedEntry(len(self.contents.turns) + 1, record.actor, version, record.at, record.body)
        opened = record.opened is not None
        self.contents.turns.append(StoredTurn(entry, record.command_id, record.digest, record.outcome, opened))
        actor.log.append(entry.position)
        if record.command_id is not None:
            actor.commands[record.command_id] = entry.position
        if record.snapshot is not None:
            actor.snapshot = (version, record.snapshot)

    def _settle_commands(self, actor: StoredActor, record: TurnRecord) -> None:
        if record.opened is not None:
            actor.open_commands[record.opened.command_id] = record.opened
        for command_id, outcome in record.concluded:
            if actor.open_commands.pop(command_id, None) is not None:
                self.turn(actor.commands[command_id]).outcome = outcome

    def _pass_mail(self, record: TurnRecord) -> None:
        if record.mail_done and (waiting := self.contents.mail.get(record.actor)):
            for mail_id in record.mail_done:
                waiting.pop(mail_id, None)
            if not waiting:
                del self.contents.mail[record.actor]
        for mail in record.mail:
            self.post(mail)

    def _note_effects(self, actor: StoredActor, record: TurnRecord) -> None:
        for started in record.effects_started:
            effect = OpenEffect(record.actor, started.id, started.type, started.body, started.runner)
            self.contents.effects[started.id] = StoredEffect(record.shard, effect)
            actor.effects[started.id] = None
        for effect_id, state in record.effects_ended:
            if effect_id in actor.effects:
                del actor.effects[effect_id]
                ended = self.contents.effects[effect_id]
                ended.state, ended.ended_at = state, record.at

    def turn(self, position: int) -> StoredTurn:
        """The row of the log at `position`."""
        return self.contents.turns[position - 1]

    # Mail

    def post(self, mail: Mail) -> Verdict:
        """Leaves `mail` for its target, unless it waits there already."""
        waiting = self.contents.mail.setdefault(mail.target, {})
        known = waiting.get(mail.id)
        if known is not None:
            return Verdict.COMMITTED if known.digest == mail.digest else Verdict.CONFLICT
        self.contents.mail_position += 1
        waiting[mail.id] = replace(mail, position=self.contents.mail_position)
        return Verdict.COMMITTED

    # Documents

    def write_document(self, write: DocumentWrite, *, actor: str, at: int) -> None:
        """Stores what is newer than what is there, and nothing else."""
        documents = self.contents.documents.setdefault(write.name, {}).setdefault(write.scope, {})
        known = documents.get(write.key)
        if known is not None and known.version >= write.version:
            return
        kept = known.index if known is not None else {}
        index = dict(write.index) if write.index is not None else kept
        documents[write.key] = StoredDocument(actor, write.version, at, write.body, index)

    def replace_document(self, write: DocumentWrite, *, actor: str, at: int) -> None:
        """Stores what was made anew, whatever is there."""
        documents = self.contents.documents.setdefault(write.name, {}).setdefault(write.scope, {})
        documents[write.key] = StoredDocument(actor, write.version, at, write.body, dict(write.index or {}))

    # Erasure

    def erase(self, name: str) -> None:
        """Empties every place of the actor's log, and removes all else that its turns left here."""
        contents, actor = self.contents, self.contents.actors[name]
        retirement = Retirement.ERASED if actor.log else Retirement.NO
        emptied = contents.actors[name] = StoredActor(actor.log, actor.commands, retirement=retirement)
        self.empty(emptied, through=len(emptied.log))
        contents.effects = {key: row for key, row in contents.effects.items() if row.effect.actor != name}
        contents.dead = {key: letter for key, letter in contents.dead.items() if letter.actor != name}
        for documents, key in self._documents_of(name):
            del documents[key]

    def empty(self, actor: StoredActor, *, through: int) -> None:
        """Empties the log up to a version. Positions and command ids stay, so that no command takes effect twice."""
        for position in actor.log[:through]:
            turn = self.turn(position)
            turn.entry = replace(turn.entry, body=b"")
            if turn.command_id not in actor.open_commands:
                turn.outcome, turn.erased = None, True

    # Renaming

    def rename(self, old: str, new: str) -> None:
        """Moves one actor to another name, and the mail that waits for it."""
        contents = self.contents
        if mail := contents.mail.pop(old, None):
            moved = {key: replace(each, target=new) for key, each in mail.items()}
            contents.mail[new] = moved | contents.mail.get(new, {})
        if old not in contents.actors:
            return
        actor = contents.actors[new] = contents.actors.pop(old)
        for turn in map(self.turn, actor.log):
            turn.entry = replace(turn.entry, actor=new)
        for stored in actor.timers.values():
            stored.timer = replace(stored.timer, actor=new)
        for effect in [effect for effect in contents.effects.values() if effect.effect.actor == old]:
            effect.effect = replace(effect.effect, actor=new)
        for letter in [letter for letter in contents.dead.values() if letter.actor == old]:
            contents.dead[letter.id] = replace(letter, actor=new)
        for documents, key in self._documents_of(old):
            documents[key].actor = new

    def _documents_of(self, actor: str) -> list[tuple[dict[str, StoredDocument], str]]:
        """Where the documents of `actor` are: each with what it is in, and its key there."""
        places = [documents for scopes in self.contents.documents.values() for documents in scopes.values()]
        return [(documents, key) for documents in places for key in documents if documents[key].actor == actor]


def document_of(name: str, scope: str, key: str, stored: StoredDocument | None) -> Document | None:
    """What a reader sees of a stored document: nothing, once it was deleted."""
    if stored is None or stored.body is None:
        return None
    return Document(name, scope, key, stored.version, stored.written_at, stored.body)


def _shows(actor: StoredActor, event: SessionEvent) -> bool:
    session = actor.sessions.get(event.session)
    return session is not None and event.number <= session.last and event in session.events


def _numbers_follow(actor: StoredActor, shown: list[SessionEvent]) -> bool:
    last: dict[str, int] = {}
    for event in shown:
        stored = actor.sessions.get(event.session)
        before = last.get(event.session, stored.last if stored is not None else 0)
        if event.number != before + 1 or (stored is not None and stored.expired):
            return False
        last[event.session] = event.number
    return True


def _show(actor: StoredActor, event: SessionEvent) -> None:
    session = actor.sessions.get(event.session)
    if session is None:
        session = actor.sessions[event.session] = StoredSession()
    session.events.append(event)
    session.last = event.number
    if event.terminal:
        session.ended_at = event.at


def _set_timers(actor: StoredActor, record: TurnRecord) -> None:
    for name, generation in record.timers_cleared:
        if name in actor.timers and actor.timers[name].timer.generation <= generation:
            del actor.timers[name]
    for timer in record.timers_set:
        if _is_newer(timer, actor.timers.get(timer.name)):
            due = DueTimer(record.actor, timer.name, timer.generation, timer.due, timer.body)
            actor.timers[timer.name] = StoredTimer(record.shard, due)


def _is_newer(timer: TimerSet, stored: StoredTimer | None) -> bool:
    return stored is None or stored.timer.generation < timer.generation
