"""The model that is there when none is configured: no key, no network, the same messages give the same deltas.

It answers by the rules of `_plan`, first match wins, so that every part of the platform can be tried without a
provider. It says at the start of a chain of replies what it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import anyio

from aevatar.models.estimate import estimated_usage
from aevatar.models.instances import Filling, instance
from aevatar.models.models_pb2 import (
    FINISH_LENGTH,
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ROLE_ASSISTANT,
    ROLE_TOOL,
    ROLE_USER,
    Finish,
    Message,
    ModelDelta,
    ModelRequest,
    TextFormat,
    ToolChoice,
    ToolSpec,
)
from aevatar.models.port import FINAL_CODES, RETRYABLE_CODES, ModelCall, ModelError

OFFLINE_MODEL: Final = "offline/demo"
BANNER: Final = "[offline demonstration: no language model is configured]"

_SAID_LIMIT: Final = 10_000
_RESULT_LIMIT: Final = 400
_LONGEST: Final = 10_000
_PLATFORM_PREFIX: Final = "aevatar_"
_CALL: Final = re.compile(r"/call\s+(?P<tool>\S+)\s*(?P<arguments>.*)")
_COMMAND: Final = re.compile(r"/(?P<name>tools|think|long|cut|fail|echo)(?:\s+(?P<text>.*))?", re.DOTALL)
_PIECE: Final = re.compile(r"\S+\s*|\s+")
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_CASE_BOUNDARY: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class OfflineModel:
    """The model `offline/demo`. `delay` is the time between two words, in seconds."""

    def __init__(self, *, delay: float = 0) -> None:
        self._delay = delay

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`. Raises: ModelError, where a message asks for one."""
        for delta in _deltas(_plan(request), request):
            # Also without a delay: a long reply must let others run, and be cancelled.
            await anyio.sleep(self._delay)
            yield delta


@dataclass(frozen=True, slots=True)
class _Reply:
    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    finish: Finish = field(default=FINISH_STOP)
    is_data: bool = False


def _plan(request: ModelRequest) -> _Reply:
    results = _newest_results(request)
    if results:
        return _Reply(text="\n".join(_result_line(request, result) for result in results))
    message = _newest_user_text(request)
    tools = _offered(request)
    if asked := [match for line in message.splitlines() if (match := _CALL.fullmatch(line.strip()))]:
        return _asked_calls(asked, tools)
    if command := _COMMAND.fullmatch(message.strip()):
        return _command(command["name"], command["text"] or "", tools)
    if (tool := _chosen(request, message, tools)) is not None:
        arguments = instance(json.loads(tool.schema or "{}"), Filling(text=message, number=1, boolean=True))
        return _Reply(calls=((tool.name, json.dumps(arguments or {}, ensure_ascii=False)),))
    if request.text_format.kind != TextFormat.KIND_TEXT:
        schema = json.loads(request.text_format.schema or '{"type": "object"}')
        return _Reply(text=json.dumps(instance(schema)), is_data=True)
    number = sum(1 for known in request.messages if known.role == ROLE_USER)
    return _Reply(text=f"You said: {message[:_SAID_LIMIT]}. This is message {number}.")


def _asked_calls(asked: Iterable[re.Match[str]], tools: list[ToolSpec]) -> _Reply:
    offered = {tool.name for tool in tools}
    names = ", ".join(sorted(offered)) or "none"
    calls, lines = [], []
    for match in asked:
        if match["tool"] in offered:
            calls.append((match["tool"], match["arguments"].strip() or "{}"))
        else:
            lines.append(f"There is no tool {match['tool']}. Offered: {names}.")
    return _Reply(text="\n".join(lines), calls=tuple(calls))


def _command(name: str, text: str, tools: list[ToolSpec]) -> _Reply:
    match name:
        case "tools":
            return _Reply(text="\n".join(_signature(tool) for tool in tools) or "No tools are offered.")
        case "think":
            return _Reply(text=text, reasoning=text)
        case "long":
            count = min(int(text), _LONGEST) if text.strip().isdecimal() else 100
            return _Reply(text=" ".join(f"word{number}" for number in range(1, count + 1)))
        case "cut":
            return _Reply(text=text or "This reply is cut", finish=FINISH_LENGTH)
        case "fail":
            raise _failure(text.strip())
    return _Reply(text=text)


def _failure(code: str) -> ModelError:
    if code in FINAL_CODES or code in RETRYABLE_CODES:
        return ModelError(code, "The message asked for this error.")
    known = ", ".join(sorted(FINAL_CODES | RETRYABLE_CODES))
    return ModelError("invalid_request", f"There is no error {code!r}; there are {known}.")


def _signature(tool: ToolSpec) -> str:
    return f"{tool.name}({', '.join(json.loads(tool.schema or '{}').get('required', ()))})"


def _offered(request: ModelRequest) -> list[ToolSpec]:
    choice = request.tool_choice
    if choice.mode == ToolChoice.MODE_NONE:
        return []
    return [tool for tool in request.tools if not choice.names or tool.name in choice.names]


def _chosen(request: ModelRequest, message: str, tools: list[ToolSpec]) -> ToolSpec | None:
    if tools and request.tool_choice.mode == ToolChoice.MODE_REQUIRED:
        return tools[0]
    words = _words(message)
    named = (tool for tool in tools if not tool.name.startswith(_PLATFORM_PREFIX))
    return next((tool for tool in named if words & _words(_CASE_BOUNDARY.sub(" ", tool.name))), None)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _newest_results(request: ModelRequest) -> list[Message]:
    results: list[Message] = []
    for message in reversed(request.messages):
        if message.role != ROLE_TOOL:
            break
        results.append(message)
    return results[::-1]


def _result_line(request: ModelRequest, result: Message) -> str:
    calls = (call for message in request.messages for call in message.tool_calls)
    name = next((call.name for call in calls if call.call_id == result.tool_call_id), "tool")
    return f"{name} returned: {_text(result)[:_RESULT_LIMIT]}"


def _newest_user_text(request: ModelRequest) -> str:
    return next((_text(message) for message in reversed(request.messages) if message.role == ROLE_USER), "")


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if part.WhichOneof("kind") == "text")


def _is_first_text(request: ModelRequest) -> bool:
    return not any(message.role == ROLE_ASSISTANT and _text(message) for message in request.messages)


def _deltas(reply: _Reply, request: ModelRequest) -> Iterator[ModelDelta]:
    text = reply.text
    # A reply that must be JSON, or is nothing but calls, has no place for the banner; the next with text has it.
    if text and not reply.is_data and _is_first_text(request):
        text = f"{BANNER}\n{text}"
    for piece in _PIECE.findall(reply.reasoning):
        yield ModelDelta(reasoning=piece)
    for piece in _PIECE.findall(text):
        yield ModelDelta(text=piece)
    for index, (name, arguments) in enumerate(reply.calls):
        yield ModelDelta(call_opened={"index": index, "name": name})
        for piece in _PIECE.findall(arguments):
            yield ModelDelta(call_arguments={"index": index, "fragment": piece})
    written = len(text) + len(reply.reasoning) + sum(len(name) + len(arguments) for name, arguments in reply.calls)
    yield ModelDelta(
        usage=estimated_usage(request, output_characters=written, reasoning_characters=len(reply.reasoning))
    )
    yield ModelDelta(finished=FINISH_TOOL_CALLS if reply.calls else reply.finish)
