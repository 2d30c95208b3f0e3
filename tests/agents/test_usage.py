"""Tokens: counted once for each call, by model, and summed up at the root."""

from __future__ import annotations

from typing import Any

import pytest

from aevatar.actors import Runtime
from aevatar.agents import BUDGET
from aevatar.agents.agents_pb2 import SetBudget
from aevatar.agents.runs.base import PARENT_ENDED
from aevatar.agents.runs.reserving.pricing import cost, sum_of
from aevatar.agents.runs_pb2 import (
    CancelRun,
    PricedModel,
    RunContext,
    RunEnded,
    RunLimits,
    SubRunUsageCounted,
    UsageByModel,
    UsageCounted,
)
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.models.models_pb2 import FINISH_LENGTH, Price, Usage
from aevatar.testing import MemoryStore, crash_at_every_write, elapse
from aevatar.testing.crash import Store
from aevatar.testing.scripted_model import calls, fails, hangs, says
from tests.agents.kit import ALICE, ALPHA, MODEL, World, call, invoking, ticks
from tests.agents.test_acceptance_crashes import Remembering

DOLLAR = 1_000_000
"""In millionths."""
PRICE = Price(input=2 * DOLLAR, output=8 * DOLLAR, cached_input=DOLLAR // 2)
"""Two dollars per million tokens of input, eight of output."""
PRICED = [PricedModel(model=MODEL, price=PRICE)]
PURSE = ActorId(BUDGET, ALPHA, "scope")


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


async def test_what_a_sub_run_has_used_reaches_the_root_however_it_ended() -> None:
    world = World(calls(invoking("helper", wait="stream")), hangs(), other=[hangs("So far")])
    async with world.opened():
        await world.agent("helper", tools="", model="other/one")
        run = await world.begin(tools="everything")
        await elapse(1)
        await world.runs.cancel(ALICE, run.key)
        await ticks()
        (below,) = [item.document for item in (await world.runs.list(ALICE)).items if item.key != run.key]
        assert (below.status, below.usage.input_tokens > 0) == ("cancelled", True)
        root = await world.document(run)
        own = root.usage_by_model[0].usage
        assert root.usage == sum_of(own, below.usage)


async def test_what_was_only_to_be_started_reaches_the_sum_of_the_root_long_after_its_end() -> None:
    world = World(calls(invoking("helper", wait="ack")), says("Done."), other=[calls(invoking("third")), says("Yes.")])
    world.models["third"] = world.models["other"].__class__([says("Third.", usage=usage(500, 1))])
    async with world.opened():
        await world.agent("helper", tools="everything", model="other/one")
        await world.agent("third", tools="", model="third/one")
        run = await world.begin(tools="everything")
        assert (await world.story(run))[-1] == "ended: completed"
        await elapse(5)
        assert (await world.document(run)).usage == Usage(
            input_tokens=10 + 10 + 10 + 500 + 10,
            cached_input_tokens=1,
            output_tokens=5 + 5 + 5 + 1 + 5,
            reasoning_tokens=2,
        )
        assert len(await world.facts(run, RunEnded)) == 1


async def test_a_run_that_ended_before_it_was_given_up_tells_what_it_used() -> None:
    world = World(says("Done."), says("Helped.", usage=usage(100, 50)))
    async with world.opened():
        root = await world.begin()
        await world.story(root)
        context = RunContext(parent_run=root.text, parent_call_id="c1", root_run=root.text, depth=1)
        below = await world.begin(key="run_2", context=context)
        await world.story(below)
        assert (await world.document(root)).usage.input_tokens == 10
        for _ in range(2):
            await world.now.ask(below, CancelRun(reason=PARENT_ENDED))
            await ticks()
        assert (await world.document(root)).usage.input_tokens == 110
        assert len(await world.facts(root, SubRunUsageCounted)) == 1


class Started:
    """A run that starts another and does not wait for it, by a model that needs no script."""

    text = '/call aevatar_invoke_gagent {"target": {"agent_key": "echo"}, "payload": {"prompt": "hi"}, "wait": "ack"}'

    def __init__(self) -> None:
        self.world = World()

    def new_store(self) -> Store:
        store = MemoryStore()
        return lambda: Remembering(store)

    def runtime(self, journal: Journal) -> Runtime:
        self.world.journal = journal
        return self.world.runtime(journal)

    async def play(self, runtime: Runtime) -> None:
        await self.world.agent("echo", tools="", model="offline/demo")
        run = await self.world.begin(self.text, tools="everything", model="offline/demo")
        await self.world.story(run)
        await elapse(1)

    async def end(self, runtime: Runtime, journal: Journal) -> Any:
        await elapse(1)
        runs = {item.key: item.document for item in (await self.world.runs.list(ALICE)).items}
        root = runs.pop("run_1")
        own = sum_of(*(each.usage for each in root.usage_by_model))
        assert root.usage == sum_of(own, *(below.usage for below in runs.values()))
        return root.status, [below.status for below in runs.values()]


async def test_what_was_only_started_is_in_the_sum_wherever_a_process_dies() -> None:
    started = Started()
    assert await crash_at_every_write(started, started.new_store) > 12


# Money


@pytest.mark.parametrize(
    ("used", "micros"),
    [
        (Usage(input_tokens=1_000_000), 2_000_000),
        (Usage(output_tokens=1_000_000), 8_000_000),
        (Usage(input_tokens=1_000_000, cached_input_tokens=400_000), 1_400_000),
        (Usage(input_tokens=1), 2),
        (Usage(input_tokens=1, cached_input_tokens=1), 1),  # half a millionth is a whole one
        (Usage(), 0),
    ],
)
def test_a_call_costs_its_tokens_at_their_prices(used: Usage, micros: int) -> None:
    assert cost(PRICE, used) == micros


def test_cached_tokens_cost_what_others_do_where_nothing_else_is_said() -> None:
    assert cost(Price(input=DOLLAR, output=0), Usage(input_tokens=10, cached_input_tokens=10)) == 10


def test_a_sum_says_when_a_part_of_it_has_no_known_price() -> None:
    known, unknown = Usage(input_tokens=1, usd_micros=7), Usage(input_tokens=1)
    assert sum_of(known, known) == Usage(input_tokens=2, usd_micros=14)
    assert sum_of(unknown, unknown) == Usage(input_tokens=2)
    for partly in (sum_of(known, unknown), sum_of(unknown, known), sum_of(unknown, Usage(), known)):
        assert partly == Usage(input_tokens=2, usd_micros=7, is_partly_priced=True)


async def test_every_call_is_counted_with_what_it_costs_and_the_end_has_the_sum_by_model() -> None:
    first, second = Usage(input_tokens=1_000, output_tokens=100), Usage(input_tokens=2_000, output_tokens=50)
    world = World(calls(call("a"), usage=first), *[fails("overloaded")] * 3, other=[says("Done.", usage=second)])
    async with world.opened():
        run = await world.begin(fallbacks=["other/one"], prices=PRICED)
        await world.story(run)
        counted = await world.facts(run, UsageCounted)
        (ended,) = await world.facts(run, RunEnded)
        document = await world.document(run)
    assert [each.usage.usd_micros for each in counted] == [2_800, 0]
    assert not counted[1].usage.HasField("usd_micros")
    assert (ended.usage.usd_micros, ended.usage.is_partly_priced) == (2_800, True)
    by_model = [
        UsageByModel(model=MODEL, usage=counted[0].usage, calls=1),
        UsageByModel(model="other/one", usage=second, calls=1),
    ]
    assert list(ended.usage_by_model) == list(document.usage_by_model) == by_model


async def test_a_run_without_a_known_price_records_nothing_of_money() -> None:
    world = World(says("Hello."))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        assert not any("usd" in str(fact) or "priced" in str(fact) for fact in await world.facts(run))


async def purse(world: World) -> Any:
    await ticks()
    found = await world.now.readmodels.get("agents.budgets", ALPHA, "scope")
    assert found is not None
    return found.document


async def test_money_is_reserved_before_a_call_and_settled_after_it() -> None:
    world = World(hangs(), says("Hello.", usage=Usage(input_tokens=1_000, output_tokens=100)))
    async with world.opened():
        await world.now.ask(PURSE, SetBudget(usd_micros=DOLLAR))
        run = await world.begin(context=RunContext(budget=PURSE.text), prices=PRICED, tools="")
        open_ = await purse(world)
        assert (open_.spent_usd_micros, open_.reserved_usd_micros) == (0, 2 * 6 + 8 * 4096)
    async with world.opened():
        await world.story(run)
        settled = await purse(world)
        lost = (await world.document(run)).usage.usd_micros - 2_800
        assert (settled.spent_usd_micros, settled.reserved_usd_micros, settled.unpriced_calls) == (2_800 + lost, 0, 0)
        assert lost > 0


async def test_a_call_that_would_cost_more_than_the_budget_has_is_not_made() -> None:
    world = World(says("never"))
    async with world.opened():
        await world.now.ask(PURSE, SetBudget(usd_micros=30_000))
        run = await world.begin(context=RunContext(budget=PURSE.text), prices=PRICED, tools="")
        assert (await world.story(run))[-1] == "ended: incomplete (budget_exceeded)"
        assert (await world.document(run)).message == "The call would overdraw the budget of $0.03."
    assert world.model.requests == []


async def test_a_run_says_once_that_the_price_of_its_model_is_not_known_to_a_budget_of_money() -> None:
    world = World(calls(call("a")), says("Hello."))
    async with world.opened():
        await world.now.ask(PURSE, SetBudget(usd_micros=1))
        run = await world.begin(context=RunContext(budget=PURSE.text))
        story = await world.story(run)
        assert [line for line in story if line.startswith("warned")] == [
            f"warned: The price of {MODEL} is not known: of the budget, its calls use tokens but no money."
        ]
        assert ((await purse(world)).unpriced_calls, (await purse(world)).spent_usd_micros) == (2, 0)


async def test_a_call_that_would_cost_more_than_a_run_may_is_not_made() -> None:
    world = World(calls(call("a"), usage=Usage(input_tokens=10_000, output_tokens=1_000)), says("never"))
    async with world.opened():
        run = await world.begin(limits=RunLimits(usd_micros=60_000), prices=PRICED, tools="")
        assert (await world.story(run))[-1] == "ended: incomplete (budget_exceeded)"
        assert (await world.document(run)).message == "The run would cost more than $0.06."
    assert len(world.model.requests) == 1


async def test_a_run_whose_cost_is_bounded_says_that_the_price_of_its_model_is_not_known() -> None:
    world = World(says("Hello."))
    async with world.opened():
        story = await world.play(limits=RunLimits(usd_micros=1), tools="")
    assert f"warned: The price of {MODEL} is not known: what the run may cost bounds no call of it." in story
    assert story[-1] == "ended: completed"


async def test_configured_prices_reach_the_run() -> None:
    world = World(says("Hello.", usage=Usage(input_tokens=1_000_000)))
    world.settings = {
        "providers": [
            {
                "name": "gateway",
                "type": "openai_compatible",
                "base_url": "http://127.0.0.1:9",
                "models": ["one", "two", "three"],
                "fallback": {"one": ["gateway/two", "gateway/three"]},
                "prices": {"one": {"input": "0.5", "output": 1}, "three": {"input": 0, "output": 2}},
            }
        ]
    }
    async with world.opened():
        await world.agent("ada", tools="", model="gateway/one")
        run = world.run_of((await world.invoke("ada", "Hi")).run)
        (queued, *_) = await world.facts(run)
        assert list(queued.start.prices) == [
            PricedModel(model="gateway/one", price=Price(input=DOLLAR // 2, output=DOLLAR)),
            PricedModel(model="gateway/three", price=Price(input=0, output=2 * DOLLAR)),
        ]
        await world.runs.cancel(ALICE, run.key)
