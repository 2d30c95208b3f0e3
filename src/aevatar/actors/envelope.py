"""The one wrapper of every message, and its written form."""

from __future__ import annotations

from google.protobuf.message import Message
from msgspec import Struct

from aevatar.actors.actors_pb2 import EnvelopeRecord, Packed, PrincipalRecord
from aevatar.actors.packing import unpack
from aevatar.errors import Rejected
from aevatar.identity import ActorId, Principal, ScopeId

PAYLOAD_LIMIT = 1024 * 1024
"""In bytes. Larger things are stored elsewhere and sent by reference."""

COMMAND_ID_LIMIT = 255


class Envelope(Struct, frozen=True):  # cheaper to make than a frozen dataclass, and a turn makes several
    """A message on its way: to whom, from whom, because of what.

    `id` is the command id. `body` is the payload as it was serialised once, at the door. `trace` is a W3C traceparent.
    """

    id: str
    target: ActorId
    payload: Message
    body: bytes
    principal: Principal
    sent_at: int
    correlation_id: str = ""
    causation_id: str = ""
    trace: str = ""
    reply_to: str = ""


def payload_bytes(payload: Message) -> bytes:
    """The payload serialised. Raises: Rejected `payload_too_large`."""
    body = payload.SerializeToString()
    if len(body) > PAYLOAD_LIMIT:
        raise Rejected("payload_too_large", f"a message has at most {PAYLOAD_LIMIT} bytes, this one has {len(body)}")
    return body


def check_command_id(command_id: str) -> str:
    """The id itself, if it can be one. Raises: Rejected `invalid_command_id`."""
    if not 1 <= len(command_id) <= COMMAND_ID_LIMIT or not command_id.isprintable():
        raise Rejected(
            "invalid_command_id", f"a command id is 1 to {COMMAND_ID_LIMIT} printable characters", "command_id"
        )
    return command_id


def result_envelope(
    effect_id: str,
    target: ActorId,
    result: Message,
    *,
    principal: Principal,
    sent_at: int,
    correlation_id: str,
    trace: str,
) -> Envelope:
    """What an effect came to, as a command. Raises: Rejected `payload_too_large`."""
    return Envelope(
        id=f"effect:{effect_id}",
        target=target,
        payload=result,
        body=payload_bytes(result),
        principal=principal,
        sent_at=sent_at,
        correlation_id=correlation_id,
        causation_id=effect_id,
        trace=trace,
    )


def to_bytes(envelope: Envelope) -> bytes:
    """The written form, as it lies in the mail or with a timer."""
    return EnvelopeRecord(
        id=envelope.id,
        target=envelope.target.text,
        payload=Packed(name=envelope.payload.DESCRIPTOR.full_name, body=envelope.body),
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        trace=envelope.trace,
        principal=principal_record(envelope.principal),
        reply_to=envelope.reply_to,
        sent_at=envelope.sent_at,
    ).SerializeToString()


def from_bytes(data: bytes) -> Envelope:
    """The envelope that was written. Raises: UnknownMessage when its payload has no generated type."""
    record = EnvelopeRecord.FromString(data)
    return Envelope(
        id=record.id,
        target=ActorId.parse(record.target),
        payload=unpack(record.payload),
        body=record.payload.body,
        principal=principal_of(record.principal),
        sent_at=record.sent_at,
        correlation_id=record.correlation_id,
        causation_id=record.causation_id,
        trace=record.trace,
        reply_to=record.reply_to,
    )


def principal_record(principal: Principal) -> PrincipalRecord:
    """The written form of a principal."""
    return PrincipalRecord(
        scope=principal.scope,
        subject=principal.subject,
        permissions=sorted(principal.permissions),
        via=principal.via.text if principal.via else "",
    )


def principal_of(record: PrincipalRecord) -> Principal:
    """The principal that was written."""
    via = ActorId.parse(record.via) if record.via else None
    return Principal(ScopeId(record.scope), record.subject, frozenset(record.permissions), via)
