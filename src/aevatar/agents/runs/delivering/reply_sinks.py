"""The effect that sends replies, and the port of what it sends them through.

A sink is passive: it sends what it is given, once, with the effect id as the far side's key. When to send what is not
its affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import Message

from aevatar.actors import Effect, Link, Policy
from aevatar.agents.runs_pb2 import ReplyFailed, ReplySent, SendReply


@dataclass(frozen=True, slots=True)
class ReplySnapshot:
    """The whole text of a reply as a channel is to show it. `reference` is the message to edit, "" for a new one."""

    address: str
    ordinal: int
    text: str
    final: bool
    effect_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The channel shows it, under `reference`."""

    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The channel does not take it; perhaps after `retry_after` seconds."""

    code: str
    retry_after: float = 0.0


class ReplySink(Protocol):
    """A chat channel, as far as replies are concerned."""

    async def send(self, snapshot: ReplySnapshot) -> Accepted | Refused:
        """Sends or edits one message. The same effect id again must not post a second one."""
        ...


class SendReplyEffect(Effect[SendReply, Message]):
    """Sends through the sink that the request names."""

    name = "replies.send"
    policy = Policy.REPEAT
    deadline = 30.0

    def __init__(self, sinks: Mapping[str, ReplySink]) -> None:
        self._sinks = sinks

    async def run(self, request: SendReply, link: Link) -> Message:
        sink = self._sinks.get(request.channel)
        if sink is None:
            return ReplyFailed(sink=request.sink, ordinal=request.ordinal, code="channel_not_found")
        snapshot = ReplySnapshot(
            request.address, request.ordinal, request.text, request.final, link.effect_id, request.reference
        )
        answer = await sink.send(snapshot)
        if isinstance(answer, Accepted):
            return ReplySent(sink=request.sink, ordinal=request.ordinal, reference=answer.reference)
        failed = ReplyFailed(sink=request.sink, ordinal=request.ordinal, code=answer.code)
        failed.retry_after = answer.retry_after
        return failed
