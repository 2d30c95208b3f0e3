"""An actor in memory: its mailbox, its state at a version, and what it still has open.

May be dropped at any time without loss. Nothing here waits, and nothing here decides.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import Any

from google.protobuf.message import Message
from msgspec import Struct

from aevatar.actors.actors_pb2 import Packed, TurnBody
from aevatar.actors.deciding.actor import Actor
from aevatar.actors.deciding.kind import Kind
from aevatar.actors.deciding.turn import Turn
from aevatar.actors.envelope import Envelope
from aevatar.actors.packing import message_type, unpack_bytes
from aevatar.errors import AevatarError
from aevatar.identity import ActorId
from aevatar.journal.records import ActorImage, Retirement, TurnRecord

RECENT_OUTCOMES = 256


class Answer(Struct, frozen=True):
    """The outcome of a command and the version of the actor that gave it."""

    outcome: Message
    version: int


@dataclass(slots=True, eq=False)
class Delivery:
    """A message in a mailbox, and how it came there: that decides what becomes of it should it fail."""

    envelope: Envelope
    arrived: int = 0
    future: asyncio.Future[Answer] | None = None
    mailed: bool = False
    timer: tuple[str, int] | None = None
    effect_id: str = ""
    is_failed_effect: bool = False
    is_signal: bool = False
    behind_signals: bool = False
    """A result of an effect keeps its place behind the signals that effect sent."""
    failures: int = 0
    conflicts: int = 0

    @property
    def is_durable(self) -> bool:
        """Whether the journal would hand the message out again: then it is retried here, and never just lost."""
        return self.mailed or self.timer is not None or self.effect_id != ""

    @property
    def is_abandoned(self) -> bool:
        """Whether it was asked by somebody who has left."""
        return self.future is not None and self.future.done()

    def give(self, result: Answer | AevatarError) -> None:
        """Tells the caller, if one still waits."""
        if self.future is None or self.future.done():
            return
        if isinstance(result, Answer):
            self.future.set_result(result)
        else:
            self.future.set_exception(result)


class Mailbox:
    """What waits for an actor, in order of arrival; commands come before signals of the same instant."""

    __slots__ = ("_commands", "_signals")

    def __init__(self) -> None:
        self._commands: deque[Delivery] = deque()
        self._signals: deque[Delivery] = deque()

    def __len__(self) -> int:
        return len(self._commands) + len(self._signals)

    def __iter__(self) -> Iterator[Delivery]:
        return chain(self._commands, self._signals)

    def put(self, delivery: Delivery) -> None:
        self._lane(delivery).append(delivery)

    def put_back(self, deliveries: Iterable[Delivery]) -> None:
        """Puts deliveries, given in their order, before all others."""
        for delivery in reversed(list(deliveries)):
            self._lane(delivery).appendleft(delivery)

    def take(self) -> Delivery:
        commands, signals = self._commands, self._signals
        if not signals or (commands and commands[0].arrived <= signals[0].arrived):
            return commands.popleft()
        return signals.popleft()

    def clear(self) -> list[Delivery]:
        """Empties the mailbox and answers what was in it."""
        left = [*self._commands, *self._signals]
        self._commands.clear()
        self._signals.clear()
        return left

    def _lane(self, delivery: Delivery) -> deque[Delivery]:
        return self._signals if delivery.is_signal or delivery.behind_signals else self._commands


@dataclass(slots=True, eq=False)
class Ticket:
    """A turn on its way through the journal: what is committed, and what happens after."""

    activation: Activation
    delivery: Delivery
    record: TurnRecord
    turn: Turn | None = None
    answer: Answer | None = None
    refusal: AevatarError | None = None
    sends: list[Envelope] = field(default_factory=list)
    held: list[tuple[Delivery, Answer | AevatarError]] = field(default_factory=list)
    """Answers that saw this turn's state, and must not be given before it is durable."""
    known: set[str] = field(default_factory=set)
    """Effects of the turn that are not run, because their results were known."""
    is_void: bool = False

    @property
    def trace(self) -> str:
        """The W3C traceparent of the turn, or of the message where there was none."""
        return (self.delivery if self.turn is None else self.turn).envelope.trace


class Phase(Enum):
    """Where an activation stands."""

    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"
    """To be loaded anew once the commits under way are settled."""


class Recent(Struct, frozen=True):
    """A command this activation has handled; `answer` None while it is pending."""

    digest: bytes
    answer: Answer | None


class Activation:
    """One actor in memory."""

    __slots__ = (
        "actor",
        "delayed",
        "documents",
        "effects",
        "id",
        "inflight",
        "is_queued",
        "kind",
        "last_used",
        "mailbox",
        "open_commands",
        "phase",
        "recent",
        "retirement",
        "sessions",
        "shown_total",
        "timers",
        "version",
        "weight",
    )

    def __init__(self, actor_id: ActorId, kind: Kind) -> None:
        self.id = actor_id
        self.kind = kind
        self.mailbox = Mailbox()
        self.inflight: deque[Ticket] = deque()
        self.phase = Phase.LOADING
        self.is_queued = False
        self.last_used = 0.0
        self.delayed: set[asyncio.TimerHandle] = set()
        self.recent: dict[str, Recent] = {}
        self.restore(None)

    def restore(self, image: ActorImage | None) -> None:
        """Becomes the actor that `image` describes; None is one that never had a turn.

        Whatever the replay raises is left to the caller: such an actor cannot be served.
        """
        state = self.kind.state()
        for command_id in [each for each, known in self.recent.items() if known.answer is None]:
            del self.recent[command_id]  # the others are answered for good
        self.documents: dict[tuple[str, str], Any] = {}
        if image is None:
            self.version, self.retirement, self.shown_total, self.weight = 0, Retirement.NO, 0, 2048
            self.timers: dict[str, int] = {}
            self.effects: dict[str, str] = {}
            self.open_commands: dict[str, str] = {}
            self.sessions: dict[str, tuple[int, bool]] = {}
        else:
            state = replay(self.kind, image)
            self.version = image.version
            self.retirement = image.retirement
            self.timers = {timer.name: timer.generation for timer in image.timers}
            self.effects = {effect.id: effect.type for effect in image.effects}
            self.open_commands = {command.command_id: command.reply_to for command in image.open_commands}
            self.sessions = dict(image.sessions)
            self.shown_total = sum(last for last, _ in image.sessions.values())
            self.weight = 2048 + state.ByteSize() * 4
        self.actor: Actor[Any] = self.kind.actor(self.id, state, self.kind)

    @property
    def tail(self) -> Ticket | None:
        """The last turn that is not durable yet."""
        return self.inflight[-1] if self.inflight else None

    @property
    def is_idle(self) -> bool:
        """Whether dropping the activation would lose nothing and hinder nobody."""
        return self.phase is Phase.READY and not self.inflight and not self.delayed and not len(self.mailbox)

    def message_ids(self) -> set[str]:
        """The ids of messages that wait or are under way."""
        deliveries = [*self.mailbox, *(ticket.delivery for ticket in self.inflight)]
        return {delivery.envelope.id for delivery in deliveries}

    def undo(self, ticket: Ticket) -> None:
        """Knows nothing any more of the commands that a turn has answered."""
        ticket.is_void = True
        concluded = () if ticket.turn is None else ticket.turn.concluded
        for command_id in (ticket.record.command_id, *concluded):
            self.recent.pop(command_id or "", None)

    def remember(self, command_id: str, recent: Recent) -> None:
        """Keeps a handled command at hand for repeats; the oldest is forgotten, the journal still knows it."""
        if len(self.recent) >= RECENT_OUTCOMES:
            del self.recent[next(iter(self.recent))]
        self.recent[command_id] = recent


def replay(kind: Kind, image: ActorImage) -> Message:
    """The state that an actor's snapshot and the turns after it add up to."""
    state = kind.state() if image.snapshot is None else unpack_bytes(image.snapshot)
    if type(state) is not kind.state:
        raise TypeError(f"the snapshot is a {state.DESCRIPTOR.full_name}, not a {kind.state.DESCRIPTOR.full_name}")
    for turn in image.turns:
        apply_turn(kind, state, turn.body)
    return state


def apply_turn(kind: Kind, state: Message, body: bytes) -> None:
    """Applies the events of one logged turn; an event nothing applies is an error, never skipped."""
    for packed in TurnBody.FromString(body).events:
        event = event_of(kind, packed)
        applier = kind.appliers.get(type(event))
        if applier is None:
            raise LookupError(f"{kind.name} has no applier for {event.DESCRIPTOR.full_name}")
        applier(state, event)


def event_of(kind: Kind, packed: Packed) -> Message:
    """A stored event under today's name and in today's meaning. Raises: UnknownMessage."""
    event = (kind.actor.renamed.get(packed.name) or message_type(packed.name)).FromString(packed.body)
    upcast: Callable[[Any], Message] | None
    while (upcast := kind.upcasters.get(type(event))) is not None:
        event = upcast(event)
    return event
