"""What a scope may spend: tokens and money, reserved before a call and settled after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aevatar.agents import Budgets
from aevatar.agents.agents_pb2 import (
    BudgetDocument,
    BudgetSet,
    Reserve,
    Reserved,
    SetBudget,
    Settle,
    TokensReserved,
    TokensSettled,
)
from aevatar.agents.budget import BUDGET_KIND, budget_document
from aevatar.agents.runs.reserving.pricing import dollars
from aevatar.errors import Denied, Rejected
from aevatar.testing import given
from aevatar.testing.scripted_model import says
from tests.agents.kit import ALICE, ALPHA, World

CENT = 10_000
"""In millionths of a dollar."""


# The budget alone


def test_money_is_reserved_beside_tokens() -> None:
    purse = given(BUDGET_KIND, BudgetSet(usd_micros=5 * CENT))
    purse.when(Reserve(call_id="a", tokens=700, usd_micros=3 * CENT)).then(
        TokensReserved(call_id="a", tokens=700, usd_micros=3 * CENT), outcome=Reserved(call_id="a")
    )
    purse.when(Reserve(call_id="b", tokens=1, usd_micros=2 * CENT + 1)).then_rejected("budget_exceeded")
    purse.when(Reserve(call_id="c", tokens=1, usd_micros=2 * CENT)).then(
        TokensReserved(call_id="c", tokens=1, usd_micros=2 * CENT), outcome=Reserved(call_id="c")
    )


def test_what_is_not_settled_counts_as_spent_and_what_is_settled_as_it_was() -> None:
    purse = given(
        BUDGET_KIND,
        BudgetSet(tokens=1_000, usd_micros=5 * CENT),
        TokensReserved(call_id="a", tokens=700, usd_micros=3 * CENT),
        TokensReserved(call_id="b", tokens=100, usd_micros=CENT),
    )
    purse.when(Settle(call_id="a", tokens=500, usd_micros=2 * CENT)).then(
        TokensSettled(call_id="a", tokens=500, usd_micros=2 * CENT)
    )
    assert budget_document(purse.state) == BudgetDocument(
        tokens=1_000,
        usd_micros=5 * CENT,
        spent_tokens=500,
        spent_usd_micros=2 * CENT,
        open=1,
        reserved_tokens=100,
        reserved_usd_micros=CENT,
    )


def test_settling_twice_or_what_was_never_reserved_changes_nothing() -> None:
    purse = given(BUDGET_KIND, BudgetSet(tokens=9), TokensReserved(call_id="a", tokens=5), TokensSettled(call_id="a"))
    purse.when(Settle(call_id="a", tokens=5)).then()
    purse.when(Settle(call_id="z", tokens=5)).then()
    purse.when(Reserve(call_id="a", tokens=5)).then(outcome=Reserved(call_id="a"))


def test_a_call_without_a_known_price_reserves_no_money_and_is_told_so() -> None:
    purse = given(BUDGET_KIND, BudgetSet(usd_micros=CENT))
    purse.when(Reserve(call_id="a", tokens=700)).then(
        TokensReserved(call_id="a", tokens=700), outcome=Reserved(call_id="a", is_unpriced=True)
    )
    purse.when(Settle(call_id="a", tokens=600)).then(TokensSettled(call_id="a", tokens=600))
    assert (purse.state.unpriced_calls, purse.state.spent_usd_micros) == (1, 0)


def test_a_call_that_costs_nothing_is_no_call_without_a_price() -> None:
    purse = given(BUDGET_KIND, BudgetSet(usd_micros=CENT), TokensReserved(call_id="a", tokens=700))
    purse.when(Settle(call_id="a", tokens=600, usd_micros=0)).then(TokensSettled(call_id="a", tokens=600, usd_micros=0))
    assert purse.state.unpriced_calls == 0


def test_a_budget_is_not_negative() -> None:
    given(BUDGET_KIND).when(SetBudget(tokens=-1)).then_rejected("invalid_budget")


@pytest.mark.parametrize(
    ("micros", "told"), [(0, "$0.00"), (5_000_000, "$5.00"), (1_250_000, "$1.25"), (123, "$0.000123")]
)
def test_money_is_told_in_dollars(micros: int, told: str) -> None:
    assert dollars(micros) == told


# Of a scope


async def test_runs_of_a_scope_draw_on_its_budget_once_it_has_one() -> None:
    world = World(says("Hello."), says("Hello."))
    async with world.opened():
        await world.agent("ada", tools="")
        run = world.run_of((await world.invoke("ada", "one")).run)
        await world.story(run)
        await world.agents.budgets.set(ALICE, tokens=100_000)
        run = world.run_of((await world.invoke("ada", "two")).run)
        await world.story(run)
        budget = await world.agents.budgets.get(ALICE)
    assert (budget.document.spent_tokens, budget.document.tokens) == (15, 100_000)


async def test_a_budget_that_was_set_elsewhere_is_found_after_some_seconds() -> None:
    world, now = World(), [0.0]
    async with world.opened():
        budgets = Budgets(world.now, clock=lambda: now[0])
        assert await budgets.of(ALPHA) == ""
        await world.agents.budgets.set(ALICE, tokens=1)
        seen = []
        for now[0] in (4.9, 5.0):
            seen.append(await budgets.of(ALPHA))
    assert seen == ["", "agents.budget/alpha/scope"]


async def test_a_budget_takes_permission_to_set_and_to_read() -> None:
    nobody = replace(ALICE, permissions=frozenset({"agents.manage"}))
    async with World().opened() as world:
        for asked in (world.agents.budgets.set(nobody, tokens=1), world.agents.budgets.get(nobody)):
            with pytest.raises(Denied):
                await asked
        with pytest.raises(Rejected) as unset:
            await world.agents.budgets.get(ALICE)
    assert unset.value.code == "budget_not_found"
