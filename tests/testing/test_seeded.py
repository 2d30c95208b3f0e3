"""One seed is one order of events, one row of identifiers and numbers."""

from __future__ import annotations

import asyncio

import pytest

from aevatar.testing import seeded


async def race() -> list[int]:
    order: list[int] = []

    async def run(runner: int) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            order.append(runner)

    async with asyncio.TaskGroup() as runners:
        for runner in range(5):
            runners.create_task(run(runner))
    return order


def test_the_same_seed_runs_ready_tasks_in_the_same_order() -> None:
    assert seeded(7).run(race) == seeded(7).run(race)


def test_other_seeds_find_other_orders() -> None:
    orders = {tuple(seeded(seed).run(race)) for seed in range(50)}
    assert len(orders) == 50
    assert all(sorted(order) == sorted([*range(5)] * 3) for order in orders)


def test_a_failure_names_its_seed() -> None:
    async def fail() -> None:
        raise ValueError("unlucky")

    with pytest.raises(ValueError, match="unlucky") as failure:
        seeded(4711).run(fail)
    assert failure.value.__notes__ == ["happens again with seed 4711"]


def test_identifiers_and_numbers_follow_from_the_seed_and_their_purpose() -> None:
    def drawn(seed: int, purpose: str) -> tuple[str, float]:
        chance = seeded(seed)
        return chance.identifiers(purpose).new(), chance.random(purpose).random()

    assert drawn(1, "a") == drawn(1, "a")
    assert len({drawn(1, "a"), drawn(1, "b"), drawn(2, "a")}) == 3
    assert len(drawn(1, "a")[0]) == 30
