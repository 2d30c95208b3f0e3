"""The JSON in which HTTP speaks of agents and runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from aevatar.agents.agents_pb2 import AgentDocument, BudgetDocument, Persona
from aevatar.agents.runs_pb2 import Approval, Parameters, RunDocument, RunLimits
from aevatar.models.models_pb2 import Usage
from aevatar.readmodels import Versioned
from aevatar.server import ApiModel

ToolName = Annotated[str, Field(min_length=1, max_length=64)]
KEY = r"^[a-z0-9][a-z0-9-]{0,62}$"


class LimitsBody(ApiModel):
    """Bounds of a run; what is left out is the platform's. They can only be lowered."""

    rounds: int | None = Field(default=None, ge=1, le=40)
    calls: int | None = Field(default=None, ge=1, le=200)
    wall_seconds: int | None = Field(default=None, ge=1, le=3600)
    input_tokens: int | None = Field(default=None, ge=1, lt=2**63)
    output_tokens: int | None = Field(default=None, ge=1, lt=2**63)
    usd_micros: int | None = Field(default=None, ge=1, lt=2**63)


class ParametersBody(ApiModel):
    """How the model is asked; what is left out is the model's default."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    verbosity: Literal["low", "medium", "high"] | None = None
    truncate: bool = False


class PersonaBody(ApiModel):
    """All that makes an agent."""

    display_name: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=2_000)
    instructions: str = Field(default="", max_length=65_536)
    model: str = Field(default="", max_length=200)
    parameters: ParametersBody = ParametersBody()
    tool_set: str = Field(default="", max_length=100)
    tool_names: list[ToolName] = Field(default_factory=list, max_length=128)
    tightened: dict[ToolName, Literal["auto", "always"]] = Field(default_factory=dict, max_length=128)
    limits: LimitsBody = LimitsBody()
    thread_policy: Literal["queue", "reject", "interrupt", "merge"] = "queue"
    detail: Literal["all", "items", "none"] = "all"
    compaction: Literal["none", "summarise"] = "none"

    def persona(self) -> Persona:
        """As the agent keeps it."""
        given = self.model_dump(exclude={"key", "parameters", "limits"})
        parameters = Parameters(**self.parameters.model_dump(exclude_none=True))
        limits = RunLimits(**self.limits.model_dump(exclude_none=True))
        return Persona(**given, parameters=parameters, limits=limits)


class CreateAgentBody(PersonaBody):
    """A new agent."""

    key: str = Field(pattern=KEY)


class AgentView(PersonaBody):
    """An agent as it is. `version` counts its configurations and is its ETag."""

    key: str
    is_disabled: bool
    created_at: int
    changed_at: int
    version: int


class AgentList(ApiModel):
    """Some agents, and the cursor of the next."""

    items: list[AgentView]
    next: str | None


class InvokeBody(ApiModel):
    """What to say to an agent."""

    prompt: str = Field(min_length=1, max_length=262_144)
    thread: str = Field(default="", max_length=100, pattern=r"^[A-Za-z0-9_-]*$")
    model: str | None = Field(default=None, max_length=200)


class InvokedView(ApiModel):
    """A run that began, and where to follow it."""

    run_id: str
    owner_actor_id: str
    session_id: str
    events: str


class UsageView(ApiModel):
    """Tokens, and what they cost in millionths of a US dollar: null where no price is known.

    Of a sum in which some prices are not known, it is what the others add up to, and `is_partly_priced`.
    """

    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    estimated: bool
    usd_micros: int | None
    is_partly_priced: bool


class ModelUsageView(UsageView):
    """The same of one model; its provider is what comes before the slash."""

    model: str
    calls: int


class RunView(ApiModel):
    """How a run is going."""

    id: str
    agent_key: str
    thread: str
    origin: str
    status: str
    model: str
    model_reason: str
    round: int
    created_at: int
    ended_at: int
    code: str
    message: str
    usage: UsageView
    usage_by_model: list[ModelUsageView]
    warnings: list[str]
    tool_sources_failed: list[str]
    version: int


class RunList(ApiModel):
    """Some runs, and the cursor of the next."""

    items: list[RunView]
    next: str | None


class ApprovalView(ApiModel):
    """Something a person is asked to decide."""

    id: str
    run_id: str
    call_id: str
    tool: str
    arguments: str
    reason: str
    expires_at: int
    decision: str


class ApprovalList(ApiModel):
    """Some approvals, and the cursor of the next."""

    items: list[ApprovalView]
    next: str | None


class DecisionBody(ApiModel):
    """A person's decision. `arguments` replace what the model proposed, and are checked like those."""

    decision: Literal["approve", "deny", "retry", "done", "failed"]
    reason: str = Field(default="", max_length=2_000)
    arguments: str = Field(default="", max_length=262_144)


class CancelBody(ApiModel):
    """Why a run is cancelled."""

    reason: str = Field(default="", max_length=500)


class StatusView(ApiModel):
    """Where a run has come to."""

    id: str
    status: str


class BudgetBody(ApiModel):
    """What a scope may spend in all; 0 sets no bound. Money is in millionths of a US dollar."""

    tokens: int = Field(default=0, ge=0, lt=2**63)
    usd_micros: int = Field(default=0, ge=0, lt=2**63)


class BudgetView(BudgetBody):
    """A budget as it stands. What is reserved comes on top of what is spent, until its calls are over.

    `unpriced_calls` drew on the tokens only, for want of a price.
    """

    spent_tokens: int
    spent_usd_micros: int
    reserved_tokens: int
    reserved_usd_micros: int
    unpriced_calls: int
    version: int


def budget_view(found: Versioned[BudgetDocument]) -> BudgetView:
    """A budget, for HTTP."""
    names = [name for name in BudgetView.model_fields if name != "version"]
    shown = {name: getattr(found.document, name) for name in names}
    return BudgetView(**shown, version=found.version)


def agent_view(found: Versioned[AgentDocument]) -> AgentView:
    """An agent, for HTTP."""
    document, persona = found.document, found.document.persona
    shown = {
        "key": found.key,
        "is_disabled": document.is_disabled,
        "created_at": document.created_at,
        "changed_at": document.changed_at,
        "version": document.version,
        "parameters": _parameters(persona.parameters),
        "limits": _limits(persona.limits),
        "tool_names": list(persona.tool_names),
        "tightened": dict(persona.tightened),
    }
    plain = ("display_name", "description", "instructions", "model", "tool_set")
    chosen = ("thread_policy", "detail", "compaction")
    shown |= {name: getattr(persona, name) for name in plain}
    shown |= {name: value for name in chosen if (value := getattr(persona, name))}
    return AgentView.model_validate(shown)


def _parameters(parameters: Parameters) -> ParametersBody:
    stated = {field.name: value for field, value in parameters.ListFields()}
    return ParametersBody.model_validate({name: stated[name] for name in ParametersBody.model_fields if name in stated})


def _limits(limits: RunLimits) -> LimitsBody:
    return LimitsBody(**{name: getattr(limits, name) or None for name in LimitsBody.model_fields})


def run_view(found: Versioned[RunDocument]) -> RunView:
    """A run, for HTTP."""
    document = found.document
    return RunView(
        id=found.key,
        agent_key=document.agent_key,
        thread=document.thread,
        origin=document.origin,
        status=document.status,
        model=document.model,
        model_reason=document.model_reason,
        round=document.round,
        created_at=document.created_at,
        ended_at=document.ended_at,
        code=document.code,
        message=document.message,
        usage=UsageView(**_usage(document.usage)),
        usage_by_model=[
            ModelUsageView(**_usage(each.usage), model=each.model, calls=each.calls) for each in document.usage_by_model
        ],
        warnings=list(document.warnings),
        tool_sources_failed=list(document.tool_sources_failed),
        version=found.version,
    )


def _usage(usage: Usage) -> dict[str, Any]:
    shown = {name: getattr(usage, name) for name in UsageView.model_fields}
    return {**shown, "usd_micros": usage.usd_micros if usage.HasField("usd_micros") else None}


def approval_view(run: str, approval: Approval) -> ApprovalView:
    """An approval, for HTTP."""
    return ApprovalView(
        id=approval.id,
        run_id=run,
        call_id=approval.call_id,
        tool=approval.tool,
        arguments=approval.arguments,
        reason=approval.reason,
        expires_at=approval.expires_at,
        decision=approval.decision,
    )
