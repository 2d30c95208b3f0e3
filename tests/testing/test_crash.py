"""The crash test finds what a crash would spoil, and says at which write."""

from __future__ import annotations

import pytest

from aevatar.actors import Runtime
from aevatar.identity import ActorId, ScopeId
from aevatar.journal.port import Journal
from aevatar.testing import (
    VIRTUAL_TIME,
    MemoryJournal,
    MemoryStore,
    VirtualClock,
    crash_at_every_write,
    settled,
)
from aevatar.testing.crash import Store
from tests.sample.kinds import TALLY
from tests.sample.sample_pb2 import Add, HowMuch, Remind, Total

ANN = ActorId("sample.tally", ScopeId("alpha"), "ann")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL_TIME


def new_store() -> Store:
    store = MemoryStore()
    return lambda: MemoryJournal(store)


class TwoSteps:
    """Adds twice; a client that repeats a step under the same command id does no harm."""

    def __init__(self, *, careless: bool = False) -> None:
        self._careless = careless

    def runtime(self, journal: Journal) -> Runtime:
        return Runtime(kinds=[TALLY], journal=journal, clock=VirtualClock())

    async def play(self, runtime: Runtime) -> None:
        await runtime.ask(ANN, Add(by=1), command_id="first")
        await runtime.ask(ANN, Add(by=2), command_id=None if self._careless else "second")
        await runtime.dispatch(ANN, Remind(name="tea", delay=20, by=4), command_id="third")

    async def end(self, runtime: Runtime, journal: Journal) -> Total:
        return await runtime.ask(ANN, HowMuch())


async def test_a_scenario_that_bears_every_crash_passes_and_its_writes_are_counted() -> None:
    assert await crash_at_every_write(TwoSteps(), new_store) == 8


async def test_a_scenario_that_does_not_is_told_at_which_writes_it_differs() -> None:
    with pytest.raises(AssertionError) as spoiled:
        await crash_at_every_write(TwoSteps(careless=True), new_store)
    assert [line for line in str(spoiled.value).splitlines() if line] == [
        "3 ends differ from total: 7",
        *(f"death before write {write}: total: 9" for write in (6, 7, 8)),
    ]


async def test_nothing_is_open_once_the_last_timer_has_fired() -> None:
    journal = MemoryJournal()
    async with TwoSteps().runtime(journal) as runtime:
        await TwoSteps().play(runtime)
        await settled(journal)
        assert await runtime.ask(ANN, HowMuch()) == Total(total=7)
