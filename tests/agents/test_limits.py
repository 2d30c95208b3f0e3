"""What a run may use, checked before it is used."""

from __future__ import annotations

import asyncio

import pytest

from aevatar.agents import BUDGET
from aevatar.agents.agents_pb2 import BudgetDocument, SetBudget, TokensReserved, TokensSettled
from aevatar.agents.runs.reserving.limits import (
    BACKGROUND_SECONDS,
    DEFAULT,
    MEDIA_TOKENS,
    estimated_tokens,
    item_tokens,
    lowered,
)
from aevatar.agents.runs_pb2 import Item, ResultItem, RunContext, RunLimits
from aevatar.identity import ActorId
from aevatar.models.models_pb2 import Media, Message, Usage
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, fails, hangs, says
from aevatar.tools.tools_pb2 import BlobRef, ResultPart, ToolResult
from tests.agents.kit import ALICE, ALPHA, World, breaks, call, invoking, slowly, ticks

PURSE = ActorId(BUDGET, ALPHA, "scope")
OVER = "ended: incomplete (budget_exceeded)"


def drawing() -> RunContext:
    return RunContext(budget=PURSE.text)


async def filled(world: World, tokens: int) -> None:
    await world.now.ask(PURSE, SetBudget(tokens=tokens))


async def purse(world: World) -> tuple[int, int]:
    """Tokens spent, and calls that are not settled."""
    await ticks()
    found = await world.now.readmodels.get("agents.budgets", ALPHA, "scope")
    assert found is not None
    assert isinstance(found.document, BudgetDocument)
    return found.document.spent_tokens, found.document.open


def test_every_bound_can_only_be_lowered() -> None:
    assert lowered(DEFAULT, RunLimits(rounds=3, calls=1_000), RunLimits(rounds=5, wall_seconds=60)) == RunLimits(
        rounds=3,
        calls_per_round=16,
        calls=200,
        wall_seconds=60,
        input_tokens=2_000_000,
        output_tokens=200_000,
        depth=5,
        live_sub_runs=16,
    )


def test_the_defaults_are_those_that_are_promised() -> None:
    assert (DEFAULT.rounds, DEFAULT.wall_seconds, BACKGROUND_SECONDS) == (40, 600, 3600)


def test_images_are_guessed_too() -> None:
    seen = Message(parts=[{"text": "a" * 40}, {"image": Media(uri="https://example.com/a.png")}])
    shown = ToolResult(text="a" * 40, parts=[ResultPart(image=BlobRef(blob_id="0" * 64))])
    items = [Item(message=seen), Item(result=ResultItem(result=shown))]
    assert [item_tokens(item) for item in items] == [11 + MEDIA_TOKENS + 4] * 2


@pytest.mark.parametrize(("text", "tokens"), [("", 1), ("a" * 40, 11), ("漢" * 30, 21)])
def test_tokens_are_guessed_from_characters(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


async def test_a_call_whose_prompt_would_overdraw_the_runs_input_is_not_made() -> None:
    world = World(calls(call("a"), usage=Usage(input_tokens=90, output_tokens=5)), says("never"))
    async with world.opened():
        story = await world.play(limits=RunLimits(input_tokens=150), tools="")
    assert len(world.model.requests) == 1
    assert story[-1] == OVER


async def test_output_is_bounded_by_what_is_left_of_the_run() -> None:
    world = World(calls(call("a"), usage=Usage(input_tokens=5, output_tokens=60)), says("Done."))
    async with world.opened():
        await world.play(limits=RunLimits(output_tokens=100))
    assert [request.max_output_tokens for request in world.model.requests] == [100, 40]


async def test_a_run_that_has_used_up_its_output_makes_no_further_call() -> None:
    world = World(calls(call("a"), usage=Usage(input_tokens=5, output_tokens=100)), says("never"))
    async with world.opened():
        story = await world.play(limits=RunLimits(output_tokens=100))
    assert story[-1] == OVER


# Budgets


async def test_a_call_is_reserved_before_and_settled_after_it() -> None:
    world = World(says("Hello.", usage=Usage(input_tokens=30, output_tokens=12)))
    async with world.opened():
        await filled(world, 100_000)
        run = await world.begin(context=drawing())
        assert (await world.story(run))[-1] == "ended: completed"
        assert await purse(world) == (42, 0)
        reserved, settled = await world.facts(PURSE, TokensReserved, TokensSettled)
        assert (reserved.call_id, settled.call_id, settled.tokens) == ("run_1:r1", "run_1:r1", 42)
        assert reserved.tokens > 4096  # the prompt, and the reply set aside


async def test_a_budget_that_would_be_overdrawn_stops_the_call_before_it_is_made() -> None:
    world = World(says("never"))
    async with world.opened():
        await filled(world, 1_000)
        assert await world.play(context=drawing()) == ["run opened", OVER]
        assert (world.model.requests, await purse(world)) == ([], (0, 0))


async def test_a_budget_that_nobody_has_set_allows_nothing() -> None:
    world = World(says("never"))
    async with world.opened():
        assert await world.play(context=drawing()) == ["run opened", OVER]


async def test_a_cancelled_call_is_settled_with_a_guess() -> None:
    world = World(hangs("x" * 400))
    async with world.opened():
        await filled(world, 100_000)
        run = await world.begin("y" * 400, context=drawing(), tools="")
        await world.until(run, f"open message: {'x' * 400}")
        assert await purse(world) == (0, 1)
        await world.runs.cancel(ALICE, run.key)
        assert await purse(world) == (206 + 1, 0)


async def test_a_run_that_ends_before_its_reservation_is_answered_leaves_none() -> None:
    world = World()
    async with world.opened():
        await filled(world, 100_000)
        run = await world.begin(context=drawing(), tools="")
        await world.runs.cancel(ALICE, run.key)
        assert (await world.story(run))[-1] == "ended: cancelled (cancelled)"
        assert await purse(world) == (0, 0)


async def test_the_call_of_the_next_model_is_settled_under_the_reservation_of_the_first() -> None:
    usage = Usage(input_tokens=30, output_tokens=12)
    world = World(*[fails("overloaded")] * 3, other=[says("Hello.", usage=usage)])
    async with world.opened():
        await filled(world, 100_000)
        await world.play(context=drawing(), fallbacks=["other/one"])
        assert await purse(world) == (42, 0)


async def test_a_failed_call_leaves_no_reservation_behind() -> None:
    world = World(fails("invalid_request"))
    async with world.opened():
        await filled(world, 100_000)
        await world.play(context=drawing())
        assert await purse(world) == (0, 0)


async def test_what_was_shown_of_a_call_that_broke_off_is_paid_for() -> None:
    world = World(breaks("x" * 400))
    async with world.opened():
        await filled(world, 100_000)
        await world.play("y" * 400, context=drawing(), tools="")
        assert await purse(world) == (207, 0)


async def test_sub_runs_draw_on_the_same_budget() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=100)
    world = World(calls(invoking("helper"), usage=usage), says("Helped.", usage=usage), says("Done.", usage=usage))
    async with world.opened():
        await filled(world, 100_000)
        await world.agent("helper", tools="")
        run = await world.begin(context=drawing(), tools="everything")
        assert (await world.story(run))[-1] == "ended: completed"
        assert await purse(world) == (3_300, 0)


async def test_a_budget_is_not_overdrawn_by_a_sub_run_either() -> None:
    world = World(calls(invoking("helper")), says("It could not."))
    async with world.opened():
        await filled(world, 10_000)
        await world.agent("helper", tools="", instructions="x" * 30_000)
        run = await world.begin(context=drawing(), tools="everything")
        story = await world.story(run)
        assert "sub-run ended: incomplete" in story
        assert len(world.model.requests) == 2  # none of them of the helper


async def test_a_reservation_outlives_a_crash_and_is_settled_once() -> None:
    usage = Usage(input_tokens=30, output_tokens=12)
    world = World(hangs(), says("Hello.", usage=usage))
    async with world.opened():
        await filled(world, 100_000)
        run = await world.begin(context=drawing(), tools="")
        await ticks()
        assert await purse(world) == (0, 1)
    async with world.opened():
        assert (await world.story(run))[-1] == "ended: completed"
        spent, still_open = await purse(world)
        lost = (await world.document(run)).usage.input_tokens - 30
        assert (spent, still_open) == (42 + lost, 0)
        assert lost > 0


# Depth, and time


async def test_runs_are_nested_at_most_so_deep() -> None:
    world = World(calls(invoking("helper")), says("Alone, then."))
    async with world.opened():
        await world.agent("helper")
        story = await world.play(context=RunContext(depth=5), tools="everything")
    assert "result of aevatar_invoke_gagent: depth_exceeded" in story


async def test_no_run_outlives_the_one_above_it() -> None:
    world = World(calls(call("500", "slow_put"), invoking("helper")), calls(call("1", "hang_on")), hangs())
    for name in ("slow_put", "hang_on"):
        world.toolbox.get(name).timeout = 3600
    async with world.opened():
        await world.agent("helper")
        began = asyncio.get_running_loop().time()
        run = await world.begin(tools="everything")
        assert (await world.story(run))[-1] == "ended: incomplete (deadline_exceeded)"
        assert round(asyncio.get_running_loop().time() - began) == 600
        await elapse(1)
        (helper,) = [item.document for item in (await world.runs.list(ALICE)).items if item.key != run.key]
        assert round((helper.ended_at - helper.started_at) / 1000) == 100


async def test_only_so_many_sub_runs_are_followed_at_once() -> None:
    streaming = [invoking("helper", str(n), wait="stream") for n in range(3)]
    world = World(calls(*streaming), says("Enough."), other=[slowly("a", every=50), slowly("b", every=50)])
    async with world.opened():
        await world.agent("helper", model="other/one")
        story = await world.play(tools="everything", limits=RunLimits(live_sub_runs=2))
    told = [line for line in story if line.startswith("result of aevatar")]
    assert [line.endswith("too_many_sub_runs") for line in told] == [False, False, True]
    assert story.count("sub-run of helper at depth 1") == 2
