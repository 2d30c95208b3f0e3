"""What is promised of waiting: by facts and timers, never by a task of the tool, and never longer than was said."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from aevatar.actors import Limits
from aevatar.identity import ActorId
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, fails, hangs, says
from tests.agents.kit import ALICE, World, breaks, call, invoking, slowly


async def answered(world: World, run: ActorId) -> list[dict[str, Any]]:
    """The results of a run's calls, in order."""
    found: Any = await world.now.readmodels.get("agents.transcripts", run.scope, run.key)
    return [json.loads(item.result.result.text) for item in found.document.items if item.HasField("result")]


async def waited(world: World, **agent: Any) -> tuple[dict[str, Any], float]:
    """The first result of a run that invokes, and how long the run took."""
    async with world.opened():
        await world.agent("helper", **agent)
        began = asyncio.get_running_loop().time()
        run = await world.begin(tools="everything")
        await world.story(run)
        return (await answered(world, run))[0], asyncio.get_running_loop().time() - began


async def test_complete_gives_the_answer_of_the_run_below_in_time() -> None:
    told, seconds = await waited(World(calls(invoking("helper")), slowly("Help", "ed.", every=20), says("Done.")))
    run = told["run_id"]
    assert told == {
        "run_id": run,
        "status": "completed",
        "session": {"owner_actor_id": run, "session_id": "run"},
        "output_text": "Helped.",
        "usage": {"input_tokens": 10, "output_tokens": 5},
        "actor_id": run,
        "command_id": told["command_id"],
        "wait": "complete",
    }
    assert round(seconds) == 40


async def test_past_its_bound_complete_answers_as_stream_does_and_the_model_goes_on() -> None:
    world = World(calls(invoking("helper", wait_seconds=5)), says("Done."), other=[slowly("Help", "ed.", every=20)])
    told, seconds = await waited(world, model="other/one")
    assert (told["status"], told["output_text"], told["waited_ms"]) == ("streaming", "", 5000)
    assert round(seconds) == 40  # the run itself ends with the one it follows
    assert len(world.model.requests) == 2


async def test_without_a_bound_of_its_own_complete_waits_a_minute() -> None:
    world = World(calls(invoking("helper")), says("Done."), other=[slowly("a", "b", "c", every=30)])
    told, _ = await waited(world, model="other/one")
    assert (told["status"], told["waited_ms"]) == ("streaming", 60_000)


@pytest.mark.parametrize(
    ("step", "status", "code", "text"),
    [
        (breaks("So far", after=1), "failed", "unavailable", "So far"),
        (fails("invalid_request"), "failed", "invalid_request", ""),
    ],
)
async def test_complete_tells_how_a_run_ended_that_did_not_go_well(
    step: Any, status: str, code: str, text: str
) -> None:
    told, _ = await waited(World(calls(invoking("helper")), step, says("Done.")))
    assert (told["status"], told["error"]["code"], told["output_text"]) == (status, code, text)


async def test_while_it_waits_the_run_may_be_passivated_and_no_tool_holds_a_task() -> None:
    world = World(calls(invoking("helper", wait_seconds=600)), calls(call("rent", "pay")), says("Paid."), says("Done."))
    world.limits = Limits(idle=1)
    async with world.opened():
        await world.agent("helper")
        run = await world.begin(tools="everything")
        await world.until(run, "  suspended")
        await elapse(120)
        assert world.now._stage.activations == {}
        running = {task.get_name().split()[1] for task in asyncio.all_tasks() if task.get_name().startswith("effect")}
        assert running == {"runs.follow"}  # it reads the session below, and is found again after a crash
        (below,) = [item.key for item in (await world.runs.open_approvals(ALICE)).items]
        await world.decide(ActorId("agents.run", run.scope, below), "approve")
        assert (await world.story(run))[-1] == "ended: completed"
        assert (await answered(world, run))[0]["output_text"] == "Paid."


async def test_a_bound_that_passes_while_nobody_runs_is_kept_at_the_next_start() -> None:
    world = World(calls(invoking("helper", wait_seconds=30)), calls(call("rent", "pay")), says("Done."))
    async with world.opened():
        await world.agent("helper")
        run = await world.begin(tools="everything")
        await world.until(run, "  suspended")
    await elapse(60)
    async with world.opened():
        await world.until(run, "message: Done.")
        await world.runs.cancel(ALICE, run.key)
        assert (await answered(world, run))[0]["waited_ms"] == 30_000


@pytest.mark.parametrize(("wait", "status"), [("ack", "accepted"), ("stream", "streaming"), (None, "streaming")])
async def test_ack_and_stream_return_before_the_run_below_ends(wait: str | None, status: str) -> None:
    world = World(calls(invoking("helper", wait=wait)), says("Done."), other=[slowly("a", "b", every=30)])
    async with world.opened():
        await world.agent("helper", model="other/one")
        began = asyncio.get_running_loop().time()
        run = await world.begin(tools="everything")
        await world.until(run, "message: Done.")
        assert asyncio.get_running_loop().time() - began < 1
        await world.story(run)
        told = (await answered(world, run))[0]
        assert (told["status"], told["wait"], told["output_text"]) == (status, wait or "stream", "")
        assert "waited_ms" not in told


async def test_observing_shows_progress_and_then_the_end_and_an_unknown_id_fails_at_once() -> None:
    world = World(other=[slowly("Help", "ed.", every=20)])
    async with world.opened():
        await world.agent("helper", model="other/one")
        helper = (await world.invoke("helper", "Hi")).run
        observe = ("aevatar_observe_run", {"run_id": helper})
        world.model._left.extend(
            [
                calls(observe, ("aevatar_observe_run", {"run_id": "run_unknown"}), call("50", "slow_put")),
                calls(observe),
                says("Done."),
            ]
        )
        await elapse(1)
        run = await world.begin(tools="everything")
        await world.story(run)
        first, unknown, _, last = await answered(world, run)
    assert (first["status"], first["is_terminal"], first["output_text"]) == ("running", False, "Help")
    assert [event["type"] for event in first["events"]] == ["RunOpened", "StepOpened", "ItemOpened", "Delta"]
    assert unknown["error"]["code"] == "run_not_found"
    assert (last["status"], last["is_terminal"], last["output_text"]) == ("completed", True, "Helped.")


async def test_observing_an_ended_run_tells_so() -> None:
    world = World(says("Hello."))
    async with world.opened():
        await world.agent("helper", tools="")
        helper = (await world.invoke("helper", "Hi")).run
        await world.story(world.run_of(helper))
        world.model._left.extend([calls(("aevatar_observe_run", {"run_id": helper, "after": 4})), says("Done.")])
        run = await world.begin(tools="everything")
        await world.story(run)
        (told,) = await answered(world, run)
    assert (told["status"], told["is_terminal"], told["output_text"]) == ("completed", True, "Hello.")
    assert [event["cursor"] for event in told["events"]] == [5, 6, 7, 8]
    assert told["next_cursor"] == 8
    assert told["usage"] == {"input_tokens": 10, "output_tokens": 5}


async def test_observing_may_wait_for_something_new() -> None:
    world = World(other=[slowly("Help", "ed.", every=20)])
    async with world.opened():
        await world.agent("helper", model="other/one")
        helper = (await world.invoke("helper", "Hi")).run
        waiting = {"run_id": helper, "after": 4, "wait_seconds": 60}
        world.model._left.extend([calls(("aevatar_observe_run", waiting)), says("Done.")])
        began = asyncio.get_running_loop().time()
        run = await world.begin(tools="everything")
        await world.story(run)
        assert 19 < asyncio.get_running_loop().time() - began < 21
        (told,) = await answered(world, run)
    assert [event["text"] for event in told["events"]] == ["ed."]


async def test_observing_wakes_nobody() -> None:
    world = World(hangs("a"))
    world.limits = Limits(idle=1)
    async with world.opened():
        await world.agent("helper", tools="")
        helper = (await world.invoke("helper", "Hi")).run
        await world.runs.cancel(ALICE, world.run_of(helper).key)
        await elapse(60)
        assert world.now._stage.activations == {}
        world.model._left.extend([calls(("aevatar_observe_run", {"run_id": helper})), says("Done.")])
        run = await world.begin(tools="everything")
        await world.story(run)
        assert set(world.now._stage.activations) == {run.text}
