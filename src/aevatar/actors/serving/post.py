"""How messages find their actor: mail, timers, signals, whoever owns the target's shard.

Nothing here decides or stores. What is durable stays in the journal when it cannot be delivered now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import structlog
from google.protobuf.message import Message
from msgspec.structs import replace

from aevatar.actors.deciding.activation import Delivery
from aevatar.actors.deciding.kind import Kind
from aevatar.actors.envelope import Envelope, from_bytes
from aevatar.actors.metrics import Metrics
from aevatar.actors.nature import Clock
from aevatar.actors.packing import UnknownMessage
from aevatar.actors.recording.record import mail_of
from aevatar.actors.serving.stage import Stage
from aevatar.errors import Unavailable
from aevatar.identity import ActorId, Principal
from aevatar.journal.records import DueTimer, Mail

log = structlog.get_logger("aevatar.post")


class Neighbours(Protocol):
    """The other processes of a cluster: where mail for shards that are not ours goes. It is durable already."""

    def deliver(self, shard: int, mail: Mail) -> None:
        """Tells the owner of `shard` that there is mail. May be lost; the owner looks for itself when it starts."""


class Post:
    """Delivers to the actors of this process, and hands on what belongs to others."""

    def __init__(
        self,
        *,
        kinds: Mapping[str, Kind],
        stage: Stage,
        shards: Collection[int],
        neighbours: Neighbours | None,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._kinds = kinds
        self._stage = stage
        self._shards = shards
        self._neighbours = neighbours
        self._clock = clock
        self._metrics = metrics

    def send(self, envelope: Envelope) -> None:
        """Delivers what a turn has sent, now that it is durable."""
        self.hand_over(envelope, None)

    def hand_over(self, envelope: Envelope, mail: Mail | None) -> None:
        """Delivers mail, here or to the process that owns its target."""
        if envelope.target.shard in self._shards:
            self.deliver(Delivery(envelope, mailed=True))
        elif self._neighbours is not None:
            self._neighbours.deliver(envelope.target.shard, mail or mail_of(envelope))

    def deliver(self, delivery: Delivery) -> None:
        """Delivers what the journal holds; what cannot be taken now is found again."""
        target = current(self._kinds, delivery.envelope.target)
        kind = self._kinds.get(target.kind)
        if kind is None:  # stays in the journal until a program that knows the kind starts
            log.error("unknown_kind", actor=target.text, message_id=delivery.envelope.id)
            return
        if target is not delivery.envelope.target:
            delivery.envelope = replace(delivery.envelope, target=target)
        try:
            self._stage.deliver(kind, delivery)
        except Unavailable as parked:
            log.warning("message_parked", actor=target.text, message_id=delivery.envelope.id, reason=parked.message)

    def signal(self, target: ActorId, message: Message, principal: Principal | None = None) -> None:
        """Delivers what nobody holds: it is lost if it cannot be taken now."""
        target = current(self._kinds, target)
        principal = principal or Principal(target.scope, target.text)
        envelope = Envelope("", target, message, b"", principal, self._clock.now())
        if target.kind not in self._kinds or target.shard not in self._shards:
            self._metrics.signals_dropped += 1
            return
        try:
            self._stage.deliver(self._kinds[target.kind], Delivery(envelope, is_signal=True))
        except Unavailable:
            self._metrics.signals_dropped += 1

    def fire(self, timer: DueTimer) -> None:
        """Delivers the command of a timer that has come due."""
        if (envelope := self._read(timer.body, timer.actor)) is not None:
            self.deliver(Delivery(envelope, timer=(timer.name, timer.generation)))

    def receive(self, mail: Mail) -> None:
        """Delivers mail that another process stored."""
        if (envelope := self._read(mail.body, mail.target)) is not None:
            self.deliver(Delivery(envelope, mailed=True))

    def _read(self, body: bytes, target: str) -> Envelope | None:
        try:
            return from_bytes(body)
        except UnknownMessage as unknown:  # it stays in the journal until a program that knows the message starts
            self._metrics.mail_unreadable += 1
            log.warning("message_unreadable", actor=target, reason=str(unknown))
            return None


def current(kinds: Mapping[str, Kind], target: ActorId) -> ActorId:
    """The id under which an actor is known today, if its kind had another name before."""
    kind = kinds.get(target.kind)
    if kind is None or kind.name == target.kind:
        return target
    return ActorId(kind.name, target.scope, target.key)
