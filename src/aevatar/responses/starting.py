"""From a request, and what was found out for it, to the command that starts its run. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aevatar.agents import ChosenModel, Persona
from aevatar.agents.runs.blobs import Lifted
from aevatar.agents.runs.reserving.limits import BACKGROUND_SECONDS, DEFAULT, lowered
from aevatar.agents.runs_pb2 import (
    History,
    Parameters,
    PersonaSnapshot,
    Prefilled,
    RunContext,
    RunLimits,
    StartRun,
)
from aevatar.models import models_pb2
from aevatar.models.models_pb2 import TextFormat, ToolChoice, ToolSpec
from aevatar.responses.requests import (
    AllowedTools,
    CreateResponse,
    FunctionChoice,
    FunctionTool,
    JsonObject,
    JsonSchema,
)
from aevatar.routing import Decision
from aevatar.routing.routing_pb2 import Hint

_MODES = {
    "auto": ToolChoice.MODE_AUTO,
    "none": ToolChoice.MODE_NONE,
    "required": ToolChoice.MODE_REQUIRED,
}
_NO_PARAMETERS = '{"type":"object","properties":{},"additionalProperties":false}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found out for a request."""

    model: ChosenModel
    input: Lifted
    history: History
    decision: Decision
    tool_set: str
    persona: Persona | None = None
    agent_key: str = ""


def start_run(request: CreateResponse, found: Found, *, origin: str, context: RunContext, echo: str) -> StartRun:
    """The command for `request`."""
    hint = _hint(found)
    return StartRun(
        origin=origin,
        persona=_persona(request, found),
        input=found.input.items,
        history=found.history,
        context=context,
        model=found.model.id,
        model_reason=found.model.reason,
        fallbacks=found.model.fallbacks,
        context_length=found.model.context_length,
        prices=found.model.prices,
        parameters=_parameters(request, found.persona),
        client_tools=[_tool(tool) for tool in request.tools],
        tool_choice=_choice(request, hint),
        serial_calls=not request.parallel_tool_calls,
        limits=limits_of(request, found.persona),
        echo=echo,
        is_unstored=not request.store,
        rule_id=found.decision.rule_id,
        prefilled=[Prefilled(tool=hint.tool, arguments=hint.arguments)] if hint and hint.arguments else [],
    )


def limits_of(request: CreateResponse, persona: Persona | None) -> RunLimits:
    """What the run may use: the platform's bounds, lowered by the agent and by the request."""
    own = persona.limits if persona is not None else RunLimits()
    limits = lowered(DEFAULT, own, RunLimits(calls=request.max_tool_calls or 0))
    if request.background:
        limits.wall_seconds = min(BACKGROUND_SECONDS, own.wall_seconds or BACKGROUND_SECONDS)
    return limits


def _hint(found: Found) -> Hint | None:
    forward = found.decision.action.forward
    return forward.hint if found.persona is None and forward.HasField("hint") else None


def _persona(request: CreateResponse, found: Found) -> PersonaSnapshot:
    own = found.persona if found.persona is not None else Persona()
    return PersonaSnapshot(
        agent_key=found.agent_key,
        display_name=own.display_name,
        instructions="\n\n".join(text for text in (own.instructions, request.instructions) if text),
        tool_set=found.tool_set,
        tool_names=own.tool_names,
        tightened=own.tightened,
        detail=own.detail,
        compaction=own.compaction,
    )


def _parameters(request: CreateResponse, persona: Persona | None) -> Parameters:
    parameters = Parameters()
    if persona is not None:
        parameters.CopyFrom(persona.parameters)
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty", "max_output_tokens"):
        if (value := getattr(request, name)) is not None:
            setattr(parameters, name, value)
    if request.reasoning is not None:
        parameters.reasoning.CopyFrom(
            models_pb2.ReasoningOptions(effort=request.reasoning.effort or "", summary=request.reasoning.summary or "")
        )
    if (text_format := _text_format(request)) is not None:
        parameters.text_format.CopyFrom(text_format)
    if request.text.verbosity:
        parameters.verbosity = request.text.verbosity
    parameters.truncate = request.truncation == "auto"
    return parameters


def _text_format(request: CreateResponse) -> TextFormat | None:
    match request.text.format:
        case JsonObject():
            return TextFormat(kind=TextFormat.KIND_JSON_OBJECT)
        case JsonSchema() as wanted:
            return TextFormat(
                kind=TextFormat.KIND_JSON_SCHEMA,
                name=wanted.name,
                description=wanted.description or "",
                schema=json.dumps(wanted.schema_),
                strict=wanted.strict,
            )
    return None


def _tool(tool: FunctionTool) -> ToolSpec:
    schema = json.dumps(tool.parameters) if tool.parameters else _NO_PARAMETERS
    return ToolSpec(name=tool.name, description=tool.description or "", schema=schema, strict=tool.strict)


def _choice(request: CreateResponse, hint: Hint | None) -> ToolChoice:
    choice = request.tool_choice
    match choice:
        case FunctionChoice():
            return ToolChoice(mode=ToolChoice.MODE_REQUIRED, names=[choice.name])
        case AllowedTools():
            return ToolChoice(mode=_MODES[choice.mode], names=[tool.name for tool in choice.tools])
    if choice == "auto" and hint is not None and hint.is_required:
        return ToolChoice(mode=ToolChoice.MODE_REQUIRED, names=[hint.tool])
    return ToolChoice(mode=_MODES[choice])
