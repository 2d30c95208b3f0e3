"""Asking a person, in the middle of a round."""

from __future__ import annotations

from aevatar.agents.runs_pb2 import PersonaSnapshot
from aevatar.credentials import Binding, Secret
from aevatar.identity import ActorId
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, says
from tests.agents.kit import ALICE, ALPHA, BOB, TOOLS, World, call, ticks


def results(story: list[str]) -> list[str]:
    return [line.removeprefix("result of ") for line in story if line.startswith("result")]


async def test_calls_before_the_one_asked_about_run_first_and_later_ones_wait() -> None:
    world = World(calls(call("a", "put"), call("rent", "pay"), call("b")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
        assert world.toolbox.done == [("put", "a")]
        await world.decide(run, "approve")
        await world.story(run)
    assert world.toolbox.done == [("put", "a"), ("pay", "rent"), ("look", "b")]


async def test_bad_arguments_are_answered_before_anybody_is_asked() -> None:
    world = World(calls(("pay", {"sum": 1})), says("Done."))
    async with world.opened():
        assert results(await world.play()) == ["pay: invalid_arguments"]


async def test_two_reads_may_both_ask_and_each_decision_lets_its_own_run() -> None:
    world = World(calls(call("a", "ask"), call("b", "ask")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
        first, second = (await world.runs.approvals(ALICE, run.key)).approvals
        await world.decide(run, "approve", approval_id=second.id)
        await ticks()
        assert world.toolbox.calls == []  # the one before it still waits
        await world.decide(run, "approve", approval_id=first.id)
        assert results(await world.story(run)) == ['ask: {"text":"a"}', 'ask: {"text":"b"}']


async def test_an_agent_can_only_tighten_what_its_tools_ask() -> None:
    persona = PersonaSnapshot(agent_key="tester", tool_set=TOOLS, tightened={"put": "always", "ask": "auto"})
    world = World(calls(call("a", "put")), calls(call("b", "ask")), says("Done."))
    async with world.opened():
        run = await world.begin(persona=persona)
        assert (await world.approval(run)).tool == "put"
        await world.decide(run, "approve")
        assert (await world.approval(run)).tool == "ask"
        await world.decide(run, "approve")
        assert results(await world.story(run)) == ['put: {"text":"a"}', 'ask: {"text":"b"}']


async def test_after_three_denials_of_a_tool_nobody_is_asked_again() -> None:
    world = World(*[calls(call(str(n), "pay")) for n in range(4)], says("I give up."))
    async with world.opened():
        run = await world.begin()
        for _ in range(3):
            await world.decide(run, "deny")
        assert results(await world.story(run)) == ["pay: tool_denied"] * 4
        assert len((await world.runs.approvals(ALICE, run.key)).approvals) == 3


async def test_after_three_denials_the_rest_of_the_same_round_is_not_asked_about_either() -> None:
    world = World(calls(*[call(str(n), "pay") for n in range(4)]), says("I give up."))
    async with world.opened():
        run = await world.begin()
        for _ in range(3):
            await world.decide(run, "deny")
        assert results(await world.story(run)) == ["pay: tool_denied"] * 4
        assert len((await world.runs.approvals(ALICE, run.key)).approvals) == 3


async def test_the_clock_of_a_run_stands_still_while_it_is_suspended() -> None:
    world = World(calls(call("rent", "pay"), call("100", "slow_put")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
        await elapse(20 * 3600)
        await world.decide(run, "approve")
        assert (await world.story(run))[-1] == "ended: completed"


async def test_what_is_left_of_the_clock_runs_on_after_a_decision() -> None:
    world = World(calls(call("300", "slow_put"), call("rent", "pay"), call("350", "slow_put")), says("Done."))
    world.toolbox.get("slow_put").timeout = 600
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
        await elapse(3600)
        await world.decide(run, "approve")
        assert (await world.story(run))[-1] == "ended: incomplete (deadline_exceeded)"


async def test_open_approvals_of_a_scope_are_found_until_they_are_settled() -> None:
    world = World(calls(call("rent", "pay")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
        found = await world.runs.open_approvals(ALICE)
        assert [item.key for item in found.items] == [run.key]
        await world.decide(run, "approve")
        assert (await world.runs.open_approvals(ALICE)).items == []


async def test_a_run_that_ends_asks_for_nothing_any_more() -> None:
    world = World(calls(call("rent", "pay")))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
        await world.runs.cancel(ALICE, run.key)
        assert (await world.runs.open_approvals(ALICE)).items == []


async def test_the_starter_may_lend_a_fresh_credential_with_the_decision_and_nobody_else() -> None:
    def handle() -> str:
        return world.vault.mint(Secret("s3cret"), binding, ttl=600, uses=8)

    run = ActorId("agents.run", ALPHA, "run_1")
    binding = Binding(ALPHA, run, "run")
    ask_then_use = calls(call("rent", "pay"), call("x", "reveal"))
    world = World(ask_then_use, ask_then_use, says("Done."))
    async with world.opened():
        await world.begin()
        await world.decide(run, "approve", by=BOB, credential_handle_id=handle())
        await world.until(run, "result of reveal: credential_unavailable")
        await world.decide(run, "approve", by=ALICE, credential_handle_id=handle())
        assert results(await world.story(run))[-1] == 'reveal: {"text":"6 characters"}'
