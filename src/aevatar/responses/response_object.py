"""The response object: what a request is answered with, made of what it asked for and how far its run has come.

Every field that the specification requires is written here by name. The parts are the wire types of `openai`; the whole
is not, because that type knows neither the penalties nor that times are integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from openai.types.responses import FunctionTool, ResponseUsage
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

from aevatar.agents.runs_pb2 import Item, RunDocument
from aevatar.models.models_pb2 import Usage
from aevatar.responses.items import call_view, dumped, message_view, reasoning_view, results_by_call, shown_id
from aevatar.responses.requests import (
    AllowedTools,
    CreateResponse,
    FunctionChoice,
    JsonSchema,
    MessageItem,
    ReasoningOptions,
    TextOptions,
)

TOOL_CALLS: Final = "aevatar:tool_calls"
SUB_RUNS: Final = "aevatar:subruns"
ENCRYPTED: Final = "reasoning.encrypted_content"

ENDED: Final = frozenset({"completed", "failed", "cancelled", "incomplete", "interrupted"})

_STATUSES = {"running": "in_progress", "suspended": "in_progress", "interrupted": "incomplete"}


class Echo(msgspec.Struct, frozen=True, kw_only=True):
    """What a run keeps of the request that started it. `digest` tells one body from another."""

    digest: str
    shown: dict[str, Any]
    include: tuple[str, ...] = ()
    has_phases: bool = False

    @property
    def is_background(self) -> bool:
        """Whether nobody waits for the end."""
        return bool(self.shown["background"])

    @property
    def wants_summary(self) -> bool:
        """Whether what the model thought is told as a summary."""
        return bool((self.shown["reasoning"] or {}).get("summary"))


_decoder = msgspec.json.Decoder(Echo)


def read_echo(text: str) -> Echo:
    """The echo that a run recorded."""
    return _decoder.decode(text)


def echo_of(request: CreateResponse, *, model: str, digest: str) -> Echo:
    """What is kept of `request`; `model` is the resolved one."""
    items = request.input if isinstance(request.input, list) else []
    return Echo(
        digest=digest,
        shown=_shown(request, model),
        include=tuple(dict.fromkeys(request.include)),
        has_phases=any(isinstance(item, MessageItem) and item.phase is not None for item in items),
    )


def _shown(request: CreateResponse, model: str) -> dict[str, Any]:
    return {
        "model": model,
        "instructions": request.instructions,
        "previous_response_id": request.previous_response_id,
        "tools": [dumped(_tool(tool)) for tool in request.tools],
        "tool_choice": _choice(request.tool_choice),
        "parallel_tool_calls": request.parallel_tool_calls,
        "max_tool_calls": request.max_tool_calls,
        "max_output_tokens": request.max_output_tokens,
        "temperature": _or(request.temperature, 1.0),
        "top_p": _or(request.top_p, 1.0),
        "presence_penalty": _or(request.presence_penalty, 0.0),
        "frequency_penalty": _or(request.frequency_penalty, 0.0),
        "top_logprobs": request.top_logprobs,
        "reasoning": _reasoning(request.reasoning),
        "text": _text(request.text),
        "truncation": request.truncation,
        "store": request.store,
        "background": request.background,
        "service_tier": "default",
        "metadata": request.metadata,
        "safety_identifier": request.safety_identifier,
        "prompt_cache_key": request.prompt_cache_key,
        **({"user": request.user} if request.user is not None else {}),
    }


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _tool(tool: Any) -> FunctionTool:
    return FunctionTool(
        type="function",
        name=tool.name,
        description=tool.description,
        parameters=tool.parameters,
        strict=tool.strict,
    )


def _choice(choice: str | FunctionChoice | AllowedTools) -> Any:
    return choice if isinstance(choice, str) else choice.model_dump(mode="json")


def _reasoning(options: ReasoningOptions | None) -> dict[str, Any] | None:
    return None if options is None else {"effort": options.effort, "summary": options.summary}


def _text(options: TextOptions) -> dict[str, Any]:
    wanted = options.format
    told: dict[str, Any] = {"type": wanted.type}
    if isinstance(wanted, JsonSchema):
        told |= {"name": wanted.name, "description": wanted.description}
        told |= {"schema": wanted.schema_, "strict": wanted.strict}
    return {"format": told, **({"verbosity": options.verbosity} if options.verbosity else {})}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; times are in milliseconds since 1970."""

    created_at: int
    status: str
    ended_at: int = 0
    code: str = ""
    message: str = ""
    usage: Usage | None = None


def progress_of(document: RunDocument) -> Progress:
    """How far the run of a document has come."""
    return Progress(
        created_at=document.created_at,
        status=document.status,
        ended_at=document.ended_at,
        code=document.code,
        message=document.message,
        usage=document.usage if document.status in ENDED else None,
    )


def response_object(
    response_id: str, echo: Echo, progress: Progress, output: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The response as it is answered, streamed and retrieved."""
    status = _STATUSES.get(progress.status, progress.status)
    error = {"code": progress.code or "server_error", "message": progress.message} if status == "failed" else None
    return {
        "id": response_id,
        "object": "response",
        "created_at": progress.created_at // 1000,
        "completed_at": progress.ended_at // 1000 if status == "completed" else None,
        "status": status,
        "error": error,
        "incomplete_details": {"reason": progress.code or progress.status} if status == "incomplete" else None,
        "output": list(output),
        "usage": None if progress.usage is None else usage_view(progress.usage),
        **echo.shown,
    }


def usage_view(usage: Usage) -> dict[str, Any]:
    """Tokens, as they are told."""
    return dumped(
        ResponseUsage(
            input_tokens=usage.input_tokens,
            input_tokens_details=InputTokensDetails(cached_tokens=usage.cached_input_tokens, cache_write_tokens=0),
            output_tokens=usage.output_tokens,
            output_tokens_details=OutputTokensDetails(reasoning_tokens=usage.reasoning_tokens),
            total_tokens=usage.input_tokens + usage.output_tokens,
        )
    )


def output_of(run_key: str, items: Sequence[Item], echo: Echo, include: frozenset[str]) -> list[dict[str, Any]]:
    """What the run of a transcript has put out, as far as the caller may see it."""
    results = results_by_call(items)
    shown = []
    for item in items:
        if item.is_input:
            continue
        if item.WhichOneof("content") == "call" and not item.call.is_client:
            if TOOL_CALLS in include:
                result = results.get(item.call.call_id)
                text = result.result.text if result is not None else None
                shown.append(tool_call_view(shown_id(run_key, item), item.call, output=text))
        elif item.WhichOneof("content") != "result":
            shown.append(_output_item(shown_id(run_key, item), item, echo, include))
    return shown


def _output_item(item_id: str, item: Item, echo: Echo, include: frozenset[str]) -> dict[str, Any]:
    match item.WhichOneof("content"):
        case "call":
            return call_view(item_id, item.call)
        case "reasoning":
            return reasoning_view(
                item_id, item.reasoning, as_summary=echo.wants_summary, is_sealed=ENCRYPTED in include
            )
    text = "".join(part.text for part in item.message.parts)
    status = "incomplete" if item.is_incomplete else "completed"
    return message_view(item_id, text, status=status, phase=phase_of(echo, is_commentary=item.is_commentary))


def phase_of(echo: Echo, *, is_commentary: bool) -> str:
    """The phase of a message, told to those only who spoke of phases themselves."""
    if not echo.has_phases:
        return ""
    return "commentary" if is_commentary else "final_answer"


def tool_call_view(item_id: str, call: Any, *, output: str | None) -> dict[str, Any]:
    """A call that the server makes itself, for those who asked to see them."""
    return {
        "type": "aevatar:tool_call",
        "id": item_id,
        "call_id": call.call_id,
        "name": call.name,
        "arguments": call.arguments,
        "status": "in_progress" if output is None else "completed",
        "output": output,
    }


def approval_view(item_id: str, asked: Any) -> dict[str, Any]:
    """A decision that the run waits for. `expires_at` is in seconds since 1970."""
    return {
        "type": "aevatar:approval_request",
        "id": item_id,
        "approval_id": asked.approval_id,
        "call_id": asked.call_id,
        "name": asked.tool,
        "arguments": asked.arguments,
        "reason": asked.reason,
        "expires_at": asked.expires_at // 1000,
        "status": "in_progress",
    }
