"""Shows: what a probe looks like from outside, as a document and as a stream.

Pure functions. The document is written in the turn that changed the probe, and so are the numbered events of the
stream: a reader who was cut off goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from aevatar import Projection
from aevatar.readmodels import DocumentOf
from aevatar.sessions import Custom, Show
from examples.probe.probe_pb2 import (
    Arrived,
    CountedDown,
    LaunchPlanned,
    LaunchScrubbed,
    LiftedOff,
    Phase,
    ProbeDocument,
    ProbeState,
    Sparked,
)


def document(state: ProbeState) -> ProbeDocument:
    return ProbeDocument(
        phase=state.phase, destination=state.destination, remaining=state.remaining, reason=state.reason
    )


def index(state: ProbeState) -> Mapping[str, str | int]:
    return {"phase": Phase.Name(state.phase).lower(), "destination": state.destination}


def observe_plan(event: LaunchPlanned) -> Iterator[Custom]:
    yield _shown("planned", destination=event.destination, countdown=event.countdown)


def observe_countdown(event: CountedDown) -> Iterator[Custom]:
    yield _shown("countdown", remaining=event.remaining)


def observe_spark(signal: Sparked) -> Iterator[Custom]:
    yield _shown("spark", attempt=signal.attempt)


def observe_lift_off(event: LiftedOff) -> Iterator[Custom]:
    yield _shown("lift_off", sparks=event.sparks)


def observe_arrival(event: Arrived) -> Iterator[Show]:
    yield Show(_shown("arrived", destination=event.destination), terminal=True)


def observe_scrub(event: LaunchScrubbed) -> Iterator[Show]:
    yield Show(_shown("scrubbed", reason=event.reason), terminal=True)


def _shown(name: str, **value: str | int) -> Custom:
    return Custom(name=name, value=msgspec.json.encode(value))


PROBES = "examples.probes"

PROJECTION = Projection(
    documents=(DocumentOf(PROBES, document, index=index),),
    observers=(observe_plan, observe_countdown, observe_spark, observe_lift_off, observe_arrival, observe_scrub),
)
