"""`/v1/chat/completions`: the older way to ask, as a view of the same runs. Nothing of it is stored.

What a run's messages say, one after the other, is the content of the one message that this API knows. Calls of the
server's own tools happen inside and are not told.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from aevatar.actors import Runtime
from aevatar.agents.runs import SESSION
from aevatar.agents.stream_pb2 import (
    ITEM_KIND_CALL,
    ITEM_KIND_MESSAGE,
    ItemClosed,
    ItemOpened,
    MessageRestarted,
    RunClosed,
    RunOpened,
    RunSuspended,
)
from aevatar.errors import AevatarError, Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.models import RETRYABLE_CODES
from aevatar.models.models_pb2 import Usage
from aevatar.responses.beginning import Beginning, Given, Purpose
from aevatar.responses.chat_requests import CreateChatCompletion, as_response, items_of, parameters_of
from aevatar.responses.codec import Body
from aevatar.responses.following import Following
from aevatar.responses.response_object import read_echo
from aevatar.sessions import Delta, SessionEvent

_FINISHES: Final = {"content_filter": "content_filter"}
_BETWEEN: Final = "\n\n"


class ChatCompletions:
    """Chat completions: started and followed."""

    def __init__(self, runtime: Runtime, beginning: Beginning, following: Following) -> None:
        self._runtime = runtime
        self._beginning = beginning
        self._following = following

    async def create(self, request: CreateChatCompletion, given: Given) -> ActorId:
        """The run that answers, started. Raises: as the creation of a response, with the path of a message."""
        purpose = Purpose(prefix="run", origin="chat_completions", parameters=parameters_of(request))
        try:
            return await self._beginning.begin(as_response(request), given, purpose)
        except Rejected as refused:
            raise Rejected(refused.code, refused.message, _field(refused.field, request)) from refused

    async def completion(self, run: ActorId, request: CreateChatCompletion) -> Body:
        """The whole answer. Raises: what kept the run from answering."""
        codec = ChatCodec(run.key, request)
        async with aclosing(self._folded(run, codec)) as chunks:
            async for _ in chunks:
                pass
        return codec.completion()

    async def chunks(self, run: ActorId, request: CreateChatCompletion) -> AsyncGenerator[Body, None]:
        """The answer as it comes. Raises: what kept the run from answering."""
        async with aclosing(self._folded(run, ChatCodec(run.key, request))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _folded(self, run: ActorId, codec: ChatCodec) -> AsyncGenerator[Body, None]:
        async with self._following.reading(run), aclosing(self._runtime.sessions.read(run, SESSION)) as events:
            async for event in events:
                for chunk in codec.fold(event):
                    yield chunk


@dataclass(slots=True)
class _Said:
    text: list[str] = field(default_factory=list)
    calls: list[Body] = field(default_factory=list)


class ChatCodec:
    """Folds the session of a run into the chunks of a completion, and into the completion itself."""

    def __init__(self, run_key: str, request: CreateChatCompletion) -> None:
        self._request = request
        self._id = f"chatcmpl-{run_key.partition('_')[2]}"
        self._model = ""
        self._created = 0
        self._said = _Said()
        self._open: dict[str, ItemOpened] = {}
        self._pieces: dict[str, list[str]] = {}
        self._numbers: dict[str, int] = {}  # of the client's calls
        self._has_half_a_call = False
        self._finish = "stop"
        self._usage = Usage()

    def completion(self) -> Body:
        """The whole answer, once the last event was folded."""
        calls = {"tool_calls": self._said.calls} if self._said.calls else {}
        text = "".join(self._said.text)
        message = {"role": "assistant", "content": text or None, "refusal": None, **calls}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish}
        return {**self._head("chat.completion"), "choices": [choice], "usage": _usage(self._usage)}

    def fold(self, event: SessionEvent) -> Iterator[Body]:
        """Takes the next event and answers what readers see of it. Raises: what kept the run from answering."""
        seen = event.event
        match seen:
            case RunOpened():
                self._model = read_echo(seen.echo).shown["model"]
                self._created = seen.created_at // 1000
                yield self._chunk({"role": "assistant", "content": ""})
            case ItemOpened():
                yield from self._opened(seen)
            case Delta() if seen.item in self._open:
                yield from self._piece(seen)
            case ItemClosed() if seen.item_id in self._open:
                yield from self._closed(seen)
            case MessageRestarted():
                for item_id in list(self._open):
                    self._give_up(item_id)
            case RunSuspended():
                raise Rejected("approval_required", "A tool call waits for an approval; use /v1/responses for that.")
            case RunClosed():
                yield from self._end(seen)

    def _opened(self, opened: ItemOpened) -> Iterator[Body]:
        if self._has_half_a_call and self._request.stream:
            raise Unavailable("stream_interrupted", "A call that had begun was cut off, and is made again.")
        self._open[opened.item_id] = opened
        self._pieces[opened.item_id] = []
        if opened.kind == ITEM_KIND_CALL and opened.is_client:
            self._numbers[opened.item_id] = number = len(self._numbers)
            function = {"name": opened.name, "arguments": ""}
            call = {"index": number, "id": opened.call_id, "type": "function", "function": function}
            yield self._chunk({"tool_calls": [call]})

    def _piece(self, delta: Delta) -> Iterator[Body]:
        pieces = self._pieces[delta.item]
        is_text = self._open[delta.item].kind == ITEM_KIND_MESSAGE
        if is_text and not pieces and self._said.text and self._request.is_plain:
            yield self._say(_BETWEEN)
        pieces.append(delta.text)
        if is_text and self._request.is_plain:
            yield self._say(delta.text)
        elif delta.item in self._numbers:
            call = {"index": self._numbers[delta.item], "function": {"arguments": delta.text}}
            yield self._chunk({"tool_calls": [call]})

    def _closed(self, closed: ItemClosed) -> Iterator[Body]:
        if closed.is_incomplete and closed.item_id in self._numbers:
            self._give_up(closed.item_id)
            return
        item, text = self._open.pop(closed.item_id), "".join(self._pieces.pop(closed.item_id))
        if item.kind == ITEM_KIND_MESSAGE and not self._request.is_plain:
            yield self._say(text)
        elif item.item_id in self._numbers:
            function = {"name": item.name, "arguments": text}
            self._said.calls.append({"id": item.call_id, "type": "function", "function": function})

    def _give_up(self, item_id: str) -> None:
        """Forgets an item that will never be whole; a call that was told in part cannot be taken back here."""
        del self._open[item_id]
        self._has_half_a_call = self._has_half_a_call or item_id in self._numbers

    def _say(self, text: str) -> Body:
        self._said.text.append(text)
        return self._chunk({"content": text})

    def _end(self, closed: RunClosed) -> Iterator[Body]:
        if closed.status not in ("completed", "incomplete"):
            raise failure_of(closed)
        self._usage = closed.usage
        if closed.status == "incomplete":
            self._finish = _FINISHES.get(closed.code, "length")
        elif self._said.calls:
            self._finish = "tool_calls"
        yield self._chunk({}, finish=self._finish)
        if self._request.stream_options.include_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": _usage(self._usage)}

    def _chunk(self, delta: Body, *, finish: str | None = None) -> Body:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        counted: dict[str, Any] = {"usage": None} if self._request.stream_options.include_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **counted}

    def _head(self, kind: str) -> Body:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}


def failure_of(closed: RunClosed) -> AevatarError:
    """The end of a run as the error it is for a caller who knows no other words for it."""
    code, message = closed.code or closed.status, closed.message
    return Unavailable(code, message) if code in RETRYABLE_CODES else Rejected(code, message)


def _usage(usage: Usage) -> Body:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _field(path: str | None, request: CreateChatCompletion) -> str | None:
    """The path of the message behind the path of an item."""
    place = re.match(r"input\[(\d+)\]", path or "")
    if place is None:
        return "messages" if path == "input" else path
    messages = [number for number, message in enumerate(request.messages) for _ in items_of(message)]
    return f"messages[{messages[int(place[1])]}]"
