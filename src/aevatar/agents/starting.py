"""From an agent and an invocation to the command that starts the run. Pure: whoever invokes, it is the same run."""

from __future__ import annotations

from aevatar.agents.agents_pb2 import AgentDocument, AgentState, Invoke, Persona
from aevatar.agents.runs.reserving.limits import DEFAULT, lowered
from aevatar.agents.runs_pb2 import Caller, PersonaSnapshot, StartRun
from aevatar.errors import Rejected


def start_of(key: str, agent: AgentState | AgentDocument, invoke: Invoke, *, caller: Caller) -> StartRun:
    """The command, with a snapshot of the persona.

    Raises: Rejected `agent_disabled`, `depth_exceeded`, `cycle_detected`.
    """
    if agent.is_disabled:
        raise Rejected("agent_disabled", f"The agent {key!r} is disabled.")
    limits = lowered(DEFAULT, agent.persona.limits, invoke.limits)
    if invoke.context.depth > limits.depth:
        raise Rejected("depth_exceeded", f"Runs are nested at most {limits.depth} deep.")
    if key in invoke.context.lineage:
        raise Rejected("cycle_detected", f"The agent {key!r} is among those that led to this invocation.")
    return StartRun(
        origin="thread" if invoke.thread else "agent",
        persona=snapshot(key, agent.persona),
        input=invoke.payload.input,
        context=invoke.context,
        model=invoke.model,
        model_reason=invoke.model_reason,
        fallbacks=invoke.fallbacks,
        context_length=invoke.context_length,
        prices=invoke.prices,
        parameters=agent.persona.parameters,
        limits=limits,
        report_to=invoke.report_to,
        sinks=invoke.sinks,
        thread=invoke.thread,
        echo=invoke.echo,
        hints=invoke.payload.hints,
        caller=caller,
    )


def snapshot(key: str, persona: Persona) -> PersonaSnapshot:
    """The persona as a run keeps it."""
    return PersonaSnapshot(
        agent_key=key,
        display_name=persona.display_name,
        instructions=persona.instructions,
        tool_set=persona.tool_set,
        tool_names=persona.tool_names,
        tightened=persona.tightened,
        detail=persona.detail,
        compaction=persona.compaction,
    )
