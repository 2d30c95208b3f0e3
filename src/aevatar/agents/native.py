"""What a run shows, as plain JSON: the name of an event and its fields, the same wherever it is read."""

from __future__ import annotations

import re

import msgspec
from google.protobuf.message import Message

from aevatar.actors.packing import message_type
from aevatar.agents.stream_pb2 import SubRunShown
from aevatar.sessions import Delta
from aevatar.tools import render

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_encode = msgspec.json.Encoder().encode


def event_name(event: Message) -> str:
    """The name of an event, in snake case."""
    return _CAMEL.sub("_", event.DESCRIPTOR.name).lower()


def event_data(event: Message) -> bytes:
    """The fields of an event, as JSON in camel case."""
    if isinstance(event, Delta):  # by far the most frequent one
        return _encode({"item": event.item, "channel": event.channel, "text": event.text})
    return _encode(event_fields(event))


def event_fields(event: Message) -> dict[str, object]:
    """The same as a JSON object. One of a sub-run stands inside of what shows it, in the same form."""
    fields: dict[str, object] = render(event, camel_case=True)
    if isinstance(event, SubRunShown):
        below = message_type(event.name).FromString(event.event)
        del fields["name"]
        fields |= {"type": event_name(below), "event": event_fields(below)}
    return fields
