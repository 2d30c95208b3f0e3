"""What follows once the journal has spoken.

After a commit, in this order: answers, session events, mail, effects, timers. After a refusal: the activation, and all
it had built on the refused turn, is undone, and its messages are handled again from the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import structlog
from google.protobuf.message import Message

from aevatar.actors.deciding.activation import Activation, Answer, Delivery, Ticket
from aevatar.actors.deciding.handling import gone
from aevatar.actors.deciding.turn import Turn
from aevatar.actors.envelope import Envelope
from aevatar.actors.metrics import Metrics
from aevatar.actors.serving.stage import Stage
from aevatar.actors.serving.turns import Turns, Waiting
from aevatar.errors import Unavailable
from aevatar.identity import ActorId
from aevatar.journal.records import DueTimer, EffectState, TurnRecord, Verdict

log = structlog.get_logger("aevatar.actors")

CONFLICTS = 5
"""How often a message is handled again because its turn was refused."""
PAUSE_AFTER_CONFLICTS = 2.0
"""Seconds until a message that the journal holds is handled again after that."""


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where the wishes of a committed turn go."""

    show: Callable[[Ticket], None]
    post: Callable[[Envelope], None]
    start: Callable[[Ticket], None]
    cancel_effect: Callable[[str], None]
    arm: Callable[[DueTimer], None]
    disarm: Callable[[str, str, int], None]
    signal: Callable[[ActorId, Message], None]
    erase: Callable[[ActorId], None]
    fenced: Callable[[], None]


class Aftermath:
    """Settles tickets by their verdicts."""

    def __init__(self, *, stage: Stage, turns: Turns, waiting: Waiting, metrics: Metrics, outlets: Outlets) -> None:
        self._stage = stage
        self._turns = turns
        self._waiting = waiting
        self._metrics = metrics
        self._outlets = outlets

    def settle(self, batch: Sequence[Ticket], verdicts: Sequence[Verdict]) -> None:
        """Carries on with each ticket of a batch, in its order."""
        repeated = {ticket for ticket, verdict in zip(batch, verdicts, strict=True) if verdict is Verdict.REPEATED}
        for ticket, verdict in zip(batch, verdicts, strict=True):
            if ticket.is_void:  # undone together with an earlier turn of the same actor
                continue
            if verdict is Verdict.COMMITTED:
                self._committed(ticket)
            elif verdict is Verdict.REPEATED and ticket.record.version is None:
                self._passed_over(ticket)
            else:
                if verdict is Verdict.FENCED:
                    self._outlets.fenced()
                self._undo(ticket.activation, verdict, repeated)
        self._stage.resume()

    def _committed(self, ticket: Ticket) -> None:
        activation, record = ticket.activation, ticket.record
        activation.inflight.popleft()
        self._answer(ticket)
        if record.shown:
            self._outlets.show(ticket)
        for sent in ticket.sends:
            self._outlets.post(sent)
        for effect_id, state in record.effects_ended:
            if state is EffectState.CANCELLED:
                self._outlets.cancel_effect(effect_id)
        if record.effects_started:
            self._outlets.start(ticket)
        self._set_timers(record)
        if ticket.turn is not None and (ticket.turn.signals or ticket.turn.signals_after):
            self._signal(ticket, ticket.turn)
        if record.retirement:
            self._outlets.erase(activation.id)
        self._stage.drained(activation)

    def _passed_over(self, ticket: Ticket) -> None:
        # Its mail was ticked off before: nothing of it is stored, nothing follows from it, no later turn rests on it.
        ticket.activation.inflight.popleft()
        self._answer(ticket)
        self._stage.drained(ticket.activation)

    def _answer(self, ticket: Ticket) -> None:
        if ticket.answer is not None:
            ticket.delivery.give(ticket.answer)
        elif ticket.refusal is not None:
            ticket.delivery.give(ticket.refusal)
        elif ticket.record.opened is not None:
            self._waiting.add(ticket.record.actor, ticket.delivery)
        if ticket.turn is not None:
            for command_id, outcome in ticket.turn.concluded.items():
                self._waiting.end(ticket.record.actor, command_id, Answer(outcome, ticket.record.version or 0))
        if ticket.record.retirement:
            for command_id in ticket.activation.open_commands:
                self._waiting.end(ticket.record.actor, command_id, gone(ticket.activation.id))
        for delivery, result in ticket.held:
            delivery.give(result)

    def _set_timers(self, record: TurnRecord) -> None:
        for name, generation in record.timers_cleared:
            self._outlets.disarm(record.actor, name, generation)
        for timer in record.timers_set:
            self._outlets.arm(DueTimer(record.actor, timer.name, timer.generation, timer.due, timer.body))

    def _signal(self, ticket: Ticket, turn: Turn) -> None:
        for target, message in turn.signals:
            self._outlets.signal(target, message)
        activation = ticket.activation
        for delay, message in turn.signals_after:
            self._delay(activation.id, activation.delayed, delay, message)

    def _delay(self, target: ActorId, delayed: set[asyncio.TimerHandle], delay: float, message: Message) -> None:
        def ring() -> None:
            delayed.discard(handle)
            self._outlets.signal(target, message)

        handle = asyncio.get_running_loop().call_later(delay, ring)
        delayed.add(handle)

    def _undo(self, activation: Activation, verdict: Verdict, repeated: Collection[Ticket]) -> None:
        """Takes all turns under way back. Commands that are in the log already, `repeated`, are answered from there."""
        self._metrics.conflicts += verdict is Verdict.CONFLICT
        again: dict[Delivery, None] = {}  # a repeated message may be held by one ticket and ticked off by another
        settled = [ticket.delivery for ticket in activation.inflight if ticket in repeated]
        for undone in activation.inflight:
            activation.undo(undone)
            if undone not in repeated:
                again[undone.delivery] = None
            # Whoever has left may have asked again under the same id, and been refused: that must stay true.
            again.update((delivery, None) for delivery, _ in undone.held if not delivery.is_abandoned)
        activation.inflight.clear()
        self._turns.forget_void()
        activation.mailbox.put_back(self._worth_another_try(activation, again, verdict))
        self._stage.reload(activation)
        for delivery in settled:
            self._metrics.repeats += 1
            self._turns.answer_later(activation, delivery)

    def _worth_another_try(
        self, activation: Activation, deliveries: Iterable[Delivery], verdict: Verdict
    ) -> list[Delivery]:
        again = []
        for delivery in deliveries:
            delivery.conflicts += 1
            if verdict is Verdict.FENCED:
                delivery.give(Unavailable("fenced", "another process owns this actor now"))
            elif delivery.conflicts > CONFLICTS:
                log.error("too_many_conflicts", actor=delivery.envelope.target.text, message_id=delivery.envelope.id)
                delivery.give(Unavailable("conflict", "the actor keeps moving on under this process"))
                if delivery.is_durable:  # nobody else would bring it back before the next start
                    delivery.conflicts = 0
                    self._turns.retry(activation, delivery, PAUSE_AFTER_CONFLICTS)
            else:
                again.append(delivery)
        return again
