"""Looking things up: a closed set, in the caller's scope, with the version it shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aevatar.testing.scripted_model import calls, says
from tests.agents.kit import ALICE, World, call

QUERY = "aevatar_query_readmodel"


async def asked(world: World, query: Any, key: str = "run_q") -> dict[str, Any]:
    """What a model is told that looks something up."""
    world.model._left[:] = [calls((QUERY, {"query": query})), says("Done.")]
    run = await world.begin(tools="everything", key=key)
    await world.story(run)
    found: Any = await world.now.readmodels.get("agents.transcripts", run.scope, run.key)
    (answer,) = [item.result.result.text for item in found.document.items if item.HasField("result")]
    told: dict[str, Any] = json.loads(answer)
    return told


async def test_agents_are_listed_page_by_page() -> None:
    world = World()
    async with world.opened():
        for key in ("ada", "bob", "eve"):
            await world.agent(key, description=f"{key} helps")
        first = await asked(world, {"agents": {"limit": 2}})
        assert [agent["key"] for agent in first["agents"]] == ["ada", "bob"]
        rest = await asked(world, {"agents": {"limit": 2, "after": first["after"]}}, key="run_r")
        assert [(agent["key"], agent["description"]) for agent in rest["agents"]] == [("eve", "eve helps")]
        assert rest["after"] == ""


async def test_one_agent_is_told_with_its_version() -> None:
    world = World()
    async with world.opened():
        await world.agent("ada")
        told = await asked(world, {"agent": {"key": "ada"}})
        assert (told["agents"][0]["key"], told["version"]) == ("ada", 1)


async def test_runs_are_listed_newest_first_and_found_by_key_or_id() -> None:
    world = World(says("Hello."))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        told = await asked(world, {"runs": {}})
        assert [each["run_id"].rpartition("/")[2] for each in told["runs"]] == ["run_q", "run_1"]
        for number, key in enumerate((run.key, run.text)):
            told = await asked(world, {"run": {"key": key}}, key=f"run_{number}x")
            assert (told["runs"][0]["run_id"], told["runs"][0]["status"]) == (run.text, "completed")


async def test_open_approvals_are_listed() -> None:
    world = World(calls(call("rent", "pay")))
    async with world.opened():
        run = await world.begin()
        approval = await world.approval(run)
        told = await asked(world, {"approvals": {}})
        assert told["approvals"] == [
            {"run_id": run.text, "approval_id": approval.id, "tool": "pay", "reason": "approval"}
        ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"agent": {"key": "nobody"}}, "document_not_found"),
        ({"run": {"key": "run_none"}}, "document_not_found"),
        ({"secrets": {}}, "invalid_arguments"),
        ({}, "invalid_arguments"),
        ({"agents": {"limit": 51}}, "invalid_arguments"),
        ({"agents": {"after": "nonsense"}}, "invalid_arguments"),
    ],
)
async def test_anything_else_is_refused(query: Any, code: str) -> None:
    world = World()
    async with world.opened():
        assert (await asked(world, query))["error"]["code"] == code


async def test_a_run_that_is_not_stored_is_found_by_nobody() -> None:
    world = World(says("Hello."))
    async with world.opened():
        run = await world.begin(is_unstored=True)
        await world.story(run)
        assert (await asked(world, {"run": {"key": run.key}}))["error"]["code"] == "document_not_found"
        told = await asked(world, {"runs": {}}, key="run_r")
        assert [each["run_id"].rpartition("/")[2] for each in told["runs"]] == ["run_r", "run_q"]
        world.model._left[:] = [calls(("aevatar_observe_run", {"run_id": run.text})), says("Done.")]
        story = await world.play(tools="everything", key="run_s")
        assert "result of aevatar_observe_run: run_not_found" in story
        assert (await world.runs.list(ALICE)).items[-1].key == "run_q"
