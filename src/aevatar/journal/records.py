"""What crosses the journal's port: plain values, no behaviour.

Actors appear as the text form of their id, messages as a name and bytes, times as milliseconds since 1970. A journal
stores these and asks no questions about their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from msgspec import Struct


class Verdict(Enum):
    """What became of one record of a batch. A refused record left nothing behind and harmed no neighbour."""

    COMMITTED = "committed"
    REPEATED = "repeated"
    """The command id is in the actor's log already, or the mail that brought the message is ticked off already."""
    CONFLICT = "conflict"
    """The version, or the number of a session event, is taken: the activation that produced the record is stale."""
    FENCED = "fenced"
    """The actor's shard belongs to another process by now."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that waits for its target. `(target, id)` is unique: the same mail accepted twice is there once."""

    id: str
    target: str
    shard: int
    body: bytes
    digest: bytes = b""
    """Of name and payload: tells a repeated message from another one under the same id."""
    position: int = 0
    """Given by the journal; mail is handed out in this order."""


@dataclass(frozen=True, slots=True)
class TimerSet:
    """A timer of an actor. `(actor, name)` is unique; the newest generation wins."""

    name: str
    generation: int
    due: int
    body: bytes


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A stored timer, as found by looking for those that are due."""

    actor: str
    name: str
    generation: int
    due: int
    body: bytes


class EffectState(IntEnum):
    """Where an effect stands in the ledger. Only `STARTED` ones are found again after a crash."""

    STARTED = 0
    DONE = 1
    FAILED = 2
    CANCELLED = 3


@dataclass(frozen=True, slots=True)
class EffectStarted:
    """The intent of an effect: recorded before anything happens outside."""

    id: str
    type: str
    body: bytes
    runner: str = ""
    """The process that is to run it."""


@dataclass(frozen=True, slots=True)
class OpenEffect:
    """An effect without an end, as found in the ledger. `runner` names the process that took it last, if any did."""

    actor: str
    id: str
    type: str
    body: bytes
    runner: str = ""


class DocumentWrite(Struct, frozen=True):  # what every turn makes has to be cheap to make
    """A read-model document at a version of its actor; `body` None deletes it.

    `index` None leaves the stored attributes as they are.
    """

    name: str
    scope: str
    key: str
    version: int
    body: bytes | None
    index: Mapping[str, str | int] | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document. `written_at` is in milliseconds since 1970."""

    name: str
    scope: str
    key: str
    version: int
    written_at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """Which documents of one name and scope, and in which order.

    Without `order` they come by key; with it by that attribute and then key, and documents that lack it are left out.
    `after` is the place of the last one seen: `(attribute or None, key)`.
    """

    name: str
    scope: str
    where: Mapping[str, str | int] = field(default_factory=dict)
    order: str | None = None
    descending: bool = False
    after: tuple[str | int | None, str] | None = None
    limit: int = 50


class SessionEvent(Struct, frozen=True):
    """One event of a session. Numbers start at 1, rise by one, and are never used twice."""

    session: str
    number: int
    name: str
    body: bytes
    at: int
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Stored events after a cursor, in order; `ended` when the session has its terminal event stored."""

    events: list[SessionEvent]
    ended: bool


@dataclass(frozen=True, slots=True)
class OpenCommand:
    """A command whose handler answered `Pending`: it waits for its outcome."""

    command_id: str
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An envelope that could not be handled, kept with the reason for a person to look at."""

    id: str
    actor: str
    reason: str
    body: bytes
    at: int


class Retirement(IntEnum):
    """Whether an actor still takes commands, and what is to become of its log."""

    NO = 0
    KEPT = 1
    ERASE = 2
    """The log is to be erased as soon as possible."""
    ERASED = 3


@dataclass(slots=True)
class TurnRecord:
    """All that one turn produced: stored as one unit or not at all.

    With `version` the turn takes a row of the actor's log: its number in that log, counting from 1. Without it the
    turn decided nothing: it showed something, or only ticked off its mail.
    """

    actor: str
    shard: int
    at: int
    version: int | None = None
    command_id: str | None = None
    digest: bytes = b""
    outcome: bytes | None = None
    body: bytes = b""
    snapshot: bytes | None = None
    retirement: Retirement = Retirement.NO
    opened: OpenCommand | None = None
    concluded: list[tuple[str, bytes]] = field(default_factory=list)
    mail: list[Mail] = field(default_factory=list)
    mail_done: list[str] = field(default_factory=list)
    """Mail that brought the message. Where it does not wait any more the message was handled before: `REPEATED`."""
    timers_set: list[TimerSet] = field(default_factory=list)
    timers_cleared: list[tuple[str, int]] = field(default_factory=list)
    """Names, each with the newest generation that is cleared."""
    effects_started: list[EffectStarted] = field(default_factory=list)
    effects_ended: list[tuple[str, EffectState]] = field(default_factory=list)
    documents: list[DocumentWrite] = field(default_factory=list)
    shown: list[SessionEvent] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """One row of an actor's log, as read back. An erased row has an empty body."""

    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One row of the whole log. Positions only grow; an erased row stays as a position with an empty body."""

    position: int
    actor: str
    version: int
    at: int
    body: bytes


@dataclass(slots=True)
class ActorImage:
    """All that is needed to bring an actor back: its newest snapshot, the turns after it, and what is still open."""

    version: int
    snapshot: bytes | None = None
    snapshot_version: int = 0
    retirement: Retirement = Retirement.NO
    turns: list[LoggedTurn] = field(default_factory=list)
    timers: list[DueTimer] = field(default_factory=list)
    effects: list[OpenEffect] = field(default_factory=list)
    open_commands: list[OpenCommand] = field(default_factory=list)
    sessions: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """Last number, and whether the session has ended."""


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """What the journal knows of a command id: still open, concluded, or concluded and erased since."""

    version: int
    digest: bytes
    outcome: bytes | None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a projector has come; `parked` tells why it does not go on."""

    position: int
    parked: str = ""


@dataclass(frozen=True, slots=True)
class JournalInfo:
    """What an operator asks first."""

    adapter: str
    location: str
    schema: int
    size: int
    """In bytes."""
    counts: Mapping[str, int]
    """Rows by table: actors, turns, mail, timers, effects, documents, sessions, session_events, dead_letters."""
    last_position: int
