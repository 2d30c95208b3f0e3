"""The chat completions format, which nearly every model server speaks: requests written, streamed replies read.

Pure: the connection is the gateway adapter's. Written for the many servers that follow the format loosely.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import msgspec

from aevatar.models import signatures
from aevatar.models.failures import from_response
from aevatar.models.models_pb2 import (
    FINISH_CONTENT_FILTER,
    FINISH_LENGTH,
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ROLE_ASSISTANT,
    ROLE_DEVELOPER,
    ROLE_SYSTEM,
    ROLE_TOOL,
    ROLE_USER,
    Finish,
    Media,
    Message,
    ModelDelta,
    ModelRequest,
    Part,
    TextFormat,
    ToolCall,
    ToolChoice,
    ToolSpec,
    Usage,
)
from aevatar.models.port import ModelError
from aevatar.models.wire import media, takes_verbosity, wire_call_id

Json = dict[str, Any]

_ROLES: Final = {
    ROLE_SYSTEM: "system",
    ROLE_DEVELOPER: "system",  # servers that are not OpenAI's know no developer
    ROLE_USER: "user",
    ROLE_ASSISTANT: "assistant",
    ROLE_TOOL: "tool",
}
_FINISHES: Final = {
    "stop": FINISH_STOP,
    "tool_calls": FINISH_TOOL_CALLS,
    "function_call": FINISH_TOOL_CALLS,
    "length": FINISH_LENGTH,
    "content_filter": FINISH_CONTENT_FILTER,
}
_OPTIONS: Final = (
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("presence_penalty", "presence_penalty"),
    ("frequency_penalty", "frequency_penalty"),
    ("max_output_tokens", "max_tokens"),
)


def body(request: ModelRequest, provider: str) -> Json:
    """The request as its JSON body. All media must be URIs already; reasoning of other providers is left out."""
    written: Json = {
        "model": request.model,
        "messages": list(_messages(request.messages, provider)),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    for field, name in _OPTIONS:
        if request.HasField(field):
            written[name] = getattr(request, field)
    if request.stop:
        written["stop"] = list(request.stop)
    if request.reasoning.effort:
        written["reasoning_effort"] = request.reasoning.effort
    if request.verbosity and takes_verbosity(request.model):
        written["verbosity"] = request.verbosity
    if request.text_format.kind != TextFormat.KIND_TEXT:
        written["response_format"] = _response_format(request.text_format)
    if request.tools:
        written |= _tools(request)
    return written


def _tools(request: ModelRequest) -> Json:
    written: Json = {"tools": [_tool(tool) for tool in request.tools], "tool_choice": "auto"}
    choice = request.tool_choice
    if choice.mode == ToolChoice.MODE_NONE:
        written["tool_choice"] = "none"
    elif choice.mode == ToolChoice.MODE_REQUIRED and len(choice.names) == 1:
        written["tool_choice"] = {"type": "function", "function": {"name": choice.names[0]}}
    elif choice.mode == ToolChoice.MODE_REQUIRED:
        written["tool_choice"] = "required"
    if len(choice.names) > 1 or (choice.names and choice.mode == ToolChoice.MODE_AUTO):
        # Few servers know a list of allowed tools; offering only these says the same to all of them.
        written["tools"] = [_tool(tool) for tool in request.tools if tool.name in choice.names]
    if request.HasField("parallel_tool_calls"):
        written["parallel_tool_calls"] = request.parallel_tool_calls
    return written


def _tool(tool: ToolSpec) -> Json:
    schema = msgspec.Raw(tool.schema.encode() or b"{}")  # JSON already: reading it would take longer than all the rest
    function: Json = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": function | ({"strict": True} if tool.strict else {})}


def _response_format(wanted: TextFormat) -> Json:
    if wanted.kind == TextFormat.KIND_JSON_OBJECT:
        return {"type": "json_object"}
    schema: Json = {"name": wanted.name or "reply", "schema": json.loads(wanted.schema), "strict": wanted.strict}
    return {"type": "json_schema", "json_schema": schema | ({"description": d} if (d := wanted.description) else {})}


def _messages(messages: Iterable[Message], provider: str) -> Iterator[Json]:
    for is_of_tools, group in groupby(messages, key=lambda message: message.role == ROLE_TOOL):
        told = list(group)
        yield from (_message(message, provider) for message in told)
        # The format takes nothing but text from tools: what else they have to show, a user shows after all of them.
        if is_of_tools and (
            shown := [_part(part) for message in told for part in message.parts if media(part) is not None]
        ):
            yield {"role": "user", "content": [{"type": "text", "text": "Shown by the tools:"}, *shown]}


def _message(message: Message, provider: str) -> Json:
    written: Json = {"role": _ROLES[message.role], "content": _content(message)}
    if message.role == ROLE_TOOL:
        written["tool_call_id"] = wire_call_id(message.tool_call_id)
    if message.tool_calls:
        written["tool_calls"] = [_call(call) for call in message.tool_calls]
        written["content"] = written["content"] or None
    for part in message.reasoning:
        if (mark := signatures.opened(part.signature, provider)) and (field := mark.get("field")):
            written[field] = written.get(field, "") + part.text
    return written


def _call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": wire_call_id(call.call_id), "type": "function", "function": function}


def _content(message: Message) -> str | list[Json]:
    # Plain text stays a plain string: many servers take lists from users only.
    if message.role == ROLE_TOOL or all(part.WhichOneof("kind") == "text" for part in message.parts):
        return "\n".join(part.text for part in message.parts if part.HasField("text"))
    return [_part(part) for part in message.parts]


def _part(part: Part) -> Json:
    match part.WhichOneof("kind"):
        case "image":
            detail = {"detail": part.image.detail} if part.image.detail else {}
            return {"type": "image_url", "image_url": {"url": part.image.uri, **detail}}
        case "file":
            return {"type": "file", "file": {"filename": part.file.name or "file", "file_data": part.file.uri}}
        case "audio":
            return {"type": "input_audio", "input_audio": _audio(part.audio)}
    return {"type": "text", "text": part.text}


def _audio(audio: Media) -> Json:
    if not audio.uri.startswith("data:"):
        raise ModelError("invalid_request", "This provider takes audio as data only, not as an address.")
    return {"data": audio.uri.partition(",")[2], "format": audio.media_type.rpartition("/")[2] or "wav"}


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


_decoder: Final = msgspec.json.Decoder(_Chunk)


class ReplyReader:
    """Turns the events of one streamed reply into deltas."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._finish: Finish | None = None
        self._refused = False
        self._reasoning_field = ""
        self._calls: list[_Call] = []

    def read(self, data: str) -> Iterator[ModelDelta]:
        """The deltas of one event. Raises: ModelError, for one that tells an error or cannot be read."""
        try:
            chunk = _decoder.decode(data)
        except msgspec.DecodeError as error:
            raise ModelError("protocol_error", f"The provider sent an event that cannot be read: {error}") from error
        if chunk.error:
            raise from_response(None, {"error": chunk.error}, {})
        for choice in chunk.choices or ():
            yield from self._choice(choice)
        if chunk.usage:
            yield ModelDelta(usage=_usage(chunk.usage))

    def end(self) -> Iterator[ModelDelta]:
        """What closes the reply. Nothing, if the provider never said that it ended."""
        if self._finish is None:
            return
        yield from self._close_reasoning()
        if self._refused:
            self._finish = FINISH_CONTENT_FILTER
        elif self._calls and self._finish == FINISH_STOP:
            self._finish = FINISH_TOOL_CALLS
        yield ModelDelta(finished=self._finish)

    def _choice(self, choice: _Choice) -> Iterator[ModelDelta]:
        if choice.delta:
            yield from self._delta(choice.delta)
        if choice.finish_reason:
            self._finish = _FINISHES.get(choice.finish_reason, FINISH_STOP)

    def _delta(self, delta: _Delta) -> Iterator[ModelDelta]:
        if reasoning := delta.reasoning_content or delta.reasoning:
            self._reasoning_field = "reasoning_content" if delta.reasoning_content else "reasoning"
            yield ModelDelta(reasoning=reasoning)
        if text := delta.content or delta.refusal:
            self._refused = self._refused or not delta.content
            yield from self._close_reasoning()
            yield ModelDelta(text=text)
        for call in delta.tool_calls or ():
            yield from self._close_reasoning()
            yield from self._call(call)

    def _close_reasoning(self) -> Iterator[ModelDelta]:
        if self._reasoning_field:
            yield ModelDelta(reasoning_signature=signatures.sealed(self._provider, field=self._reasoning_field))
            self._reasoning_field = ""

    def _call(self, call: _Call) -> Iterator[ModelDelta]:
        function = call.function or _Function()
        position = self._position(call)
        if position is None:
            position = len(self._calls)
            self._calls.append(call)
            opened = {"index": position, "call_id": call.id or "", "name": function.name or ""}
            yield ModelDelta(call_opened=opened)
        if function.arguments:
            yield ModelDelta(call_arguments={"index": position, "fragment": function.arguments})

    def _position(self, call: _Call) -> int | None:
        """Which open call a piece belongs to; None if it opens one.

        Some servers leave the index out, and some number every call 0: an id that is new, with a name, is a new call.
        """
        named = call.function is not None and bool(call.function.name)
        for position in reversed(range(len(self._calls))):
            known = self._calls[position]
            if call.id and call.id == known.id:
                return position
            if call.index == known.index and not (named and (call.id or call.index is None)):
                return position
        return None


def _usage(usage: _Usage) -> Usage:
    cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
    reasoning = usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens
    return Usage(
        input_tokens=usage.prompt_tokens or 0,
        cached_input_tokens=cached or 0,
        output_tokens=usage.completion_tokens or 0,
        reasoning_tokens=reasoning or 0,
    )
