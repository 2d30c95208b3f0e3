"""Joins what comes of a reply, word by word, to pieces that are worth a turn of the run.

The first word goes at once, for people wait for it. What came last goes with the whole reply, which follows it.
"""

from __future__ import annotations

import asyncio
from itertools import islice

from aevatar.actors import Link
from aevatar.agents.runs.calling.streaming import GROWING_CALLS
from aevatar.agents.runs_pb2 import CallModel, CallPiece, DeltaArrived, ModelReplied
from aevatar.models import ModelError
from aevatar.models.models_pb2 import CallArguments, CallOpened, ModelDelta, ReasoningPart, ToolCall

JOIN_SECONDS = 0.02
JOIN_CHARACTERS = 256
REPLY_LIMIT = 768 * 1024
"""Bytes of one reply, text, thoughts and calls together: what a command can carry, and more than any model says."""


class JoinedReply:
    """What has come of a reply, and how much of it was passed on."""

    def __init__(self, request: CallModel, link: Link) -> None:
        self.call_id = request.call_id
        self.is_shown = False
        """Text or a thought is on its way to the readers, and cannot be taken back."""
        self.warnings: list[str] = []
        self._attempt = request.attempt
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._has_passed_calls = False
        self._begin_again()

    def forget(self) -> bool:
        """Begins again, unless readers have seen something of the reply but calls, which nobody has made."""
        if not self.is_shown:
            self._begin_again()
        return not self.is_shown

    def _begin_again(self) -> None:
        self.close()
        if self._has_passed_calls:
            self._signal(DeltaArrived(begins_again=True))
        self._has_passed_calls = False
        self._replied = ModelReplied(call_id=self.call_id)
        self._text, self._thought, self._calls = _Growing(), _Growing(), _Calls()
        self._size = 0

    def take(self, delta: ModelDelta) -> None:
        """Takes the next piece. Raises: ModelError when the reply is longer than can be kept."""
        self._size += delta.ByteSize()
        if self._size > REPLY_LIMIT:
            raise ModelError("protocol_error", f"The reply is longer than {REPLY_LIMIT} bytes.")
        match delta.WhichOneof("kind"):
            case "text":
                self._text.grow(delta.text)
            case "reasoning":
                self._thought.grow(delta.reasoning)
            case "reasoning_signature":
                self._sign(delta.reasoning_signature)
            case "call_opened":
                self._calls.open(delta.call_opened)
            case "call_arguments":
                self._calls.extend(delta.call_arguments)
            case "usage":
                self._replied.usage.CopyFrom(delta.usage)
            case "finished":
                self._replied.finish = delta.finished
        self._pass_on()

    def _sign(self, signature: str) -> None:
        self.flush()
        offset, part = self._thought.passed_on, len(self._replied.reasoning)
        self._show(DeltaArrived(signature=signature, reasoning_offset=offset, reasoning_part=part))
        self._end_thought(signature)

    def _end_thought(self, signature: str = "") -> None:
        self._replied.reasoning.append(ReasoningPart(text=self._thought.whole(), signature=signature))
        self._thought = _Growing()

    def _pass_on(self) -> None:
        said = self._text.waiting + self._thought.waiting
        waiting = said + self._calls.waiting
        if waiting >= JOIN_CHARACTERS or (said and not self.is_shown):
            self.flush()
        elif waiting and self._alarm is None:
            self._alarm = self._loop.call_later(JOIN_SECONDS, self.flush)

    def flush(self) -> None:
        """Sends what waits."""
        self._send(self._calls.pass_on())

    def break_off(self) -> None:
        """Sends what waits of text and thoughts: calls are not kept of a reply that breaks off."""
        self._send([])

    def _send(self, calls: list[CallPiece]) -> None:
        self.close()
        said = self._text.waiting + self._thought.waiting
        if not said and not calls:
            return
        delta = DeltaArrived(
            text_offset=self._text.passed_on,
            reasoning_offset=self._thought.passed_on,
            reasoning_part=len(self._replied.reasoning),
            text=self._text.pass_on(),
            reasoning=self._thought.pass_on(),
            calls=calls,
        )
        self._has_passed_calls = self._has_passed_calls or bool(calls)
        if said:
            self._show(delta)
        else:
            self._signal(delta)

    def _show(self, delta: DeltaArrived) -> None:
        self.is_shown = True
        self._signal(delta)

    def _signal(self, delta: DeltaArrived) -> None:
        delta.call_id, delta.attempt = self.call_id, self._attempt
        self._link.signal(delta)

    def close(self) -> None:
        """Sends nothing of what waits."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def result(self, model: str, attempts: int) -> ModelReplied:
        """The whole reply."""
        if self._thought.has_grown:
            self._end_thought()
        self._replied.text = self._text.whole()
        self._replied.calls.extend(self._calls.whole())
        self._replied.model, self._replied.attempts = model, attempts
        return self._replied


class _Growing:
    """A text, and how much of it was passed on; in characters."""

    __slots__ = ("_passed_pieces", "_pieces", "passed_on", "waiting")

    def __init__(self) -> None:
        self.passed_on = self.waiting = 0
        self._pieces: list[str] = []
        self._passed_pieces = 0

    @property
    def has_grown(self) -> bool:
        return bool(self._pieces)

    def grow(self, piece: str) -> None:
        self._pieces.append(piece)
        self.waiting += len(piece)

    def pass_on(self) -> str:
        """What waits."""
        waiting = "".join(self._pieces[self._passed_pieces :])
        self._passed_pieces = len(self._pieces)
        self.passed_on += self.waiting
        self.waiting = 0
        return waiting

    def whole(self) -> str:
        return "".join(self._pieces)


class _Calls:
    """The calls of a reply, and of the first of them what waits to be passed on."""

    def __init__(self) -> None:
        self.waiting = 0
        """Characters, those of names included."""
        self._calls: dict[int, _Call] = {}  # under the provider's numbers

    def open(self, opened: CallOpened) -> None:
        call = self._calls[opened.index] = _Call(len(self._calls), opened.call_id, opened.name)
        if call.index < GROWING_CALLS:
            self.waiting += len(opened.name)

    def extend(self, arguments: CallArguments) -> None:
        call = self._calls[arguments.index]
        call.arguments.grow(arguments.fragment)
        if call.index < GROWING_CALLS:
            self.waiting += len(arguments.fragment)

    def pass_on(self) -> list[CallPiece]:
        """What waits."""
        if not self.waiting:
            return []
        self.waiting = 0
        return [call.pass_on() for call in islice(self._calls.values(), GROWING_CALLS) if call.has_news]

    def whole(self) -> list[ToolCall]:
        return [
            ToolCall(call_id=call.call_id, name=call.name, arguments=call.arguments.whole())
            for call in self._calls.values()
        ]


class _Call:
    """One call of a reply."""

    def __init__(self, index: int, call_id: str, name: str) -> None:
        self.index = index
        self.call_id = call_id
        self.name = name
        self.arguments = _Growing()
        self._is_new = True

    @property
    def has_news(self) -> bool:
        return self._is_new or bool(self.arguments.waiting)

    def pass_on(self) -> CallPiece:
        """What waits; the first piece tells whose it is."""
        piece = CallPiece(index=self.index, offset=self.arguments.passed_on, arguments=self.arguments.pass_on())
        if self._is_new:
            piece.call_id, piece.name = self.call_id, self.name
        self._is_new = False
        return piece
