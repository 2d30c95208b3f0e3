"""The log as plain data, for people and for other tools: one dictionary a turn, with its events in full."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict

from aevatar.actors.actors_pb2 import Packed, TurnBody
from aevatar.actors.packing import unpack
from aevatar.actors.upkeep.replaying import PAGE
from aevatar.journal.port import Journal


async def exported(journal: Journal, after: int = 0) -> AsyncIterator[dict[str, Any]]:
    """Every turn after a position, in the order of the feed, as what JSON can hold.

    An event has its stored `name` and `body`, in Base64, and where this program has its type the `message` to read.
    A turn that was erased has no events.
    """
    while page := await journal.feed(after, PAGE):
        for entry in page:
            yield {
                "position": entry.position,
                "actor": entry.actor,
                "version": entry.version,
                "at": datetime.fromtimestamp(entry.at / 1000, UTC).isoformat(timespec="milliseconds"),
                "events": [_event(packed) for packed in TurnBody.FromString(entry.body).events],
            }
        after = page[-1].position


def _event(packed: Packed) -> dict[str, Any]:
    event: dict[str, Any] = {"name": packed.name, "body": base64.b64encode(packed.body).decode()}
    try:
        event["message"] = MessageToDict(unpack(packed))
    except Exception:  # noqa: BLE001 - a type that is unknown, here or inside; the body is the truth anyway
        return event
    return event
