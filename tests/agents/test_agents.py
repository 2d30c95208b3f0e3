"""Personas: made, changed, invoked; and what a run keeps of them."""

from __future__ import annotations

from typing import Any

import pytest

from aevatar.actors.actors_pb2 import Done
from aevatar.agents import Persona
from aevatar.agents.agents_pb2 import AgentChanged
from aevatar.agents.runs_pb2 import (
    ApprovalReported,
    Parameters,
    RunConcluded,
    RunContext,
    RunLimits,
    RunProgressed,
    RunQueued,
)
from aevatar.errors import Denied, Rejected
from aevatar.identity import ActorId, Principal
from aevatar.models.models_pb2 import FINISH_LENGTH
from aevatar.testing.scripted_model import calls, says
from tests.agents.kit import ALICE, ALPHA, EVE, World, call, prompt_told, slowly, ticks
from tests.agents.witness import WITNESS, Witness


async def test_an_agent_is_made_once_and_the_same_again_is_harmless() -> None:
    world = World()
    async with world.opened():
        persona = Persona(display_name="Ada", instructions="Be brief.")
        assert await world.agents.create(ALICE, "ada", persona) == AgentChanged(version=1)
        assert await world.agents.create(ALICE, "ada", persona) == AgentChanged(version=1)
        with pytest.raises(Rejected, match="agent_exists"):
            await world.agents.create(ALICE, "ada", Persona(display_name="Other"))
        found = await world.agents.get(ALICE, "ada")
        assert (found.document.persona, found.document.version) == (persona, 1)


@pytest.mark.parametrize(
    ("key", "persona", "code", "field"),
    [
        ("Ada", Persona(), "invalid_agent_key", "key"),
        ("-ada", Persona(), "invalid_agent_key", "key"),
        ("a" * 64, Persona(), "invalid_agent_key", "key"),
        ("ada", Persona(instructions="x" * 65_537), "invalid_persona", "instructions"),
        ("ada", Persona(thread_policy="fifo"), "invalid_persona", "threadPolicy"),
        ("ada", Persona(detail="some"), "invalid_persona", "detail"),
        ("ada", Persona(tightened={"look": "never"}), "invalid_persona", "tightened"),
    ],
)
async def test_a_persona_that_is_wrong_is_refused_with_its_field(
    key: str, persona: Persona, code: str, field: str
) -> None:
    world = World()
    async with world.opened():
        with pytest.raises(Rejected) as refused:
            await world.agents.create(ALICE, key, persona)
        assert (refused.value.code, refused.value.field) == (code, field)


async def test_a_persona_is_replaced_whole_if_it_is_still_the_version_that_was_read() -> None:
    world = World()
    async with world.opened():
        await world.agent("ada", instructions="Be brief.")
        changed = Persona(display_name="Ada")
        assert await world.agents.configure(ALICE, "ada", changed, expected_version=1) == AgentChanged(version=2)
        with pytest.raises(Rejected, match="version_conflict"):
            await world.agents.configure(ALICE, "ada", Persona(), expected_version=1)
        assert (await world.agents.get(ALICE, "ada")).document.persona == changed


async def test_a_disabled_agent_takes_nothing_until_it_is_enabled_again() -> None:
    world = World(says("Hello."))
    async with world.opened():
        await world.agent("ada")
        await world.agents.set_enabled(ALICE, "ada", enabled=False)
        with pytest.raises(Rejected, match="agent_disabled"):
            await world.invoke("ada", "Hi", command_id="first")
        await world.agents.set_enabled(ALICE, "ada", enabled=True)
        run = world.run_of((await world.invoke("ada", "Hi", command_id="second")).run)
        assert (await world.story(run))[-1] == "ended: completed"


async def test_a_retired_agent_is_gone_and_its_runs_stay() -> None:
    world = World(says("Hello."))
    async with world.opened():
        await world.agent("ada")
        run = world.run_of((await world.invoke("ada", "Hi")).run)
        await world.story(run)
        await world.agents.retire(ALICE, "ada")
        with pytest.raises(Rejected, match="agent_not_found"):
            await world.invoke("ada", "Again")
        assert (await world.runs.get(ALICE, run.key)).document.status == "completed"


async def test_an_agent_of_another_scope_looks_absent() -> None:
    world = World()
    async with world.opened():
        await world.agent("ada")
        for attempt in (world.agents.get(EVE, "ada"), world.invoke("ada", "Hi", by=EVE)):
            with pytest.raises(Rejected, match="agent_not_found"):
                await attempt
        assert (await world.agents.list(EVE)).items == []


async def test_changing_and_invoking_take_a_permission() -> None:
    world = World()
    async with world.opened():
        await world.agent("ada")
        carl = Principal(ALPHA, "carl", frozenset({"runs.read"}))
        for attempt in (world.agents.retire(carl, "ada"), world.invoke("ada", "Hi", by=carl)):
            with pytest.raises(Denied):
                await attempt
        assert (await world.agents.get(carl, "ada")).document.version == 1


async def test_a_run_has_a_snapshot_of_the_persona_it_was_started_with() -> None:
    world = World(calls(call("rent", "pay")), says("Done."))
    async with world.opened():
        await world.agent("ada", instructions="Be brief.", parameters=Parameters(temperature=0.5))
        run = world.run_of((await world.invoke("ada", "Hi")).run)
        approval = await world.approval(run)
        await world.agents.configure(ALICE, "ada", Persona(instructions="Be verbose."))
        await world.decide(run, "approve", approval_id=approval.id)
        await world.story(run)
    assert [prompt_told(request)[0] for request in world.model.requests] == ["system: Be brief."] * 2
    assert [request.temperature for request in world.model.requests] == [0.5, 0.5]


async def test_limits_of_agent_and_invocation_only_lower_those_of_the_platform() -> None:
    world = World(says("Hello."))
    async with world.opened():
        await world.agent("ada", limits=RunLimits(rounds=100, calls=7))
        invoked = await world.invoke("ada", "Hi", limits=RunLimits(calls=9, wall_seconds=5))
        await world.story(world.run_of(invoked.run))
        (queued,) = await world.facts(world.run_of(invoked.run), RunQueued)
        limits = queued.start.limits
        assert (limits.rounds, limits.calls, limits.wall_seconds) == (40, 7, 5)


async def test_an_agent_is_not_invoked_by_what_it_has_led_to_itself() -> None:
    world = World()
    async with world.opened():
        await world.agent("ada")
        with pytest.raises(Rejected, match="cycle_detected"):
            await world.invoke("ada", "Hi", context=RunContext(depth=2, lineage=["ada", "bob"]))
        with pytest.raises(Rejected, match="depth_exceeded"):
            await world.invoke("ada", "Hello", context=RunContext(depth=6))


async def test_the_wish_nearest_to_the_request_chooses_the_model_and_the_reason_is_recorded() -> None:
    world = World(says("A"), says("C"), other=[says("B")])
    async with world.opened():
        await world.agent("ada", model="other/one")
        await world.agent("plain")
        runs = [
            await world.invoke("ada", "Asked", model="scripted/asked"),
            await world.invoke("ada", "Hi"),
            await world.invoke("plain", "Hi"),
        ]
        documents = []
        for invoked in runs:
            await world.story(world.run_of(invoked.run))
            documents.append(await world.document(world.run_of(invoked.run)))
        assert [(document.model, document.model_reason) for document in documents] == [
            ("scripted/asked", "request"),
            ("other/one", "agent"),
            ("scripted/model", "configured_default"),
        ]
        with pytest.raises(Rejected, match="model_not_found"):
            await world.invoke("plain", "Hi", model="nowhere/model", command_id="x")


async def test_the_same_invocation_is_the_same_run() -> None:
    world = World(says("Hello."))
    async with world.opened():
        await world.agent("ada")
        twice = [await world.invoke("ada", "Hi", command_id="c-1") for _ in range(2)]
        assert twice[0] == twice[1]
        await world.story(world.run_of(twice[0].run))
        assert len((await world.runs.list(ALICE)).items) == 1


async def test_an_invocation_repeated_after_the_agent_has_changed_is_still_the_same_run() -> None:
    world = World(says("Hello."))
    async with world.opened():
        await world.agent("ada")
        first = await world.invoke("ada", "Hi", command_id="c-1")
        await world.story(world.run_of(first.run))
        await world.agents.configure(ALICE, "ada", Persona(instructions="Be verbose."))
        assert await world.invoke("ada", "Hi", command_id="c-1") == first
        await world.agents.set_enabled(ALICE, "ada", enabled=False)
        assert await world.invoke("ada", "Hi", command_id="c-1") == first
        assert len(await world.facts(world.run_of(first.run), RunQueued)) == 1


async def test_another_invocation_under_the_same_id_is_refused() -> None:
    world = World(says("Hello."))
    async with world.opened():
        await world.agent("ada")
        await world.agent("bob")
        await world.invoke("ada", "Hi", command_id="c-1")
        for other in (
            world.invoke("ada", "Hello", command_id="c-1"),
            world.invoke("bob", "Hi", command_id="c-1"),
            world.invoke("ada", "Hi", command_id="c-1", model="scripted/other"),
        ):
            with pytest.raises(Rejected, match="command_id_reused"):
                await other


async def test_an_invocation_takes_no_turn_of_the_agent() -> None:
    world = World(says("Hello."))
    async with world.opened():
        await world.agent("ada")
        before = (await world.agents.get(ALICE, "ada")).version
        await world.story(world.run_of((await world.invoke("ada", "Hi")).run))
        assert (await world.agents.get(ALICE, "ada")).version == before


# Reports


async def reports(world: World, text: str = "Hi", **fields: Any) -> list[Any]:
    """What an actor hears of a run that reports to it."""
    witness = ActorId(Witness.kind, ALPHA, "w")
    world.kinds = [WITNESS]
    async with world.opened():
        await world.now.ask(witness, Done())
        run = await world.begin(text, report_to=witness.text, context=RunContext(parent_call_id="c-9"), **fields)
        if fields.get("decides"):
            await world.decide(run, "deny")
        await world.story(run)
        await ticks()
        heard = world.now._stage.activations[witness.text].actor.heard
        assert {each.run_id for each in heard} == {run.text}
        assert {each.correlation for each in heard} == {"c-9"}
        return heard


async def test_whoever_a_run_reports_to_hears_of_progress_now_and_then_and_of_the_end_once() -> None:
    world = World(slowly(*"abcdefgh", every=0.05))
    heard = await reports(world)
    assert [each.text for each in heard if isinstance(each, RunProgressed)] == ["a", "abc", "abcde", "abcdefg"]
    (end,) = [each for each in heard if isinstance(each, RunConcluded)]
    assert (end.status, end.text, end.usage.input_tokens, end.HasField("error")) == ("completed", "abcdefgh", 10, False)


async def test_much_text_at_once_is_progress_too() -> None:
    world = World(slowly("a" * 2000, "b" * 2000, "c", every=0.03))
    heard = await reports(world)
    assert [len(each.text) for each in heard if isinstance(each, RunProgressed)] == [2000, 4000]


async def test_an_incomplete_end_says_why_and_brings_the_partial_text() -> None:
    world = World(says("Long", finish=FINISH_LENGTH))
    heard = await reports(world, parameters=Parameters(max_output_tokens=5))
    (end,) = [each for each in heard if isinstance(each, RunConcluded)]
    assert (end.status, end.text, end.error.code) == ("incomplete", "Long", "max_output_tokens")


async def test_whoever_a_run_reports_to_hears_of_approvals() -> None:
    world = World(calls(call("rent", "pay")), says("Done."))
    witness = ActorId(Witness.kind, ALPHA, "w")
    world.kinds = [WITNESS]
    async with world.opened():
        await world.now.ask(witness, Done())
        run = await world.begin(report_to=witness.text)
        await world.decide(run, "deny")
        await world.story(run)
        heard = world.now._stage.activations[witness.text].actor.heard
        told = [each.approval for each in heard if isinstance(each, ApprovalReported)]
        assert [(approval.tool, approval.decision) for approval in told] == [("pay", ""), ("pay", "deny")]
