"""How a capability says what its facts and passing observations look like in a session."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import Message
from msgspec import Struct

from aevatar.errors import Misassembled


class Show(Struct, frozen=True):  # one for every event that is shown, so it has to be cheap to make
    """A session event with more to say than its content.

    `session` names the session, "" means the one of the projection. A `terminal` event is the last of its session.
    """

    event: Message
    session: str = ""
    terminal: bool = False


Observer = Callable[[Any], Iterator[Message | Show]]
"""A pure function from one fact or observation, named by its annotation, to session events."""


def observers_by_type(observers: Iterable[Observer], kind: str) -> Mapping[type[Message], Observer]:
    """Observers by the message each takes. Raises: Misassembled for a wrong shape, or two for one message."""
    found: dict[type[Message], Observer] = {}
    for observer in observers:
        message = _observed(observer, kind)
        if (other := found.get(message)) is not None:
            names = f"{_name(other)} and {_name(observer)}"
            raise Misassembled(f"kind {kind!r} has two observers of {message.DESCRIPTOR.full_name}: {names}")
        found[message] = observer
    return found


def _observed(observer: Observer, kind: str) -> type[Message]:
    parameters = list(inspect.signature(observer).parameters)
    message = typing.get_type_hints(observer).get(parameters[0]) if len(parameters) == 1 else None
    if not (isinstance(message, type) and issubclass(message, Message)):
        raise Misassembled(
            f"observer {_name(observer)} of kind {kind!r} must take one argument annotated with a generated message"
        )
    return message


def _name(observer: Observer) -> str:
    return repr(getattr(observer, "__name__", observer))
