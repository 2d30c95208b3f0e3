"""What the runtime and the capabilities count, in the text format of Prometheus.

Source: "Exposition formats" in the Prometheus documentation, version 0.0.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Final

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

from aevatar.actors import Runtime
from aevatar.actors.metrics import Histogram
from aevatar.server.sse import OpenStreams

_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Counter:
    """One of a capability's counters, with a value for each set of labels; `aevatar_` and `_total` go around."""

    name: str
    values: Mapping[tuple[tuple[str, str], ...], float]


Counters = Callable[[], Iterable[Counter]]


def metrics_route(runtime: Runtime, streams: OpenStreams, counters: Sequence[Counters] = ()) -> APIRouter:
    """`/metrics`."""
    router = APIRouter(tags=["health"])

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Counters since the process started, and how things stand now."""
        own = [counter for ask in counters for counter in ask()]
        lines = "".join(f"{line}\n" for line in (*exposition(runtime, streams), *_labelled(own)))
        return PlainTextResponse(lines, media_type="text/plain; version=0.0.4")

    return router


_GAUGES = (
    "activations",
    "messages_waiting",
    "turns_uncommitted",
    "effects_running",
    "effects_waiting",
    "session_readers",
)


def exposition(runtime: Runtime, streams: OpenStreams) -> Iterator[str]:
    """The lines a scraper reads."""
    for declared in fields(runtime.metrics):
        value = getattr(runtime.metrics, declared.name)
        if isinstance(value, Histogram):
            yield from _histogram(f"aevatar_{declared.name}", value)
        else:
            yield from _single(f"aevatar_{declared.name}_total", "counter", value)
    gauges = runtime.gauges()
    yield from _single("aevatar_readers_switched_total", "counter", gauges.readers_switched)
    for name in _GAUGES:
        yield from _single(f"aevatar_{name}", "gauge", getattr(gauges, name))
    yield "# TYPE aevatar_projector_lag_seconds gauge"
    for projector, lag in gauges.projector_lag.items():
        yield f'aevatar_projector_lag_seconds{{projector="{projector}"}} {lag}'
    yield from _single("aevatar_ready", "gauge", int(runtime.health.is_ready))
    yield from _single("aevatar_quarantined_actors", "gauge", len(runtime.health.quarantined))
    yield from _single("aevatar_parked_projectors", "gauge", len(runtime.health.parked))
    yield from _single("aevatar_event_streams", "gauge", len(streams))


def _single(name: str, kind: str, value: float) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"


def _labelled(counters: Iterable[Counter]) -> Iterator[str]:
    for counter in counters:
        name = f"aevatar_{counter.name}_total"
        yield f"# TYPE {name} counter"
        for labels, value in counter.values.items():
            told = ",".join(f'{label}="{said.translate(_ESCAPED)}"' for label, said in labels)
            yield f"{name}{{{told}}} {value}"


def _histogram(name: str, histogram: Histogram) -> Iterator[str]:
    yield f"# TYPE {name} histogram"
    counts = list(accumulate(histogram.counts))
    for bound, count in zip([*map(str, histogram.bounds), "+Inf"], counts, strict=True):
        yield f'{name}_bucket{{le="{bound}"}} {count}'
    yield f"{name}_sum {histogram.total}"
    yield f"{name}_count {counts[-1]}"
