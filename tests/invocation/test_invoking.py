"""Invoking, call by call: targets, payloads, and every way to refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aevatar.agents.runs_pb2 import PersonaSnapshot, RunContext, RunQueued
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId, Principal
from aevatar.invocation import Entry, StartedWorkflow, default_set, sources
from aevatar.invocation.tools import CODES
from aevatar.testing.scripted_model import calls, says
from aevatar.tools import CallContext, Discovery, ToolSet, ToolSets, define
from tests.agents.kit import ALICE, ALPHA, World, invoking

INVOKE, TEAM, WORKFLOW = "aevatar_invoke_gagent", "aevatar_invoke_team", "aevatar_start_workflow"


async def told(world: World, name: str, arguments: Any, *, by: Principal = ALICE, **fields: Any) -> dict[str, Any]:
    """What a model is told of one call."""
    world.model._left[:] = [calls((name, arguments)), says("Done."), says("Done.")]
    async with world.opened():
        await world.agent("helper", tools="", model="offline/demo")
        run = await world.begin(tools="everything", by=by, **fields)
        await world.story(run)
        found: Any = await world.now.readmodels.get("agents.transcripts", run.scope, run.key)
        (answer,) = [item.result.result.text for item in found.document.items if item.HasField("result")]
        answered: dict[str, Any] = json.loads(answer)
        return answered


def payload(prompt: str = "hi", **more: Any) -> dict[str, Any]:
    return {"prompt": prompt, **more}


async def test_an_agent_is_invoked_by_its_key_or_its_id_and_answers_as_it_is_told() -> None:
    for target in ({"agent_key": "helper"}, {"actor_id": "agents.agent/alpha/helper"}):
        answer = await told(World(), INVOKE, {"target": target, "payload": payload(), "wait": "complete"})
        assert (answer["status"], answer["output_text"].splitlines()[-1]) == (
            "completed",
            "You said: hi. This is message 1.",
        )


PASSWORDS = {"uri": "file:///etc/passwd", "media_type": "text/plain"}


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ({"target": {"agent_key": "nobody"}, "payload": payload()}, "agent_not_found", "target"),
        ({"target": {"agent_key": "../x"}, "payload": payload()}, "agent_not_found", "target"),
        ({"target": {"agent_key": "x" * 300}, "payload": payload()}, "agent_not_found", "target"),
        ({"target": {"actor_id": "nonsense"}, "payload": payload()}, "agent_not_found", "target"),
        ({"target": {"actor_id": "agents.agent/beta/helper"}, "payload": payload()}, "agent_not_found", "target"),
        ({"target": {"actor_id": "agents.run/alpha/run_1"}, "payload": payload()}, "agent_not_invokable", None),
        ({"target": {"agent_key": "helper"}, "payload": payload(" ")}, "invalid_arguments", "payload.prompt"),
        ({"target": {}, "payload": payload()}, "invalid_arguments", "target"),
        ({"target": {"agent_key": "helper"}, "payload": payload(), "wait": "forever"}, "invalid_arguments", "wait"),
        (
            {"target": {"agent_key": "helper"}, "payload": payload(), "wait_seconds": 601},
            "invalid_arguments",
            "wait_seconds",
        ),
        ({"target": {"agent_key": "helper"}}, "invalid_arguments", "payload"),
        (
            {"target": {"agent_key": "helper"}, "payload": payload(parts=[{"file": PASSWORDS}])},
            "invalid_arguments",
            "payload.parts[0].file.uri",
        ),
        ({"target": {"agent_key": "helper"}, "payload": payload("x" * 257 * 1024)}, "invalid_arguments", None),
    ],
)
async def test_what_is_wrong_is_refused_with_a_code_and_a_field(arguments: Any, code: str, field: str | None) -> None:
    error = (await told(World(), INVOKE, arguments))["error"]
    assert (error["code"], error.get("field")) == (code, field)


async def test_a_disabled_agent_says_so() -> None:
    world = World()
    async with world.opened():
        await world.agent("helper", tools="", model="offline/demo")
        await world.agents.set_enabled(ALICE, "helper", enabled=False)
    answer = await told(world, *invoking("helper"))
    assert answer["error"] == {
        "code": "agent_disabled",
        "message": "The agent 'helper' is disabled.",
        "retryable": False,
    }


async def test_who_may_not_invoke_is_told_so() -> None:
    carl = Principal(ALPHA, "carl", frozenset({"runs.read"}))
    answer = await told(World(), *invoking("helper"), by=carl)
    assert answer["error"]["code"] == "permission_denied"


async def test_an_agent_does_not_lead_to_itself() -> None:
    persona = PersonaSnapshot(agent_key="helper", tool_set="everything")
    answer = await told(World(), *invoking("helper"), persona=persona)
    assert answer["error"]["code"] == "cycle_detected"


async def test_an_agent_whose_model_is_not_there_cannot_be_dispatched_to() -> None:
    world = World()
    async with world.opened():
        await world.agent("broken", model="nowhere/model")
    answer = await told(world, *invoking("broken"))
    assert answer["error"]["code"] == "dispatch_failed"


async def test_parts_and_hints_travel_with_the_prompt() -> None:
    world = World()
    parts = [
        {"text": "and this"},
        {"image": {"uri": "https://example.org/cat.png", "media_type": "image/png"}},
    ]
    headers = [{"name": "Topic", "value": "cats"}]
    arguments = {"target": {"agent_key": "helper"}, "payload": payload(parts=parts, headers=headers), "wait": "ack"}
    answer = await told(world, INVOKE, arguments)
    async with world.opened():
        (queued,) = await world.facts(ActorId.parse(answer["run_id"]), RunQueued)
    (item,) = queued.start.input
    assert [part.WhichOneof("kind") for part in item.message.parts] == ["text", "text", "image"]
    assert [(hint.name, hint.value) for hint in queued.start.hints] == [("topic", "cats")]


async def test_a_payload_that_is_too_large_is_refused() -> None:
    parts = [{"text": "x" * 60_000} for _ in range(5)]
    error = (await told(World(), INVOKE, {"target": {"agent_key": "helper"}, "payload": payload(parts=parts)}))["error"]
    assert error["code"] in {"payload_too_large", "invalid_arguments"}


# Teams and workflows


class Teams:
    """One team, `crew`, whose entry is an agent."""

    async def entry(self, scope: str, team: str, endpoint: str) -> Entry:
        if team != "crew":
            raise Rejected("team_not_found", f"There is no team {team!r} here.", "team_id")
        if endpoint != "chat":
            raise Rejected("endpoint_not_found", f"The team has no endpoint {endpoint!r}.", "endpoint_id")
        return Entry("helper")


class Workflows:
    """A workflow that is started, and nothing else."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, str]] = []

    async def start(self, workflow: str, payload: Any, context: CallContext) -> StartedWorkflow:
        if workflow == "down":
            raise Unavailable("scope_unavailable", "Not now.", retry_after=1)
        self.started.append((workflow, payload.prompt, context.principal.subject))
        return StartedWorkflow(ActorId("agents.run", context.scope, "run_flow"), "run")


def with_teams(world: World) -> Workflows:
    workflows = Workflows()

    def tool_sets() -> ToolSets:
        offered = sources(world.invocations, world.looking, teams=Teams(), workflows=workflows)
        return ToolSets(offered, [ToolSet("everything", default_set(offered).selections)])

    world._tool_sets = tool_sets  # type: ignore[method-assign]
    return workflows


async def test_a_team_is_entered_through_the_agent_that_answers_for_it() -> None:
    world = World()
    with_teams(world)
    answer = await told(world, TEAM, {"team_id": "crew", "payload": payload(), "wait": "complete"})
    assert (answer["status"], answer["output_text"].splitlines()[-1]) == (
        "completed",
        "You said: hi. This is message 1.",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ({"team_id": "nobody", "payload": payload()}, "team_not_found", "team_id"),
        ({"team_id": "crew", "endpoint_id": "door", "payload": payload()}, "endpoint_not_found", "endpoint_id"),
    ],
)
async def test_a_team_that_cannot_be_entered_says_why(arguments: Any, code: str, field: str) -> None:
    world = World()
    with_teams(world)
    error = (await told(world, TEAM, arguments))["error"]
    assert (error["code"], error["field"]) == (code, field)


async def test_a_workflow_is_started_under_the_callers_name() -> None:
    world = World()
    workflows = with_teams(world)
    answer = await told(world, WORKFLOW, {"workflow_id": "flow", "inputs": payload("go"), "wait": "ack"})
    assert (answer["status"], answer["run_id"]) == ("accepted", "agents.run/alpha/run_flow")
    assert workflows.started == [("flow", "go", "alice")]


async def test_what_may_pass_is_said_to_be_retryable() -> None:
    world = World()
    with_teams(world)
    error = (await told(world, WORKFLOW, {"workflow_id": "down", "inputs": payload()}))["error"]
    assert (error["code"], error["retryable"]) == ("scope_unavailable", True)


async def test_what_is_not_installed_offers_no_tool() -> None:
    world = World()
    async with world.opened():
        found: Discovery = await world._tool_sets().discover("workspace.default", None)  # type: ignore[arg-type]
    assert [offered.definition.name for offered in found.tools] == [
        "aevatar_invoke_gagent",
        "aevatar_observe_run",
        "aevatar_query_readmodel",
    ]


def test_the_codes_of_the_five_tools_are_the_closed_list() -> None:
    assert len(CODES) == 26


def test_every_tool_of_the_platform_has_a_schema() -> None:
    offered = sources(None, None, teams=Teams(), workflows=Workflows())  # type: ignore[arg-type]
    names = [define(tool).name for source in offered for tool in source.tools]  # type: ignore[attr-defined]
    assert names == [INVOKE, TEAM, WORKFLOW, "aevatar_observe_run", "aevatar_query_readmodel"]


async def test_the_run_below_is_found_by_whoever_reads_runs() -> None:
    world = World()
    answer = await told(world, *invoking("helper"), context=RunContext(request_id="r"))
    async with world.opened():
        found = await world.runs.get(ALICE, ActorId.parse(answer["run_id"]).key)
        assert (found.document.parent_run, found.document.root_run) == ("agents.run/alpha/run_1",) * 2
