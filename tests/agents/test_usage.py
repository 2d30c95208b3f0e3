"""Tokens: counted once for each call, by model, and summed up at the root."""

from __future__ import annotations

from aevatar.agents.runs_pb2 import UsageCounted
from aevatar.models.models_pb2 import FINISH_LENGTH, Usage
from aevatar.testing.scripted_model import calls, fails, hangs, says
from tests.agents.kit import World, call, invoking, ticks


def usage(into: int, out: int) -> Usage:
    return Usage(input_tokens=into, cached_input_tokens=1, output_tokens=out, reasoning_tokens=2)


async def test_every_call_is_counted_and_the_end_has_the_sum() -> None:
    world = World(
        calls(call("a"), usage=usage(10, 5)),
        says("One ", finish=FINISH_LENGTH, usage=usage(20, 6)),
        says("two.", usage=usage(30, 7)),
    )
    async with world.opened():
        run = await world.begin()
        told = await world.story(run, usage=True)
        assert [line for line in told if line.startswith("usage")] == [
            "usage r1: 10+5",
            "usage r2: 20+6",
            "usage r2.1: 30+7",
        ]
        (closed,) = (await world.shown(run))[-1:]
        assert closed.usage == Usage(input_tokens=60, cached_input_tokens=3, output_tokens=18, reasoning_tokens=6)
        assert (await world.document(run)).usage == closed.usage


async def test_totals_are_kept_by_model() -> None:
    world = World(
        calls(call("a"), usage=usage(10, 5)), *[fails("overloaded")] * 3, other=[says("Done.", usage=usage(30, 7))]
    )
    async with world.opened():
        run = await world.begin(fallbacks=["other/one"])
        await world.story(run)
        assert [
            (each.model, each.usage.input_tokens, each.calls) for each in (await world.document(run)).usage_by_model
        ] == [("scripted/model", 10, 1), ("other/one", 30, 1)]


async def test_usage_that_a_provider_does_not_report_is_marked_as_guessed() -> None:
    world = World(says("Hello.", usage=Usage(input_tokens=7, output_tokens=3, estimated=True)))
    async with world.opened():
        assert "usage r1: 7+3 guessed" in await world.story(await world.begin(), usage=True)


async def test_a_call_that_a_crash_has_cost_is_counted_as_a_guess_and_once() -> None:
    world = World(hangs("So far"), says("Hello.", usage=usage(10, 5)))
    async with world.opened():
        run = await world.begin("x" * 400, tools="")
        await world.until(run, "open message: So far")
    for _ in range(2):
        async with world.opened():
            told = await world.story(run, usage=True)
            await ticks()
            assert [line for line in told if line.startswith("usage")] == ["usage r1: 106+0 guessed", "usage r1: 10+5"]
            assert len(await world.facts(run, UsageCounted)) == 2
            assert (await world.document(run)).usage.input_tokens == 116


async def test_the_root_counts_what_its_sub_runs_have_used() -> None:
    world = World(
        calls(invoking("helper"), usage=usage(10, 5)),
        says("Helped.", usage=usage(100, 50)),
        says("Done.", usage=usage(20, 6)),
    )
    async with world.opened():
        await world.agent("helper", tools="")
        run = await world.begin(tools="everything")
        (closed,) = (await world.shown(run))[-1:]
        assert (closed.usage.input_tokens, closed.usage.output_tokens) == (130, 61)
