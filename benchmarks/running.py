"""How measurements are taken: ours and what stands beside it in turn, round by round, under the same conditions."""

from __future__ import annotations

import cProfile
import gc
import logging
import shutil
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is put into a run. `profiler`, if there is one, watches our side only."""

    is_quick: bool = False
    profiler: cProfile.Profile | None = None

    @property
    def rounds(self) -> int:
        """How often ours and the other side take turns; the medians are of so many."""
        return 3 if self.is_quick else 5

    def of(self, full: int, *, quick: int) -> int:
        """The amount of work of a round."""
        return quick if self.is_quick else full

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Our side runs in here."""
        if self.profiler is None:
            yield
            return
        self.profiler.enable()
        try:
            yield
        finally:
            self.profiler.disable()


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians of both sides, and the median of their ratios round by round: so a noisy minute harms both alike."""

    value: float
    beside: float
    ratio: float


async def alternate(
    effort: Effort, ours: Callable[[], Awaitable[float]], beside: Callable[[], Awaitable[float]]
) -> Pair:
    """Takes turns between both sides. Each answers its figure for one round."""
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(effort.rounds):
        with effort.watching():
            mine.append(await ours())
        theirs.append(await beside())
    return pair(mine, theirs)


def pair(mine: Sequence[float], theirs: Sequence[float]) -> Pair:
    """What the rounds of both sides come to."""
    ratios = [one / other for one, other in zip(mine, theirs, strict=True)]
    return Pair(statistics.median(mine), statistics.median(theirs), statistics.median(ratios))


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def settle_process() -> None:
    """To be called before anything is measured in a process: no warnings in between, and the collector as below."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),  # standard output is for figures
    )
    settle_garbage()


def settle_garbage() -> None:
    """The collector as the server sets it, for both sides alike: what is there by now is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk of the checkout: the system's own is often in memory, where syncing costs nothing."""
    parent = ROOT / "var"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="benchmark-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
