"""Starting effects, and bringing their results back: the tie between the ledger, the runner and the actors."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import Message

from aevatar.actors.acting.effects import EffectRunner, Link, Vault
from aevatar.actors.actors_pb2 import EffectRecord
from aevatar.actors.deciding.activation import Delivery, Ticket
from aevatar.actors.envelope import principal_of, result_envelope
from aevatar.actors.nature import Clock
from aevatar.actors.packing import unpack
from aevatar.identity import ActorId


class Acting:
    """Gives effects their link to the actor, and their result the form of a command."""

    def __init__(
        self,
        *,
        clock: Clock,
        vault: Vault | None,
        signal: Callable[[ActorId, Message], None],
        deliver: Callable[[Delivery], None],
    ) -> None:
        self._clock = clock
        self._vault = vault
        self._signal = signal
        self._deliver = deliver
        self.runner: EffectRunner

    def start(self, ticket: Ticket) -> None:
        """Starts the effects of a committed turn, but for those whose results were known."""
        attachments = {} if ticket.turn is None else {s.id: s.attachment for s in ticket.turn.effects_started}
        for started in ticket.record.effects_started:
            if started.id in ticket.known:
                continue
            record = EffectRecord.FromString(started.body)
            self.restart(ticket.activation.id, started.id, started.type, record, attachments.get(started.id))

    def restart(self, actor_id: ActorId, effect_id: str, name: str, record: EffectRecord, attachment: object) -> None:
        """Starts one effect whose intent is in the ledger."""
        link = Link(
            actor_id,
            effect_id,
            record,
            principal=principal_of(record.principal),
            attachment=attachment,
            signal=self._signal,
            vault=self._vault,
        )
        self.runner.start(name, unpack(record.request), link)

    def finish(self, link: Link, result: Message, *, is_failure: bool) -> None:
        """Brings a result to its actor, behind the signals of its effect."""
        envelope = result_envelope(
            link.effect_id,
            link.actor_id,
            result,
            principal=link.principal,
            sent_at=self._clock.now(),
            correlation_id=link.record.correlation_id,
            trace=link.record.trace,
        )
        self._deliver(Delivery(envelope, effect_id=link.effect_id, is_failed_effect=is_failure, behind_signals=True))
