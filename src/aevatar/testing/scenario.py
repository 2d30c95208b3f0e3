"""One actor alone: given what happened, when this comes, then that is decided. No runtime, no journal, no event loop.

It is the kernel's own code that replays, decides and records here; only the commit is left out. So what a scenario says
of an actor is what the actor does when it is served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from google.protobuf.message import Message

from aevatar.actors.acting.effects import Effects
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.deciding.activation import Activation, Delivery, replay
from aevatar.actors.deciding.actor import Actor
from aevatar.actors.deciding.handling import decide
from aevatar.actors.deciding.kind import Kind
from aevatar.actors.deciding.turn import Pending, Scheduled, Turn
from aevatar.actors.envelope import Envelope, payload_bytes
from aevatar.actors.packing import message_type, pack
from aevatar.actors.recording.record import record_turn
from aevatar.errors import AevatarError
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.journal.records import ActorImage, LoggedTurn, Retirement, TurnRecord
from aevatar.testing.virtual_time import BEGINNING

UNASKED = object()
"""Stands for an outcome that a test does not look at."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A command on its way to another actor. `answer` says that its outcome was asked for."""

    target: ActorId
    command: Message
    answer: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that was set: fires `command` after `delay` seconds."""

    delay: float
    command: Message


@dataclass(frozen=True, slots=True)
class Seen:
    """One event as the readers of a session get it."""

    session: str
    event: Message
    is_terminal: bool = False


@dataclass(slots=True)
class Decided:
    """All that one turn came to. Empty, apart from `refusal`, when the message was refused."""

    events: list[Message] = field(default_factory=list)
    outcome: Message | Pending | None = None
    """None for a signal, and where the message was refused."""
    refusal: AevatarError | None = None
    sends: list[Sent] = field(default_factory=list)
    timers: dict[str, Timer | None] = field(default_factory=dict)
    """By name; None for one that was cleared."""
    effects: list[Message] = field(default_factory=list)
    """The requests of the effects that were started."""
    effects_cancelled: list[str] = field(default_factory=list)
    signals: list[tuple[ActorId, Message]] = field(default_factory=list)
    signals_after: list[tuple[float, Message]] = field(default_factory=list)
    concluded: dict[str, Message] = field(default_factory=dict)
    """Outcomes of earlier commands, by command id."""
    shown: list[Seen] = field(default_factory=list)
    documents: dict[tuple[str, str], Message | None] = field(default_factory=dict)
    """What readers find after the turn, by the read model's name and the document's key."""
    retirement: Retirement = Retirement.NO


class Scenario:
    """An actor at some point of its life. Each `when` takes it a turn further, unless the message is refused."""

    def __init__(self, kind: Kind, actor_id: ActorId, history: Sequence[Message]) -> None:
        self._kind = kind
        self._bodies = [TurnBody(events=[pack(event)]).SerializeToString() for event in history]
        self._activation = Activation(actor_id, kind)
        self._activation.restore(self._image() if history else None)
        self._now = round(BEGINNING.timestamp() * 1000)
        self._turns = 0
        self._last = Decided()

    @property
    def actor_id(self) -> ActorId:
        """Whose life it is."""
        return self._activation.id

    @property
    def state(self) -> Any:
        """The state after the last turn; not for changing."""
        return self._activation.actor.state

    @property
    def now(self) -> datetime:
        """The time of the next turn."""
        return datetime.fromtimestamp(self._now / 1000, UTC)

    @property
    def decided(self) -> Decided:
        """What the last turn came to."""
        return self._last

    def after(self, seconds: float) -> Self:
        """Lets time pass. Timers are not fired: give the command of one to `when`."""
        self._now += round(seconds * 1000)
        return self

    def when(self, message: Message, *, principal: Principal | None = None, command_id: str | None = None) -> Self:
        """Has the actor handle a command, a question or a signal.

        `principal` is by default one of the actor's scope with all permissions; ids are `command-1`, `command-2`, …
        An exception that is no refusal is a bug in the handler and comes through.
        """
        self._turns += 1
        delivery = self._delivery(message, principal, command_id or f"command-{self._turns}")
        turn = Turn(delivery.envelope, self._now, self._activation.version, f"scenario {self._turns}")
        try:
            outcome = decide(self._activation, delivery, turn)
            record = record_turn(self._activation, delivery, turn, outcome, _AnyEffects())
        except AevatarError as refusal:
            self._activation.actor.state = replay(self._kind, self._image())  # the handler may have emitted before
            self._last = Decided(refusal=refusal)
        else:
            self._last = _decided(self._kind, turn, outcome, record)
            if record is not None and record.version is not None:
                self._bodies.append(record.body)
        return self

    def then(self, *events: Message, outcome: object = UNASKED) -> Self:
        """Asserts that exactly these events were recorded and, if it is given, that this was the outcome."""
        last = self._last
        assert last.refusal is None, f"refused: {last.refusal}"
        assert last.events == list(events), f"recorded {last.events}, not {list(events)}"
        assert outcome is UNASKED or last.outcome == outcome, f"the outcome is {last.outcome}, not {outcome}"
        return self

    def then_rejected(self, code: str, *, field: str | None = None) -> Self:
        """Asserts that the message was refused with `code`, and for that `field` if one is given."""
        refusal = self._last.refusal
        assert refusal is not None, f"not refused, but decided: {self._last}"
        assert getattr(refusal, "code", None) == code, f"refused with {refusal}, not with {code}"
        blamed = getattr(refusal, "field", None)
        assert field is None or blamed == field, f"refused for the field {blamed}, not for {field}"
        return self

    def _delivery(self, message: Message, principal: Principal | None, command_id: str) -> Delivery:
        target = self._activation.id
        caller = principal or Principal(target.scope, "program", frozenset("*"))
        envelope = Envelope(command_id, target, message, payload_bytes(message), caller, self._now)
        handler = self._kind.handlers.get(type(message))
        return Delivery(envelope, is_signal=handler is not None and handler.role == "signal")

    def _image(self) -> ActorImage:
        turns = [LoggedTurn(version, body) for version, body in enumerate(self._bodies, start=1)]
        return ActorImage(version=len(turns), turns=turns)


def given(
    kind: Kind | type[Actor[Any]], *events: Message, key: str = "one", scope: ScopeId | str = "scope"
) -> Scenario:
    """An actor to which these events happened, one a turn; without any it does not exist yet."""
    assembled = kind if isinstance(kind, Kind) else Kind(kind)
    return Scenario(assembled, ActorId(assembled.name, ScopeId(scope), key), events)


class _AnyEffects(Effects):
    """Which effects are registered is the affair of a runtime."""

    def __init__(self) -> None:
        super().__init__(())
        self.names = _AnyName()


class _AnyName(dict[type[Message], str]):
    def get(self, key: type[Message], default: Any = None) -> str:
        return key.DESCRIPTOR.full_name


def _decided(kind: Kind, turn: Turn, outcome: Message | Pending | None, record: TurnRecord | None) -> Decided:
    decided = Decided(
        events=turn.events,
        outcome=outcome,
        sends=[Sent(sent.target, sent.payload, bool(sent.reply_to)) for sent in turn.mail],
        timers={name: _timer(turn, scheduled) for name, scheduled in turn.timers.items()},
        effects=[started.request for started in turn.effects_started],
        effects_cancelled=turn.effects_cancelled,
        signals=turn.signals,
        signals_after=turn.signals_after,
        concluded=turn.concluded,
        retirement=turn.retirement,
    )
    if record is not None:
        decided.shown = [
            Seen(shown.session, message_type(shown.name).FromString(shown.body), shown.terminal)
            for shown in record.shown
        ]
        types = {declared.name: declared.message for declared in kind.projection.documents}
        decided.documents = {
            (write.name, write.key): write.body if write.body is None else types[write.name].FromString(write.body)
            for write in record.documents
        }
    return decided


def _timer(turn: Turn, scheduled: Scheduled | None) -> Timer | None:
    return None if scheduled is None else Timer((scheduled.due - turn.now_ms) / 1000, scheduled.command)
