from __future__ import annotations

import pytest

from aevatar import Kind, Principal, ScopeId
from aevatar.actors import EffectFailed
from aevatar.sessions import Custom
from aevatar.testing import Seen, Timer, given
from examples.probe.actor import Probe
from examples.probe.probe_pb2 import (
    AbortLaunch,
    Arrive,
    Arrived,
    CountedDown,
    Ignite,
    Ignited,
    IgnitionStarted,
    LaunchPlanned,
    LaunchScrubbed,
    LiftedOff,
    Phase,
    PlanLaunch,
    ProbeDocument,
    Sparked,
    Tick,
)
from examples.probe.projection import PROJECTION

PROBE = Kind(Probe, PROJECTION)
PLAN = PlanLaunch(destination="mars", countdown=2, sparks_needed=2)
PLANNED = LaunchPlanned(destination="mars", countdown=2, sparks_needed=2)
IGNITING = (PLANNED, CountedDown(remaining=1), CountedDown(remaining=0), IgnitionStarted(effect_id="e-1"))
ANN = Principal(ScopeId("scope"), "ann")


def test_a_plan_starts_a_countdown() -> None:
    planned = given(PROBE).when(PLAN).then(PLANNED, outcome=PLANNED).decided
    assert planned.timers == {"countdown": Timer(1.0, Tick())}
    assert planned.shown == [Seen("main", Custom(name="planned", value=b'{"destination":"mars","countdown":2}'))]
    assert planned.documents == {
        ("examples.probes", "one"): ProbeDocument(phase=Phase.COUNTING, destination="mars", remaining=2)
    }


def test_a_probe_is_planned_once() -> None:
    given(PROBE, PLANNED).when(PLAN).then_rejected("already_planned")


def test_a_probe_goes_where_probes_go() -> None:
    given(PROBE).when(PlanLaunch(destination="venus")).then_rejected("unknown_destination", field="destination")


def test_a_second_before_zero_another_second_is_counted() -> None:
    ticked = given(PROBE, PLANNED).when(Tick()).then(CountedDown(remaining=1)).decided
    assert (ticked.timers, ticked.effects) == ({"countdown": Timer(1.0, Tick())}, [])


def test_at_zero_the_engine_is_lit() -> None:
    ticked = given(PROBE, PLANNED, CountedDown(remaining=1)).when(Tick()).decided
    assert [type(event) for event in ticked.events] == [CountedDown, IgnitionStarted]
    assert (ticked.timers, ticked.effects) == ({}, [Ignite(sparks_needed=2)])


def test_a_spark_is_shown_and_not_remembered() -> None:
    sparked = given(PROBE, *IGNITING).when(Sparked(attempt=1)).then().decided
    assert sparked.shown == [Seen("main", Custom(name="spark", value=b'{"attempt":1}'))]


def test_a_probe_whose_engine_burns_is_on_its_way() -> None:
    ignited = given(PROBE, *IGNITING).when(Ignited(sparks=2)).then(LiftedOff(sparks=2)).decided
    assert ignited.timers == {"cruise": Timer(5.0, Arrive())}


def test_an_arrival_is_the_last_thing_shown() -> None:
    arrived = given(PROBE, *IGNITING, LiftedOff(sparks=2)).when(Arrive()).then(Arrived(destination="mars")).decided
    assert arrived.shown == [Seen("main", Custom(name="arrived", value=b'{"destination":"mars"}'), is_terminal=True)]


def test_an_engine_that_will_not_burn_ends_the_launch() -> None:
    failed = EffectFailed(effect_id="e-1", code="no_ignition", attempts=4)
    given(PROBE, *IGNITING).when(failed).then(LaunchScrubbed(reason="no_ignition after 4 sparks"))


def test_an_abort_stops_the_countdown_and_says_whose_it_was() -> None:
    scrubbed = LaunchScrubbed(reason="aborted by ann")
    aborted = given(PROBE, PLANNED).when(AbortLaunch(), principal=ANN).then(scrubbed, outcome=scrubbed).decided
    assert (aborted.timers, aborted.effects_cancelled) == ({"countdown": None}, [])


def test_an_abort_stops_the_ignition() -> None:
    assert given(PROBE, *IGNITING).when(AbortLaunch()).decided.effects_cancelled == ["e-1"]


@pytest.mark.parametrize("later", [(), (Arrived(destination="mars"),)], ids=["cruising", "arrived"])
def test_what_has_lifted_off_cannot_be_stopped(later: tuple[Arrived, ...]) -> None:
    given(PROBE, *IGNITING, LiftedOff(sparks=2), *later).when(AbortLaunch()).then_rejected("not_on_the_ground")
