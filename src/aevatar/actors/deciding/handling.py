"""Deciding: one message, one handler, and the reasons for which a message is refused before it gets there."""

from __future__ import annotations

from google.protobuf.message import Message

from aevatar.actors.actors_pb2 import Done
from aevatar.actors.deciding.activation import Activation, Delivery
from aevatar.actors.deciding.kind import Handler
from aevatar.actors.deciding.turn import Pending, Turn
from aevatar.actors.packing import name_of
from aevatar.errors import Rejected
from aevatar.identity import ActorId


def decide(activation: Activation, delivery: Delivery, turn: Turn) -> Message | Pending | None:
    """Runs the handler of the message; None is the answer of a signal.

    Raises: Rejected `unhandled`, `gone`, `not_found`, or whatever the handler refuses with.
    """
    handler = handler_of(activation, delivery)
    activation.actor.turn = turn
    result = handler.function(activation.actor, turn.envelope.payload)
    if handler.role == "signal":
        return None
    if handler.role == "question" and (turn.records_anything() or turn.shown):
        raise TypeError(
            f"question {handler.name!r} of {activation.kind.name} asked for something to be recorded or shown"
        )
    return Done() if result is None else result


def handler_of(activation: Activation, delivery: Delivery) -> Handler:
    """The handler that takes the message, if this actor, as it is now, takes it from this sender."""
    envelope, kind = delivery.envelope, activation.kind
    handler = kind.handlers.get(type(envelope.payload))
    if handler is None or (handler.role == "signal") is not delivery.is_signal:
        raise Rejected("unhandled", f"{kind.name} does not take {name_of(envelope.payload)}")
    if activation.retirement:
        raise gone(activation.id)
    if activation.version == 0 and not handler.creates:
        raise not_found(activation.id)
    is_own = delivery.timer is not None or delivery.effect_id != ""
    if not is_own and not kind.actor.allows(envelope.principal, envelope.payload, activation.id):
        raise not_found(activation.id)  # what is not yours looks like what does not exist
    return handler


def not_found(actor_id: ActorId) -> Rejected:
    """What a caller hears of an actor that does not exist, or not for them."""
    return Rejected("not_found", f"there is no {actor_id}")


def gone(actor_id: ActorId) -> Rejected:
    """What a caller hears of an actor that has retired, also one whose command was still open then."""
    return Rejected("gone", f"{actor_id} has been retired")
