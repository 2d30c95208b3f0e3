"""Our requests in the words of pydantic-ai. Loaded with the driver only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, cast

from pydantic_ai import messages as theirs
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings, ToolOrOutput
from pydantic_ai.tools import ToolDefinition

from aevatar.models import signatures
from aevatar.models.models_pb2 import (
    ROLE_ASSISTANT,
    ROLE_DEVELOPER,
    ROLE_SYSTEM,
    ROLE_TOOL,
    Media,
    Message,
    ModelRequest,
    Part,
    TextFormat,
    ToolChoice,
)
from aevatar.models.port import ModelError
from aevatar.models.wire import wire_call_id

_OPTIONS = (
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("presence_penalty", "presence_penalty"),
    ("frequency_penalty", "frequency_penalty"),
    ("max_output_tokens", "max_tokens"),
    ("parallel_tool_calls", "parallel_tool_calls"),
)


def history(request: ModelRequest, *, provider: str, system: str) -> list[theirs.ModelMessage]:
    """The messages. Reasoning goes back only to the `provider` it came from, which the driver calls `system`."""
    tool_names = {call.call_id: call.name for message in request.messages for call in message.tool_calls}
    written: list[theirs.ModelMessage] = []
    for from_model, group in groupby(request.messages, key=lambda message: message.role == ROLE_ASSISTANT):
        if from_model:
            written += [theirs.ModelResponse(parts=_spoken(message, provider, system)) for message in group]
        else:
            written.append(theirs.ModelRequest(parts=[_given(message, tool_names) for message in group]))
    return written


def parameters(request: ModelRequest) -> ModelRequestParameters:
    """The tools, and the form of the answer."""
    tools = [
        ToolDefinition(
            name=tool.name,
            description=tool.description,
            parameters_json_schema=json.loads(tool.schema or '{"type": "object", "properties": {}}'),
            strict=tool.strict,
        )
        for tool in request.tools
    ]
    wanted = request.text_format
    if wanted.kind == TextFormat.KIND_TEXT:
        return ModelRequestParameters(function_tools=tools)
    schema = json.loads(wanted.schema) if wanted.kind == TextFormat.KIND_JSON_SCHEMA else {"type": "object"}
    return ModelRequestParameters(
        function_tools=tools,
        output_mode="native" if wanted.kind == TextFormat.KIND_JSON_SCHEMA else "prompted",
        output_object=OutputObjectDefinition(
            json_schema=schema,
            name=wanted.name or "reply",
            description=wanted.description or None,
            strict=wanted.strict,
        ),
    )


def settings(request: ModelRequest, *, ignored: frozenset[str]) -> ModelSettings:
    """The options, without those that the model is known to ignore. Raises: ModelError, for `stop` where it is."""
    if request.stop and "stop_sequences" in ignored:
        raise ModelError("invalid_request", "This provider takes no stop sequences.")
    written: dict[str, Any] = {}
    for field, name in _OPTIONS:
        if name not in ignored and request.HasField(field):
            written[name] = getattr(request, field)
    if request.stop:
        written["stop_sequences"] = list(request.stop)
    if request.reasoning.effort:
        written["thinking"] = False if request.reasoning.effort == "none" else request.reasoning.effort
    if request.tools and (choice := _tool_choice(request.tool_choice)) is not None:
        written["tool_choice"] = choice
    return cast(ModelSettings, written)


def _tool_choice(choice: ToolChoice) -> str | list[str] | ToolOrOutput | None:
    if choice.mode == ToolChoice.MODE_NONE:
        return "none"
    if choice.mode == ToolChoice.MODE_REQUIRED:
        return list(choice.names) or "required"
    return ToolOrOutput(function_tools=list(choice.names)) if choice.names else None


def _given(message: Message, tool_names: dict[str, str]) -> theirs.ModelRequestPart:
    if message.role in (ROLE_SYSTEM, ROLE_DEVELOPER):
        return theirs.SystemPromptPart(_text(message.parts))
    content = [_content(part) for part in message.parts]
    if message.role != ROLE_TOOL:
        return theirs.UserPromptPart(content)
    return theirs.ToolReturnPart(
        tool_name=tool_names.get(message.tool_call_id, "unknown"),
        content=_text(message.parts) if all(isinstance(item, str) for item in content) else content,
        tool_call_id=wire_call_id(message.tool_call_id),
    )


def _spoken(message: Message, provider: str, system: str) -> list[theirs.ModelResponsePart]:
    parts: list[theirs.ModelResponsePart] = list(_thought(message, provider, system))
    if text := _text(message.parts):
        phase = {"phase": message.phase} if message.phase else None
        parts.append(theirs.TextPart(text, provider_name=system if phase else None, provider_details=phase))
    parts += [
        theirs.ToolCallPart(call.name, call.arguments or "{}", wire_call_id(call.call_id))
        for call in message.tool_calls
    ]
    return parts


def _thought(message: Message, provider: str, system: str) -> Iterator[theirs.ThinkingPart]:
    for part in message.reasoning:
        mark = signatures.opened(part.signature, provider)
        if mark is not None:
            yield theirs.ThinkingPart(
                part.text, id=mark.get("id"), signature=mark.get("signature"), provider_name=system
            )


def _text(parts: Iterable[Part]) -> str:
    return "\n".join(part.text for part in parts if part.WhichOneof("kind") == "text")


def _content(part: Part) -> theirs.UserContent:
    match part.WhichOneof("kind"):
        case "image":
            address = theirs.ImageUrl(part.image.uri, media_type=part.image.media_type or None)
            image = _binary(part.image) or address
            image.vendor_metadata = {"detail": part.image.detail} if part.image.detail else None
            return image
        case "file":
            return _binary(part.file) or theirs.DocumentUrl(part.file.uri, media_type=part.file.media_type or None)
        case "audio":
            return _binary(part.audio) or theirs.AudioUrl(part.audio.uri, media_type=part.audio.media_type or None)
    return part.text


def _binary(media: Media) -> theirs.BinaryContent | None:
    if not media.uri.startswith("data:"):
        return None
    try:
        return theirs.BinaryContent.from_data_uri(media.uri)
    except ValueError as error:
        raise ModelError("invalid_request", "A data URI in the request is not base64.") from error
