"""One turn: what a handler may ask for while it runs, collected as data.

Nothing here does anything. What was collected becomes one `TurnRecord`; the rest happens after it is committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from random import Random

from google.protobuf.message import Message
from msgspec import Struct

from aevatar.actors.envelope import Envelope, payload_bytes
from aevatar.actors.nature import ordered_id
from aevatar.errors import Rejected
from aevatar.identity import ActorId, Principal
from aevatar.journal.records import Retirement

EVENT_LIMIT = 10_000
SEND_LIMIT = 1_000


class TurnTooLarge(RuntimeError):
    """A handler asked for more than one turn may hold: a bug, treated like any other."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Returned by a handler that cannot answer yet; some later turn calls `conclude`.

    Unless it is concluded `within` seconds, `then` comes to the actor as a command, which has to conclude it.
    """

    within: float
    then: Message


class Shown(Struct, frozen=True):
    """A fact or a passing observation on its way to the sessions."""

    observation: Message
    session: str
    terminal: bool


@dataclass(frozen=True, slots=True)
class Started:
    """An effect to begin once the turn is committed. `attachment` is handed over unrecorded."""

    id: str
    request: Message
    attachment: object


@dataclass(slots=True)
class Scheduled:
    """A timer to set: fires `command` once `due` (milliseconds since 1970) has come."""

    due: int
    command: Message


class Turn:
    """The world as a handler sees it: the message, its sender, the time, and a list of wishes.

    `now_ms` stays the same during a turn. Identifiers and randomness derive from the actor, its version and the
    message, so that the same turn run again yields the same.
    """

    __slots__ = (
        "_ids",
        "_seed",
        "concluded",
        "effect_id",
        "effects_cancelled",
        "effects_started",
        "envelope",
        "events",
        "mail",
        "most_events",
        "most_sends",
        "now_ms",
        "retirement",
        "shown",
        "signals",
        "signals_after",
        "timers",
        "version",
    )

    def __init__(
        self,
        envelope: Envelope,
        now_ms: int,
        version: int,
        seed: str,
        effect_id: str = "",
        *,
        most_events: int = EVENT_LIMIT,
        most_sends: int = SEND_LIMIT,
    ) -> None:
        self.envelope = envelope
        self.now_ms = now_ms
        self.version = version
        self.effect_id = effect_id
        self.most_events = most_events
        self.most_sends = most_sends
        self._seed = seed
        self._ids = 0
        self.events: list[Message] = []
        self.shown: list[Shown] = []
        self.mail: list[Envelope] = []
        self.signals: list[tuple[ActorId, Message]] = []
        self.signals_after: list[tuple[float, Message]] = []
        self.timers: dict[str, Scheduled | None] = {}
        self.effects_started: list[Started] = []
        self.effects_cancelled: list[str] = []
        self.concluded: dict[str, Message] = {}
        self.retirement = Retirement.NO

    @property
    def principal(self) -> Principal:
        """Who sent the message; the actor itself where a timer did."""
        return self.envelope.principal

    @property
    def command_id(self) -> str:
        """The id of the command being handled."""
        return self.envelope.id

    @property
    def now(self) -> datetime:
        """When the turn began, in UTC."""
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)

    def new_id(self) -> str:
        """A new identifier: 30 characters, the same ones should this turn run again at its time."""
        self._ids += 1
        return ordered_id(self.now_ms, self._entropy())

    def random(self) -> Random:
        """A source of randomness that yields the same numbers should this turn run again."""
        self._ids += 1
        return Random(self._entropy())  # noqa: S311 - for decisions that must repeat, not for secrets

    def _entropy(self) -> bytes:
        return blake2b(f"{self._seed}\0{self.envelope.id}\0{self._ids}".encode(), digest_size=17).digest()

    def send(self, target: ActorId, command: Message, *, command_id: str | None, answer: bool, sender: ActorId) -> str:
        """Notes a command for `target`. Raises: Rejected `scope_mismatch` when it lies in another scope."""
        _stay_in_scope(target, sender)
        if len(self.mail) >= self.most_sends:
            raise TurnTooLarge(f"more than {self.most_sends} sends in one turn")
        sent = Envelope(
            id=command_id or self.new_id(),
            target=target,
            payload=command,
            body=payload_bytes(command),
            principal=self.principal.acting_through(sender),
            sent_at=self.now_ms,
            correlation_id=self.envelope.correlation_id or self.envelope.id,
            causation_id=self.envelope.id,
            trace=self.envelope.trace,
            reply_to=sender.text if answer else "",
        )
        self.mail.append(sent)
        return sent.id

    def signal(self, target: ActorId, message: Message, *, sender: ActorId) -> None:
        """Notes a signal for `target`. Raises: Rejected `scope_mismatch` when it lies in another scope."""
        _stay_in_scope(target, sender)
        self.signals.append((target, message))

    def records_anything(self) -> bool:
        """Whether the turn holds something that must be in the log, passing observations aside."""
        return bool(
            self.events
            or self.mail
            or self.timers
            or self.effects_started
            or self.effects_cancelled
            or self.concluded
            or self.retirement
        )


def _stay_in_scope(target: ActorId, sender: ActorId) -> None:
    if target.scope != sender.scope:
        raise Rejected("scope_mismatch", "No message of an actor crosses scopes.", "target")
