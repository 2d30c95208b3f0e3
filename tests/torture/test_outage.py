"""A journal that fails under load and comes back: health turns red, then green, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from aevatar.actors import Runtime
from aevatar.errors import Unavailable
from aevatar.journal.port import Journal
from aevatar.testing import Fault, FaultyJournal, Mishap, elapse
from tests.sample.sample_pb2 import Add, Added, Remind, Total
from tests.sample.world import ANN, BEN, World, anyio_backend, world

__all__ = ["anyio_backend", "world"]

OUTAGES = ((10.0, 40.0), (60.0, 61.0))
"""When the journal does not answer, in seconds."""
CLIENTS, COMMANDS = 20, 50


class Outage:
    """A journal that goes away and comes back, slow enough that some calls are under way by then."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def over(self, journal: Journal) -> Journal:
        return FaultyJournal(journal, self._plan)

    def _plan(self, write: int) -> Mishap:
        now = asyncio.get_running_loop().time()
        is_out = any(begin <= now < end for begin, end in OUTAGES)
        return Mishap(self._fault if is_out else None, before=0.01)


@pytest.mark.parametrize("world", ["memory", "sqlite"], indirect=True)
@pytest.mark.parametrize("fault", [Fault.IO_ERROR, Fault.LOST_ANSWER])
async def test_an_outage_under_load_loses_nothing_acknowledged_and_ends_by_itself(world: World, fault: Fault) -> None:
    healths: list[tuple[float, list[str]]] = []
    async with world.runtime(over=Outage(fault).over) as runtime:
        await runtime.ask(BEN, Remind(name="tea", delay=30, by=7))
        async with asyncio.TaskGroup() as everybody:
            watching = everybody.create_task(watch(runtime, healths))
            clients = [everybody.create_task(work(runtime, client)) for client in range(CLIENTS)]
            totals = [total for client in clients for total in await client]
            watching.cancel()
        events = await world.events(ANN)
        assert Counter(event.note for event in events) == Counter(
            f"{client}.{step}" for client in range(CLIENTS) for step in range(COMMANDS)
        )
        assert sorted(totals) == list(range(1, CLIENTS * COMMANDS + 1))
        assert await world.events(BEN) == [Added(by=7, note="tea", subject=BEN.text)]
    reasons = [reason for _, reason in healths]
    assert reasons == [[], reasons[1], [], reasons[3], []]
    assert all("journal: injected" in red[0] for red in (reasons[1], reasons[3]))
    assert [begin <= at < end + 3 for (at, _), (begin, end) in zip(healths[1::2], OUTAGES, strict=True)] == [True, True]


async def watch(runtime: Runtime, healths: list[tuple[float, list[str]]]) -> None:
    """Writes down when the health changes."""
    while True:
        if not healths or healths[-1][1] != runtime.health.reasons:
            healths.append((asyncio.get_running_loop().time(), runtime.health.reasons))
        await elapse(0.01)


async def work(runtime: Runtime, client: int) -> list[int]:
    """Adds one, and one more, and asks again whenever it is told to."""
    totals = []
    for step in range(COMMANDS):
        while True:
            try:
                outcome = await runtime.ask(ANN, Add(by=1, note=f"{client}.{step}"), command_id=f"{client}.{step}")
            except Unavailable as told:
                await elapse(told.retry_after or 1.0)
            else:
                assert isinstance(outcome, Total)
                totals.append(outcome.total)
                break
        await elapse(2)
    return totals
