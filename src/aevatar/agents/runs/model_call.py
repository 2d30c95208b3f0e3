"""The effect `models.call`: assembles the prompt, asks the model, and passes on what it says as it comes."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import islice
from random import Random

from google.protobuf.message import Message

from aevatar.actors import Effect, Link, Policy, Retries
from aevatar.agents.runs.asking import secret_of, tried
from aevatar.agents.runs.assembling import Assembled, Assembler
from aevatar.agents.runs.prompt import Prompt
from aevatar.agents.runs.streaming import GROWING_CALLS
from aevatar.agents.runs_pb2 import CallModel, CallPiece, DeltaArrived, ModelFailed, ModelReplied, SummaryWanted
from aevatar.models import ModelCall, ModelError, ModelPort
from aevatar.models.models_pb2 import CallArguments, CallOpened, ModelDelta, ToolCall

JOIN_SECONDS = 0.02
JOIN_CHARACTERS = 256
REPLY_LIMIT = 768 * 1024
"""Bytes of one reply, text, thoughts and calls together: what a command can carry, and more than any model says."""


class ModelCallEffect(Effect[CallModel, Message]):
    """Calls a model. After a crash the run is asked, for it knows what readers have seen."""

    name = "models.call"
    policy = Policy.ASK
    concurrency = 1_024
    concurrency_per_scope = 64
    deadline = 600.0
    retries = Retries(attempts=1)  # only here is it known whether anything was shown already

    def __init__(self, models: ModelPort, assembler: Assembler, *, random: Random | None = None) -> None:
        self._models = models
        self._assembler = assembler
        self._random = random or Random()  # noqa: S311 - jitter

    async def run(self, request: CallModel, link: Link) -> ModelReplied | ModelFailed | SummaryWanted:
        prompt = link.attachment
        if not isinstance(prompt, Prompt):
            raise TypeError("a model call takes a Prompt beside its request")
        reply = _Reply(request, link)
        try:
            assembled = await self._assembler.assembled(prompt, link)
            if assembled.to_summarise:
                return SummaryWanted(call_id=request.call_id, tokens=assembled.to_summarise)
            await tried(lambda: self._streamed(assembled, prompt, reply, link), reply.forget, link, self._random)
        except ModelError as error:
            reply.break_off()
            failed = ModelFailed(call_id=request.call_id, error=error.failure(), shown=reply.is_shown)
            failed.attempts = link.attempt
            return failed
        finally:
            reply.close()
        replied = reply.result(prompt.model, link.attempt)
        replied.warnings.extend((*assembled.warnings, *reply.warnings))
        replied.sections.extend(assembled.sections)
        replied.guessed_tokens = assembled.guessed_tokens
        if assembled.compaction.level:
            replied.compaction.CopyFrom(assembled.compaction)
        return replied

    async def _streamed(self, assembled: Assembled, prompt: Prompt, reply: _Reply, link: Link) -> None:
        reply.warnings.clear()
        blob = self._assembler.blobs(prompt, link, reply.warnings)
        call = ModelCall(reply.call_id, attempt=link.attempt, secret=secret_of(prompt, link), blob=blob)
        async with aclosing(self._models.stream(assembled.request, call)) as deltas:
            async for delta in deltas:
                reply.take(delta)


class _Calls:
    """What has come of the calls of a reply, and of the first of them what waits to be passed on."""

    def __init__(self) -> None:
        self.waiting = 0
        """Characters."""
        self._calls: dict[int, _Call] = {}  # under the provider's numbers

    def open(self, opened: CallOpened) -> None:
        call = self._calls[opened.index] = _Call(len(self._calls), opened.call_id, opened.name)
        self.waiting += len(opened.name) * call.is_shown_growing

    def extend(self, arguments: CallArguments) -> None:
        call = self._calls[arguments.index]
        call.arguments.append(arguments.fragment)
        if call.is_shown_growing:
            call.waiting.arguments += arguments.fragment
            self.waiting += len(arguments.fragment)

    def pass_on(self) -> list[CallPiece]:
        """What waits."""
        if not self.waiting:
            return []
        self.waiting = 0
        growing = islice(self._calls.values(), GROWING_CALLS)
        return [call.pass_on() for call in growing if call.waiting.name or call.waiting.arguments]

    def whole(self) -> list[ToolCall]:
        calls = self._calls.values()
        return [ToolCall(call_id=call.call_id, name=call.name, arguments="".join(call.arguments)) for call in calls]


class _Call:
    def __init__(self, index: int, call_id: str, name: str) -> None:
        self.call_id = call_id
        self.name = name
        self.arguments: list[str] = []
        self.is_shown_growing = index < GROWING_CALLS
        self.waiting = CallPiece(index=index, call_id=call_id, name=name)
        self._passed_on = 0

    def pass_on(self) -> CallPiece:
        piece = self.waiting
        piece.offset = self._passed_on
        self._passed_on += len(piece.arguments)
        self.waiting = CallPiece(index=piece.index)
        return piece


class _Reply:
    """What has come of a reply; passes it on in pieces worth a turn."""

    def __init__(self, request: CallModel, link: Link) -> None:
        self.call_id = request.call_id
        self.is_shown = False
        """Text or a thought is on its way to the readers, and cannot be taken back."""
        self.warnings: list[str] = []
        self._attempt = request.attempt
        self._link = link
        self._alarm: asyncio.TimerHandle | None = None
        self._has_passed_calls = False
        self.begin_again()

    def forget(self) -> bool:
        """Begins again, unless readers have seen something of the reply."""
        if not self.is_shown:
            self.begin_again()
        return not self.is_shown

    def begin_again(self) -> None:
        """Forgets a reply of which nobody has seen anything but calls, which nobody has made."""
        self.close()
        if self._has_passed_calls:
            self._signal(DeltaArrived(begins_again=True))
        self._has_passed_calls = False
        self._replied = ModelReplied(call_id=self.call_id)
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._text_length = self._reasoning_length = 0
        self._part = self._size = 0
        self._calls = _Calls()
        self._waiting = DeltaArrived()

    def take(self, delta: ModelDelta) -> None:
        """Takes the next piece. Raises: ModelError when the reply is longer than can be kept."""
        self._size += delta.ByteSize()
        if self._size > REPLY_LIMIT:
            raise ModelError("protocol_error", f"The reply is longer than {REPLY_LIMIT} bytes.")
        match delta.WhichOneof("kind"):
            case "text":
                self._text.append(delta.text)
                self._waiting.text += delta.text
            case "reasoning":
                if len(self._replied.reasoning) <= self._part:
                    self._replied.reasoning.add()
                self._reasoning.append(delta.reasoning)
                self._waiting.reasoning += delta.reasoning
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
        if len(self._replied.reasoning) <= self._part:
            self._replied.reasoning.add()
        self._replied.reasoning[self._part].signature = self._waiting.signature = signature
        self.flush()
        self._close_part()

    def _close_part(self) -> None:
        self._replied.reasoning[self._part].text = "".join(self._reasoning)
        self._reasoning, self._reasoning_length = [], 0
        self._part += 1

    def _pass_on(self) -> None:
        said = len(self._waiting.text) + len(self._waiting.reasoning)
        waiting = said + self._calls.waiting
        if waiting >= JOIN_CHARACTERS or (said and not self.is_shown):  # the first piece is what people wait for
            self.flush()
        elif waiting and self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(JOIN_SECONDS, self.flush)

    def flush(self) -> None:
        """Sends what waits."""
        self._waiting.calls.extend(self._calls.pass_on())
        self._has_passed_calls = self._has_passed_calls or bool(self._waiting.calls)
        self.break_off()

    def break_off(self) -> None:
        """Sends what waits of text and thoughts: calls are not kept of a reply that breaks off."""
        self.close()
        waiting = self._waiting
        if not (waiting.text or waiting.reasoning or waiting.signature or waiting.calls):
            return
        waiting.text_offset, waiting.reasoning_offset = self._text_length, self._reasoning_length
        waiting.reasoning_part = self._part
        self._text_length += len(waiting.text)
        self._reasoning_length += len(waiting.reasoning)
        self._waiting = DeltaArrived()
        self.is_shown = self.is_shown or bool(waiting.text or waiting.reasoning or waiting.signature)
        self._signal(waiting)

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
        if self._reasoning:
            self._close_part()
        self._replied.text = "".join(self._text)
        self._replied.calls.extend(self._calls.whole())
        self._replied.model, self._replied.attempts = model, attempts
        return self._replied
