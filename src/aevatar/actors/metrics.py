"""What the kernel counts about itself. Plain numbers: whoever exports them reads them when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""In seconds."""
SIZE_BUCKETS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)


@dataclass(slots=True)
class Histogram:
    """How often values fell below each bound; the last count is of those above all bounds."""

    bounds: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(frozen=True, slots=True)
class Gauges:
    """What there is at one moment."""

    activations: int
    messages_waiting: int
    turns_uncommitted: int
    effects_running: int
    """Those that wait for their place included."""
    effects_waiting: int
    session_readers: int
    readers_switched: int
    """Since the runtime was made: readers that were too slow and went back to the store."""
    projector_lag: Mapping[str, float]
    """In seconds, by projector: for how long the oldest turn it has not digested has been in the log."""


@dataclass(slots=True)
class Metrics:
    """Counters since the runtime started."""

    turns: int = 0
    questions: int = 0
    refusals: int = 0
    failures: int = 0
    commits: int = 0
    conflicts: int = 0
    repeats: int = 0
    activations: int = 0
    passivations: int = 0
    quarantines: int = 0
    dead_letters: int = 0
    effects_started: int = 0
    effects_known: int = 0
    effects_done: int = 0
    effects_failed: int = 0
    effects_cancelled: int = 0
    effects_interrupted: int = 0
    results_dropped: int = 0
    timers_fired: int = 0
    timers_late: int = 0
    timers_stale: int = 0
    signals_dropped: int = 0
    mail_unreadable: int = 0
    journal_unavailable: int = 0
    batch_size: Histogram = field(default_factory=lambda: Histogram(SIZE_BUCKETS))
    commit_seconds: Histogram = field(default_factory=lambda: Histogram(LATENCY_BUCKETS))
