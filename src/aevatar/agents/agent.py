"""An agent: a configured persona that can be addressed and invoked."""

from __future__ import annotations

import re

from aevatar.actors import Actor, Answered, Kind, Pending, Projection, applies, command
from aevatar.actors.packing import unpack
from aevatar.agents.agents_pb2 import (
    AgentChanged,
    AgentConfigured,
    AgentCreated,
    AgentDisabled,
    AgentDocument,
    AgentEnabled,
    AgentRetired,
    AgentState,
    ConfigureAgent,
    CreateAgent,
    DisableAgent,
    EnableAgent,
    Invoke,
    Invoked,
    InvokeOverdue,
    Persona,
    RetireAgent,
    RunSubmitted,
    SubmitRun,
)
from aevatar.agents.runs import SESSION
from aevatar.agents.runs.callers import caller_of
from aevatar.agents.runs.facts import copy
from aevatar.agents.runs.prompting.summary import SUMMARISING
from aevatar.agents.runs_pb2 import StartRun
from aevatar.agents.starting import start_of
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.readmodels import Attributes, DocumentOf

AGENT = "agents.agent"
THREAD = "agents.thread"
RUN = "agents.run"

INSTRUCTIONS_LIMIT = 64 * 1024
"""In bytes."""
INVOKE_SECONDS = 24 * 3600.0
"""How long an invocation may wait for its thread. Its caller waits less, and hears the outcome by asking again."""
SUBMIT = "submit:"
POLICIES = ("", "queue", "reject", "interrupt", "merge")
DETAILS = ("", "all", "items", "none")
COMPACTIONS = ("", "none", SUMMARISING)
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Agent(Actor[AgentState]):
    """A persona. Changing it never touches a run under way: each run has a snapshot."""

    kind = AGENT

    @command(creates=True)
    def create(self, cmd: CreateAgent) -> AgentChanged:
        if not _KEY.fullmatch(self.id.key):
            raise Rejected("invalid_agent_key", "An agent's key is 1 to 63 of [a-z0-9-], not starting with '-'.", "key")
        check_persona(cmd.persona)
        if self.state.version:
            if self.state.persona != cmd.persona:
                raise Rejected("agent_exists", f"There is an agent {self.id.key!r} already.", "key")
        else:
            self.emit(AgentCreated(persona=cmd.persona, at=self.turn.now_ms))
        return AgentChanged(version=self.state.version)

    @command
    def configure(self, cmd: ConfigureAgent) -> AgentChanged:
        check_persona(cmd.persona)
        if cmd.HasField("expected_version") and cmd.expected_version != self.state.version:
            told = f"The agent is at version {self.state.version}, not {cmd.expected_version}."
            raise Rejected("version_conflict", told, "expectedVersion")
        if self.state.persona != cmd.persona:
            self.emit(AgentConfigured(persona=cmd.persona, at=self.turn.now_ms))
        return AgentChanged(version=self.state.version)

    @command
    def disable(self, cmd: DisableAgent) -> AgentChanged:
        if not self.state.is_disabled:
            self.emit(AgentDisabled(at=self.turn.now_ms))
        return AgentChanged(version=self.state.version)

    @command
    def enable(self, cmd: EnableAgent) -> AgentChanged:
        if self.state.is_disabled:
            self.emit(AgentEnabled(at=self.turn.now_ms))
        return AgentChanged(version=self.state.version)

    @command
    def retire_agent(self, cmd: RetireAgent) -> AgentChanged:
        self.emit(AgentRetired(at=self.turn.now_ms))
        self.retire()
        return AgentChanged(version=self.state.version)

    @command
    def invoke(self, cmd: Invoke) -> Invoked | Pending:
        start = start_of(self.id.key, self.state, cmd, caller=caller_of(self.turn.principal))
        if cmd.thread:
            return self._submit(cmd, start)
        run = ActorId(RUN, self.id.scope, cmd.run_key)
        self.send(run, start)
        return Invoked(run=run.text, session=SESSION, agent_key=self.id.key)

    def _submit(self, cmd: Invoke, start: StartRun) -> Pending:
        """Which run takes the input, and whether any does, the thread decides."""
        thread = ActorId(THREAD, self.id.scope, f"{self.id.key}/{cmd.thread}")
        start.report_to = thread.text
        submit = SubmitRun(start=start, run_key=cmd.run_key, policy=self.state.persona.thread_policy)
        self.send(thread, submit, command_id=SUBMIT + self.turn.command_id, answer=True)
        return Pending(within=INVOKE_SECONDS, then=InvokeOverdue(command_id=self.turn.command_id))

    @command
    def submitted(self, cmd: Answered) -> None:
        invoked = Invoked(session=SESSION, agent_key=self.id.key)
        if cmd.HasField("refusal"):
            invoked.code, invoked.message = cmd.refusal.code, cmd.refusal.message
        elif isinstance(outcome := unpack(cmd.outcome), RunSubmitted):
            invoked.run, invoked.is_queued, invoked.is_merged = outcome.run, outcome.is_queued, outcome.is_merged
        self.conclude(cmd.command_id.removeprefix(SUBMIT), invoked)

    @command
    def overdue(self, cmd: InvokeOverdue) -> None:
        """Leaves the invocation open: a thread answers once, if late, and may have started the run long ago."""

    @applies
    @staticmethod
    def created(state: AgentState, event: AgentCreated) -> None:
        state.persona.CopyFrom(event.persona)
        state.created_at = state.changed_at = event.at
        state.version = 1

    @applies
    @staticmethod
    def configured(state: AgentState, event: AgentConfigured) -> None:
        state.persona.CopyFrom(event.persona)
        state.changed_at = event.at
        state.version += 1

    @applies
    @staticmethod
    def disabled(state: AgentState, event: AgentDisabled) -> None:
        state.is_disabled, state.changed_at = True, event.at

    @applies
    @staticmethod
    def enabled(state: AgentState, event: AgentEnabled) -> None:
        state.is_disabled, state.changed_at = False, event.at

    @applies
    @staticmethod
    def retired(state: AgentState, event: AgentRetired) -> None:
        state.is_retired, state.changed_at = True, event.at


def check_persona(persona: Persona) -> None:
    """Raises: Rejected `invalid_persona` with the field that is wrong."""
    if len(persona.instructions.encode()) > INSTRUCTIONS_LIMIT:
        raise Rejected("invalid_persona", f"Instructions have at most {INSTRUCTIONS_LIMIT} bytes.", "instructions")
    if persona.thread_policy not in POLICIES:
        raise Rejected("invalid_persona", f"A thread's policy is one of {', '.join(POLICIES[1:])}.", "threadPolicy")
    if persona.detail not in DETAILS:
        raise Rejected("invalid_persona", f"The detail of sub-runs is one of {', '.join(DETAILS[1:])}.", "detail")
    if persona.compaction not in COMPACTIONS:
        raise Rejected("invalid_persona", f"Compaction is one of {', '.join(COMPACTIONS[1:])}.", "compaction")
    for tool, level in persona.tightened.items():
        if level not in ("auto", "always"):
            raise Rejected("invalid_persona", f"Approval of {tool!r} can be tightened to auto or always.", "tightened")


def agent_document(state: AgentState) -> AgentDocument | None:
    """The persona, until the agent is retired."""
    if state.is_retired:
        return None
    return AgentDocument(
        persona=copy(state.persona),
        is_disabled=state.is_disabled,
        created_at=state.created_at,
        changed_at=state.changed_at,
        version=state.version,
    )


def agent_index(state: AgentState) -> Attributes:
    """By what agents are found and ordered."""
    return {"name": state.persona.display_name, "changed": state.changed_at}


AGENT_KIND = Kind(Agent, Projection(documents=(DocumentOf("agents.agents", agent_document, index=agent_index),)))
