"""From a turn to the record that is committed: pure translation, and the activation's books kept in step.

The books run ahead of the journal; if the record is refused, the activation is loaded anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from google.protobuf.message import Message

from aevatar.actors.acting.effects import Effects
from aevatar.actors.actors_pb2 import Answered, EffectRecord, Refusal, TurnBody
from aevatar.actors.deciding.activation import Activation, Delivery
from aevatar.actors.deciding.handling import gone
from aevatar.actors.deciding.turn import Pending, Scheduled, Shown, Turn
from aevatar.actors.envelope import Envelope, payload_bytes, principal_record, to_bytes
from aevatar.actors.nature import base32
from aevatar.actors.packing import digest, name_of, pack, pack_bytes
from aevatar.errors import AevatarError, Rejected
from aevatar.identity import ActorId, Principal
from aevatar.journal.records import (
    DeadLetter,
    DocumentWrite,
    EffectStarted,
    EffectState,
    Mail,
    OpenCommand,
    Retirement,
    SessionEvent,
    TimerSet,
    TurnRecord,
)
from aevatar.sessions.declaration import Show


def record_turn(
    activation: Activation,
    delivery: Delivery,
    turn: Turn,
    result: Message | Pending | None,
    effects: Effects,
) -> TurnRecord | None:
    """What `turn` comes to, or None if there is nothing to store or to show."""
    record = TurnRecord(activation.id.text, activation.id.shard, turn.now_ms)
    _decided(activation, record, delivery, turn, result)
    tick_off(activation, record, delivery, EffectState.FAILED if delivery.is_failed_effect else EffectState.DONE)
    _wished(activation, record, turn, effects)
    if record.version is not None:
        activation.version = record.version
        record.documents = list(_documents(activation))
        _snapshot(activation, record)
    elif not record.shown and not record.mail_done:
        return None
    return record


def tick_off(activation: Activation, record: TurnRecord, delivery: Delivery, effect_state: EffectState) -> None:
    """Marks what brought the message as done, in the very commit that handles it."""
    if delivery.mailed:
        record.mail_done.append(delivery.envelope.id)
    if delivery.timer is not None:
        record.timers_cleared.append(delivery.timer)
        if activation.timers.get(delivery.timer[0]) == delivery.timer[1]:
            del activation.timers[delivery.timer[0]]
    if delivery.effect_id:
        record.effects_ended.append((delivery.effect_id, effect_state))
        activation.effects.pop(delivery.effect_id, None)


def bury(activation: Activation, record: TurnRecord, delivery: Delivery, reason: str) -> None:
    """Moves a message that cannot be handled to the dead letters, for a person to look at."""
    tick_off(activation, record, delivery, EffectState.FAILED)
    envelope = delivery.envelope
    letter_id = f"{activation.id}/{envelope.id}"  # a command id alone is unique at one actor only
    record.dead.append(DeadLetter(letter_id, activation.id.text, reason, to_bytes(envelope), record.at))


def mail_of(envelope: Envelope) -> Mail:
    """The envelope as it lies in the journal until its target has handled it."""
    target = envelope.target
    return Mail(
        envelope.id, target.text, target.shard, to_bytes(envelope), digest(name_of(envelope.payload), envelope.body)
    )


def answer_envelope(
    sender: ActorId, command_id: str, reply_to: str, result: Message | AevatarError, turn: Turn
) -> Envelope:
    """Tells the actor that asked how its command ended."""
    answered = Answered(command_id=command_id, actor_id=sender.text)
    if isinstance(result, Message):
        answered.outcome.CopyFrom(pack(result))
    else:
        answered.refusal.CopyFrom(_refusal(result))
    text = f"{sender.text}\0{command_id}"
    return Envelope(
        id="answer:" + base32(blake2b(text.encode(), digest_size=17).digest()),
        target=ActorId.parse(reply_to),
        payload=answered,
        body=payload_bytes(answered),
        principal=Principal(sender.scope, sender.text, via=sender),
        sent_at=turn.now_ms,
        correlation_id=turn.envelope.correlation_id,
        causation_id=command_id,
        trace=turn.envelope.trace,
    )


def _refusal(error: AevatarError) -> Refusal:
    field = error.field if isinstance(error, Rejected) else None
    return Refusal(code=getattr(error, "code", "internal"), message=getattr(error, "message", ""), field=field or "")


def _decided(
    activation: Activation, record: TurnRecord, delivery: Delivery, turn: Turn, result: Message | Pending | None
) -> None:
    envelope = turn.envelope
    if isinstance(result, Pending):
        _open(activation, record, turn, result)
    is_question = activation.kind.is_question(envelope.payload)
    if not is_question and (not delivery.is_signal or turn.records_anything()):
        _log(activation, record, turn)
        if not delivery.is_signal:
            record.command_id = envelope.id
            record.digest = digest(name_of(envelope.payload), envelope.body)
            record.outcome = pack_bytes(result) if isinstance(result, Message) else None
    if turn.concluded:
        _conclude(activation, record, turn)
    if isinstance(result, Message) and envelope.reply_to:
        turn.mail.append(answer_envelope(activation.id, envelope.id, envelope.reply_to, result, turn))


def _wished(activation: Activation, record: TurnRecord, turn: Turn, effects: Effects) -> None:
    if turn.retirement:
        _retire(activation, record, turn)
    if turn.timers:
        _set_timers(activation, record, turn)
    if turn.effects_started or turn.effects_cancelled:
        _ledger(activation, record, turn, effects)
    if turn.mail:
        record.mail = [mail_of(sent) for sent in turn.mail]
    if turn.shown:
        record.shown.extend(_session_events(activation, turn))


def _snapshot(activation: Activation, record: TurnRecord) -> None:
    if activation.version % activation.kind.snapshot_every == 0:
        record.snapshot = pack_bytes(activation.actor.state)
        activation.weight = 2048 + len(record.snapshot) * 4


def _log(activation: Activation, record: TurnRecord, turn: Turn) -> None:
    envelope = turn.envelope
    body = TurnBody(correlation_id=envelope.correlation_id, causation_id=envelope.causation_id, trace=envelope.trace)
    if envelope.principal.subject != activation.id.text:
        body.subject = envelope.principal.subject
    if envelope.principal.via is not None and envelope.principal.via != activation.id:
        body.via = envelope.principal.via.text
    for event in turn.events:
        body.events.add(name=event.DESCRIPTOR.full_name, body=event.SerializeToString())
    record.version = activation.version + 1
    record.body = body.SerializeToString()


def _open(activation: Activation, record: TurnRecord, turn: Turn, pending: Pending) -> None:
    envelope = turn.envelope
    record.opened = OpenCommand(envelope.id, envelope.reply_to)
    activation.open_commands[envelope.id] = envelope.reply_to
    turn.timers[_deadline_name(envelope.id)] = Scheduled(turn.now_ms + round(pending.within * 1000), pending.then)


def _conclude(activation: Activation, record: TurnRecord, turn: Turn) -> None:
    for command_id, outcome in turn.concluded.items():
        if command_id not in activation.open_commands:
            raise LookupError(f"command {command_id!r} is not pending and cannot be concluded")
        reply_to = activation.open_commands.pop(command_id)
        record.concluded.append((command_id, pack_bytes(outcome)))
        turn.timers[_deadline_name(command_id)] = None
        if reply_to:
            turn.mail.append(answer_envelope(activation.id, command_id, reply_to, outcome, turn))


def _deadline_name(command_id: str) -> str:
    return f"pending:{command_id}"


def _retire(activation: Activation, record: TurnRecord, turn: Turn) -> None:
    erase = activation.kind.erase_when_retired
    record.retirement = activation.retirement = Retirement.ERASE if erase else turn.retirement
    turn.effects_cancelled.extend(activation.effects)
    for command_id, reply_to in activation.open_commands.items():
        if reply_to:
            turn.mail.append(answer_envelope(activation.id, command_id, reply_to, gone(activation.id), turn))
    for name in activation.timers:
        turn.timers.setdefault(name, None)


def _set_timers(activation: Activation, record: TurnRecord, turn: Turn) -> None:
    version = activation.version + 1
    for name, scheduled in turn.timers.items():
        if scheduled is not None:
            body = to_bytes(_timer_envelope(activation.id, name, version, scheduled, turn))
            record.timers_set.append(TimerSet(name, version, scheduled.due, body))
            activation.timers[name] = version  # versions never come twice, so they serve as generations
        elif (generation := activation.timers.pop(name, None)) is not None:
            record.timers_cleared.append((name, generation))


def _timer_envelope(actor: ActorId, name: str, generation: int, scheduled: Scheduled, turn: Turn) -> Envelope:
    return Envelope(
        id=f"timer:{generation}:{name}",
        target=actor,
        payload=scheduled.command,
        body=payload_bytes(scheduled.command),
        principal=Principal(actor.scope, actor.text, via=actor),
        sent_at=scheduled.due,
        correlation_id=turn.envelope.correlation_id or turn.envelope.id,
        causation_id=turn.envelope.id,
        trace=turn.envelope.trace,
    )


def _ledger(activation: Activation, record: TurnRecord, turn: Turn, effects: Effects) -> None:
    for effect_id in turn.effects_cancelled:
        if activation.effects.pop(effect_id, None) is not None:
            record.effects_ended.append((effect_id, EffectState.CANCELLED))
    envelope = turn.envelope
    for started in turn.effects_started:
        if started.id in turn.effects_cancelled:  # the handler has thought better of it
            continue
        if (name := effects.names.get(type(started.request))) is None:
            raise LookupError(f"no registered effect takes {started.request.DESCRIPTOR.full_name}")
        body = EffectRecord(
            request=pack(started.request),
            principal=principal_record(envelope.principal),
            correlation_id=envelope.correlation_id or envelope.id,
            trace=envelope.trace,
        )
        record.effects_started.append(EffectStarted(started.id, name, body.SerializeToString(), effects.runner))
        activation.effects[started.id] = name


def _session_events(activation: Activation, turn: Turn) -> Iterator[SessionEvent]:
    default = activation.kind.projection.session
    for shown in turn.shown:
        for show in _observed(activation, shown):
            session = show.session or shown.session or default
            last, ended = activation.sessions.get(session, (0, False))
            if ended:  # what comes after the terminal event has no reader any more
                continue
            terminal = show.terminal or shown.terminal
            activation.sessions[session] = (last + 1, terminal)
            activation.shown_total += 1
            event = show.event
            yield SessionEvent(
                session, last + 1, event.DESCRIPTOR.full_name, event.SerializeToString(), turn.now_ms, terminal
            )


def _observed(activation: Activation, shown: Shown) -> Iterator[Show]:
    observer = activation.kind.observers.get(type(shown.observation))
    if observer is None:
        yield Show(shown.observation)
        return
    for item in observer(shown.observation):
        yield item if isinstance(item, Show) else Show(item)


def _documents(activation: Activation) -> Iterator[DocumentWrite]:
    scope, version = activation.id.scope, activation.version
    for declared in activation.kind.projection.documents:
        attributes = None if declared.index is None else dict(declared.index(activation.actor.state))
        for key, message in declared.materialise(activation.actor.state, activation.id.key).items():
            body = None if message is None else message.SerializeToString()
            place = (declared.name, key)
            known = activation.documents.get(place)
            if known is not None and known[1] == body and (declared.pages is not None or body is None):
                continue  # a page that did not change, a document that is not there and was not
            if body is None and version == 1:  # the actor's first turn: there is nothing yet that would have to go
                activation.documents[place] = (None, None)
                continue
            index = attributes if known is None or known[0] != attributes else None
            kept = body if declared.pages is not None or body is None else b""
            activation.documents[place] = (attributes, kept)
            yield DocumentWrite(declared.name, scope, key, version, body, index)
