from __future__ import annotations

from typing import Any

import pytest

from aevatar import ActorId, Kind, Runtime, ScopeId
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.packing import unpack
from aevatar.journal.port import Journal
from aevatar.testing import (
    VIRTUAL_TIME,
    MemoryJournal,
    MemoryStore,
    VirtualClock,
    crash_at_every_write,
    seeded,
    settled,
)
from examples.probe.actor import Probe
from examples.probe.effect import Igniter
from examples.probe.probe_pb2 import Phase, PlanLaunch
from examples.probe.projection import PROBES, PROJECTION

PATHFINDER = ActorId(Probe.kind, ScopeId("alpha"), "pathfinder")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL_TIME


class Flight:
    """A probe is sent to the moon, and everybody waits until nothing is under way any more."""

    def runtime(self, journal: Journal) -> Runtime:
        return Runtime(
            kinds=[Kind(Probe, PROJECTION)],
            effects=[Igniter()],
            journal=journal,
            clock=VirtualClock(),
            identifiers=seeded(1).identifiers(),
        )

    async def play(self, runtime: Runtime) -> None:
        plan = PlanLaunch(destination="moon", countdown=3, sparks_needed=2)
        await runtime.ask(PATHFINDER, plan, command_id="launch")

    async def end(self, runtime: Runtime, journal: Journal) -> tuple[list[str], int]:
        rows = await journal.history(PATHFINDER.text)
        events = [unpack(packed) for row in rows for packed in TurnBody.FromString(row.body).events]
        shown = await runtime.readmodels.get(PROBES, PATHFINDER.scope, PATHFINDER.key)
        assert shown is not None
        return [type(event).__name__ for event in events], shown.document.phase  # type: ignore[attr-defined]


async def test_a_probe_arrives_wherever_its_process_died() -> None:
    def new_store() -> Any:
        store = MemoryStore()
        return lambda: MemoryJournal(store)

    await crash_at_every_write(Flight(), new_store)


async def test_a_probe_goes_through_all_its_phases_once() -> None:
    flight, journal = Flight(), MemoryJournal()
    async with flight.runtime(journal) as runtime:
        await flight.play(runtime)
        await settled(journal)
        events, phase = await flight.end(runtime, journal)
    assert events == [
        "LaunchPlanned",
        "CountedDown",
        "CountedDown",
        "CountedDown",
        "IgnitionStarted",
        "LiftedOff",
        "Arrived",
    ]
    assert phase == Phase.ARRIVED
