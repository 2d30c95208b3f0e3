"""What the scope's policy says goes, whatever the request or the model says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openai import PermissionDeniedError

from aevatar.agents import Agents, Persona
from aevatar.platform import DEV
from aevatar.routing import RoutePolicies
from aevatar.routing.routing_pb2 import Action, Forward, Hint, Match, PutPolicy, Reject, Rule
from aevatar.testing.scripted_model import ScriptedModel, calls, says
from tests.responses.kit import OFFLINE, World, serving
from tests.responses.test_server_tools import Drawer


@pytest.fixture
async def model() -> ScriptedModel:
    return ScriptedModel([calls(("look", {"text": "mine"})), says("done"), says("done"), says("done")])


@pytest.fixture
async def world(tmp_path: Path, model: ScriptedModel) -> AsyncIterator[World]:
    async with serving(tmp_path, models={"s": model}, sources=[Drawer()]) as running:
        yield running


async def decree(world: World, *rules: Rule, default: Action | None = None) -> None:
    policies: RoutePolicies = world.served.application.state.services[RoutePolicies]
    await policies.put(DEV, PutPolicy(rules=rules, default=default))


async def test_a_request_can_be_refused(world: World) -> None:
    match = Match(source="responses", model="s/*")
    await decree(
        world, Rule(id="r", match=match, action=Action(reject=Reject(code="too_dear", message="Ask for less.")))
    )
    with pytest.raises(PermissionDeniedError) as refused:
        await world.client.responses.create(model="s/one", input="x")
    assert (refused.value.code, refused.value.type) == ("too_dear", "permission_error")
    assert (await world.client.responses.create(model=OFFLINE, input="x")).status == "completed"


async def test_another_model_can_answer(world: World) -> None:
    match = Match(model="dear/*")
    await decree(world, Rule(id="cheaper", match=match, action=Action(forward=Forward(model=OFFLINE))))
    response = await world.client.responses.create(model="dear/one", input="x")
    found = await world.runtime.readmodels.get("agents.runs", DEV.scope, response.id)
    assert found is not None
    document: Any = found.document
    assert (response.model, document.model_reason, document.rule_id) == (OFFLINE, "route_policy", "cheaper")


async def test_other_tools_can_be_given(world: World) -> None:
    await decree(world, default=Action(forward=Forward(tool_set="none")))
    response = await world.client.responses.create(model=OFFLINE, input="/tools")
    assert response.output_text.endswith("No tools are offered.")


async def test_prefilled_arguments_are_not_the_models_to_change(world: World, model: ScriptedModel) -> None:
    hint = Hint(tool="look", arguments=json.dumps({"text": "decreed"}), is_required=True)
    await decree(world, default=Action(forward=Forward(hint=hint)))
    include: Any = ["aevatar:tool_calls"]
    response = await world.client.responses.create(model="s/one", input="x", include=include)
    assert list(model.requests[0].tool_choice.names) == ["look"]
    assert next(item.to_dict().get("output") for item in response.output) == '{"text":"decreed"}'


async def test_where_an_agent_is_named_only_refusals_count(world: World) -> None:
    agents: Agents = world.served.application.state.services[Agents]
    await agents.create(DEV, "helper", Persona(model="s/one"))
    await decree(world, default=Action(forward=Forward(model=OFFLINE, tool_set="nonsense")))
    response = await world.client.responses.create(model="agent/helper", input="x")
    assert (response.status, response.model) == ("completed", "agent/helper")
    await decree(world, Rule(id="r", match=Match(agent="helper"), action=Action(reject=Reject(code="not_now"))))
    with pytest.raises(PermissionDeniedError) as refused:
        await world.client.responses.create(model="agent/helper", input="x")
    assert refused.value.code == "not_now"


async def test_chat_completions_can_be_told_from_responses(world: World) -> None:
    match = Match(source="chat_completions")
    await decree(world, Rule(id="r", match=match, action=Action(reject=Reject(code="use_responses"))))
    with pytest.raises(PermissionDeniedError) as refused:
        await world.client.chat.completions.create(model=OFFLINE, messages=[{"role": "user", "content": "x"}])
    assert refused.value.code == "use_responses"
    assert (await world.client.responses.create(model=OFFLINE, input="x")).status == "completed"
