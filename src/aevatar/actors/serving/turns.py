"""One turn after the other: a message is handled, and becomes a ticket for the journal, an answer, or a failure.

A ticket is what was decided and is not durable yet. Later turns of the actor may build on it; whatever they say is held
back until it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog
from google.protobuf.message import Message
from msgspec.structs import replace

from aevatar.actors.acting.effects import Effects
from aevatar.actors.deciding.activation import Activation, Answer, Delivery, Recent, Ticket
from aevatar.actors.deciding.handling import decide, gone
from aevatar.actors.deciding.kind import Kind
from aevatar.actors.deciding.turn import Pending, Turn
from aevatar.actors.envelope import result_envelope
from aevatar.actors.failures import where
from aevatar.actors.metrics import Metrics
from aevatar.actors.nature import Clock
from aevatar.actors.packing import UnknownMessage, digest, name_of, unpack_bytes
from aevatar.actors.recording.record import answer_envelope, bury, mail_of, record_turn, tick_off
from aevatar.actors.recording.writer import GroupCommit
from aevatar.actors.serving.stage import Limits, Stage
from aevatar.actors.tasks import Tasks
from aevatar.actors.tracing import Tracing
from aevatar.errors import AevatarError, Internal, Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import EffectState, RecordedOutcome, TurnRecord

log = structlog.get_logger("aevatar.actors")

RETRIES = 3
"""How often a message that the journal holds is tried again after a bug, before it goes to the dead letters."""


class Turns:
    """Runs turns."""

    def __init__(
        self,
        *,
        stage: Stage,
        writer: GroupCommit[Ticket],
        journal: Journal,
        clock: Clock,
        tasks: Tasks,
        metrics: Metrics,
        limits: Limits,
        current: Callable[[ActorId], ActorId],
        effects: Effects,
        waiting: Waiting,
        tracing: Tracing,
    ) -> None:
        self._stage = stage
        self._writer = writer
        self._journal = journal
        self._clock = clock
        self._tasks = tasks
        self._metrics = metrics
        self._limits = limits
        self._current = current
        self._effects = effects
        self._waiting = waiting
        self._tracing = tracing

    def handle(self, activation: Activation, delivery: Delivery) -> None:
        if self._is_settled(activation, delivery):
            return
        turn = self._begun(activation, delivery)
        began = self._clock.elapsed()
        try:
            with self._tracing.turn(turn):
                result = decide(activation, delivery, turn)
                record = record_turn(activation, delivery, turn, result, self._effects)
                known = self._known(activation, turn)
        except AevatarError as refusal:
            self._refuse(activation, delivery, turn, refusal)
        except Exception as bug:  # noqa: BLE001 - a handler may fail in any way there is
            self._fail(activation, delivery, turn, bug)
        else:
            self._metrics.turns += 1
            self._submit(activation, delivery, turn, result, record, known=known)
        if (spent := self._clock.elapsed() - began) > self._limits.slow_handler:
            message = name_of(delivery.envelope.payload)
            log.warning("slow_handler", kind=activation.kind.name, message=message, seconds=round(spent, 4))

    def _begun(self, activation: Activation, delivery: Delivery) -> Turn:
        return Turn(
            delivery.envelope,
            self._clock.now(),
            activation.version,
            f"{activation.id.text}\0{activation.version}\0{activation.shown_total}",
            delivery.effect_id,
            most_events=self._limits.events,
            most_sends=self._limits.sends,
        )

    def _is_settled(self, activation: Activation, delivery: Delivery) -> bool:
        if delivery.timer is not None and activation.timers.get(delivery.timer[0]) != delivery.timer[1]:
            self._metrics.timers_stale += 1
            self._drop(activation, delivery)
            return True
        if delivery.effect_id and delivery.effect_id not in activation.effects:
            self._metrics.results_dropped += 1
            self._drop(activation, delivery)
            return True
        if delivery.is_signal:
            is_lost = activation.version == 0 or bool(activation.retirement)
            self._metrics.signals_dropped += is_lost
            return is_lost
        recent = activation.recent.get(delivery.envelope.id)
        if recent is not None:
            self._repeat(activation, delivery, recent)
        return recent is not None

    def _drop(self, activation: Activation, delivery: Delivery) -> None:
        # Nobody hears this answer, but like any other it is held: if what made the message stale is undone, it returns.
        self.answer(activation, delivery, Rejected("superseded", "what this was about has been replaced or cancelled"))

    def _repeat(self, activation: Activation, delivery: Delivery, recent: Recent) -> None:
        self._metrics.repeats += 1
        envelope = delivery.envelope
        if recent.digest != digest(name_of(envelope.payload), envelope.body):
            self.answer(activation, delivery, command_id_reused(envelope.id))
        elif recent.answer is not None:
            self.answer(activation, delivery, recent.answer)
        elif activation.retirement:
            self.answer(activation, delivery, gone(activation.id))
        else:
            self._waiting.add(activation.id.text, delivery)
        if delivery.mailed:
            self.submit_tick_off(activation, delivery)

    def _submit(
        self,
        activation: Activation,
        delivery: Delivery,
        turn: Turn,
        result: Message | Pending | None,
        record: TurnRecord | None,
        *,
        known: Sequence[Delivery],
    ) -> None:
        answer = Answer(result, activation.version) if isinstance(result, Message) else None
        if record is None:
            self._metrics.questions += 1
            if answer is not None:
                self.answer(activation, delivery, answer)
            self._signal_only(activation, delivery, turn)
            return
        ticket = Ticket(activation, delivery, record, turn, answer, sends=turn.mail)
        if record.command_id is not None:
            activation.remember(record.command_id, Recent(record.digest, answer))
        for command_id, outcome in turn.concluded.items():
            if (opened := activation.recent.get(command_id)) is not None:
                activation.recent[command_id] = replace(opened, answer=Answer(outcome, activation.version))
        self._commit(ticket)
        for each in known:  # a next turn like any other: it is void if this one is refused
            ticket.known.add(each.effect_id)
            self._stage.deliver(activation.kind, each)

    def _known(self, activation: Activation, turn: Turn) -> list[Delivery]:
        """The results of effects that need not be run."""
        found = []
        for started in turn.effects_started:
            if started.id not in activation.effects or (result := self._effects.known(started.request)) is None:
                continue
            envelope = result_envelope(
                started.id,
                activation.id,
                result,
                principal=turn.principal,
                sent_at=turn.now_ms,
                correlation_id=turn.envelope.correlation_id or turn.envelope.id,
                trace=turn.envelope.trace,
            )
            found.append(Delivery(envelope, effect_id=started.id, behind_signals=True))
        self._metrics.effects_known += len(found)
        return found

    def _signal_only(self, activation: Activation, delivery: Delivery, turn: Turn) -> None:
        if turn.signals or turn.signals_after:  # nothing to store, but something to pass on: it takes the same road
            record = TurnRecord(activation.id.text, activation.id.shard, turn.now_ms)
            self._commit(Ticket(activation, delivery, record, turn))

    def _commit(self, ticket: Ticket) -> None:
        for index, sent in enumerate(ticket.sends):
            if (target := self._current(sent.target)) is not sent.target:
                ticket.sends[index] = renamed = replace(sent, target=target)
                ticket.record.mail[index] = mail_of(renamed)
        ticket.activation.inflight.append(ticket)
        self._writer.add(ticket)

    def answer(self, activation: Activation, delivery: Delivery, result: Answer | AevatarError) -> None:
        """Gives an answer as soon as everything it rests on is durable."""
        if activation.tail is not None:
            activation.tail.held.append((delivery, result))
        else:
            delivery.give(result)

    def _refuse(self, activation: Activation, delivery: Delivery, turn: Turn, refusal: AevatarError) -> None:
        self._metrics.refusals += 1
        if delivery.is_durable:
            record = TurnRecord(activation.id.text, activation.id.shard, turn.now_ms)
            tick_off(activation, record, delivery, EffectState.DONE)
            self._commit_refusal(Ticket(activation, delivery, record, refusal=refusal), turn)
        elif activation.version and isinstance(refusal, Rejected) and delivery.future is not None:
            refusing = self._refuse_unless_recorded(activation, delivery, refusal=refusal, rests_on=activation.tail)
            self._tasks.spawn(refusing, "refusal")
        else:
            self.answer(activation, delivery, refusal)
        if turn.records_anything() or turn.shown:  # state or books were changed before the refusal
            self._stage.reload(activation)

    def _commit_refusal(self, ticket: Ticket, turn: Turn) -> None:
        envelope = ticket.delivery.envelope
        if envelope.reply_to and ticket.refusal is not None:
            answer = answer_envelope(ticket.activation.id, envelope.id, envelope.reply_to, ticket.refusal, turn)
            ticket.sends.append(answer)
            ticket.record.mail = [mail_of(answer)]
        self._commit(ticket)

    async def _refuse_unless_recorded(
        self, activation: Activation, delivery: Delivery, *, refusal: Rejected, rests_on: Ticket | None
    ) -> None:
        # The command may have taken effect long ago, under a state that did not refuse it: then its outcome stands.
        try:
            known = await self._journal.outcome(activation.id.text, delivery.envelope.id)
        except Unavailable as lost:
            delivery.give(lost)
            return
        if known is not None:
            await self.answer_recorded(activation, delivery)
        elif rests_on is not None and rests_on.is_void:  # what it was refused for has never happened
            if not delivery.is_abandoned:
                self._redeliver(activation.kind, delivery)
        else:
            self.answer(activation, delivery, refusal)

    def _fail(self, activation: Activation, delivery: Delivery, turn: Turn, bug: Exception) -> None:
        self._metrics.failures += 1
        envelope = delivery.envelope
        request = envelope.correlation_id or envelope.id
        log.error(
            "handler_failed",
            actor=activation.id.text,
            message=name_of(envelope.payload),
            request_id=request,
            error=type(bug).__name__,
            where=where(bug),
        )
        if not delivery.is_durable:
            self.answer(activation, delivery, Internal(request))
        elif delivery.failures < RETRIES:
            delivery.failures += 1
            self.retry(activation, delivery, self._limits.retry_pause * 2 ** (delivery.failures - 1))
        else:
            self._metrics.dead_letters += 1
            record = TurnRecord(activation.id.text, activation.id.shard, turn.now_ms)
            bury(activation, record, delivery, type(bug).__name__)
            self._commit_refusal(Ticket(activation, delivery, record, refusal=Internal(request)), turn)
        self._stage.reload(activation)

    def retry(self, activation: Activation, delivery: Delivery, pause: float) -> None:
        """Brings a message back in `pause` seconds; those behind it do not wait for it."""

        async def retried() -> None:
            await asyncio.sleep(pause)
            self._redeliver(activation.kind, delivery)

        self._tasks.spawn(retried(), f"retry {delivery.envelope.id}")

    def _redeliver(self, kind: Kind, delivery: Delivery) -> None:
        try:
            self._stage.deliver(kind, delivery)
        except Unavailable as lost:  # quarantined meanwhile: what is durable stays in the journal
            delivery.give(lost)
            log.warning("not_redelivered", actor=delivery.envelope.target.text, message_id=delivery.envelope.id)

    def submit_tick_off(self, activation: Activation, delivery: Delivery) -> None:
        """Takes a message off the journal's hands that needs no turn any more."""
        record = TurnRecord(activation.id.text, activation.id.shard, self._clock.now())
        tick_off(activation, record, delivery, EffectState.DONE)
        self._commit(Ticket(activation, delivery, record))

    def forget_void(self) -> None:
        """Takes tickets that were undone back from the queue to the journal."""
        self._writer.drop(lambda ticket: ticket.is_void)

    def answer_later(self, activation: Activation, delivery: Delivery) -> None:
        """Answers a command that turned out to be in the log already, and ticks it off."""
        self._tasks.spawn(self.answer_recorded(activation, delivery), "repeated command")
        if delivery.is_durable:
            self.submit_tick_off(activation, delivery)

    async def answer_recorded(self, activation: Activation, delivery: Delivery) -> None:
        """Answers a command that is in the log already by what is recorded of it."""
        envelope, recent = delivery.envelope, activation.recent
        self._waiting.add(activation.id.text, delivery)  # first, or what is concluded during the look is missed
        try:
            known = await self._journal.outcome(activation.id.text, envelope.id)
        except Unavailable as lost:
            delivery.give(lost)
            return
        if known is None or known.digest != digest(name_of(envelope.payload), envelope.body):
            delivery.give(command_id_reused(envelope.id))
        elif known.erased:
            delivery.give(outcome_erased(envelope.id))
        elif known.outcome is not None:
            answer = self._give_recorded(delivery, known)
            if answer is not None and activation.recent is recent:  # else it may have been erased since
                activation.remember(envelope.id, Recent(known.digest, answer))
        elif activation.retirement:
            self.answer(activation, delivery, gone(activation.id))

    def _give_recorded(self, delivery: Delivery, known: RecordedOutcome) -> Answer | None:
        try:
            outcome = known_outcome(known, delivery.envelope.id)
        except Internal as unreadable:
            delivery.give(unreadable)
            return None
        answer = None if outcome is None else Answer(outcome, known.version)
        if answer is not None:
            delivery.give(answer)
        return answer


class Waiting:
    """Callers who wait for commands that are pending, whether or not the actor is in memory."""

    def __init__(self) -> None:
        self._deliveries: dict[tuple[str, str], list[Delivery]] = {}

    def add(self, actor: str, delivery: Delivery) -> None:
        """Keeps the caller until the command is concluded, or they no longer wait."""
        if delivery.future is None or delivery.future.done():
            return
        place = (actor, delivery.envelope.id)
        self._deliveries.setdefault(place, []).append(delivery)
        delivery.future.add_done_callback(lambda _: self._leave(place, delivery))

    def end(self, actor: str, command_id: str, result: Answer | AevatarError) -> None:
        """Gives all who wait the outcome, or the reason why there will be none."""
        for delivery in self._deliveries.pop((actor, command_id), ()):
            delivery.give(result)

    def _leave(self, place: tuple[str, str], delivery: Delivery) -> None:
        waiting = self._deliveries.get(place)
        if waiting is not None and delivery in waiting:
            waiting.remove(delivery)
            if not waiting:
                del self._deliveries[place]


def known_outcome(known: RecordedOutcome, command_id: str) -> Message | None:
    """What a command came to; None while it is pending. Raises: Internal when this program has no type for it."""
    try:
        return unpack_bytes(known.outcome) if known.outcome is not None else None
    except UnknownMessage as unknown:
        log.warning("outcome_unreadable", request_id=command_id, reason=str(unknown))
        raise Internal(command_id) from unknown


def command_id_reused(command_id: str) -> Rejected:
    """What a caller hears who gives another message an id that is taken."""
    return Rejected("command_id_reused", f"command id {command_id!r} belongs to another message", "command_id")


def outcome_erased(command_id: str) -> Rejected:
    """What whoever asks for an outcome hears when it is no longer known."""
    return Rejected("gone", f"command {command_id!r} took effect, but its outcome has been erased", "command_id")
