"""Durable timers: the near ones in a heap, all of them in the journal.

Firing is only a delivery; the turn that handles it clears the timer. So a timer that fires twice is harmless, and one
that was due while nobody ran fires once, late.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from aevatar.actors.metrics import Metrics
from aevatar.actors.nature import Clock
from aevatar.errors import Unavailable
from aevatar.journal.port import Journal
from aevatar.journal.records import DueTimer

HORIZON = 60_000
"""How far ahead timers are held in memory, in milliseconds."""
SCAN_EVERY = 30.0
"""Seconds between looks into the journal; less than the horizon, so that nothing slips between two looks."""
SCAN_LIMIT = 10_000
LATE = 1_000
"""From how many milliseconds on a timer counts as late."""


class Timers:
    """Fires timers of the shards owned when they fall due, oldest first."""

    def __init__(self, journal: Journal, clock: Clock, metrics: Metrics, fire: Callable[[DueTimer], None]) -> None:
        self._journal = journal
        self._clock = clock
        self._metrics = metrics
        self._fire = fire
        self._heap: list[tuple[int, int, DueTimer]] = []
        self._armed: dict[tuple[str, str], int] = {}
        """Generations by actor and name. A timer stays here until it is handled: no second look fires it again."""
        self._order = 0
        self._alarm: asyncio.TimerHandle | None = None

    def arm(self, timer: DueTimer) -> None:
        """Holds a stored timer in memory if it falls due soon; the others are found when their time comes near."""
        place = timer.actor, timer.name
        if timer.due > self._clock.now() + HORIZON or self._armed.get(place, 0) >= timer.generation:
            return
        self._armed[place] = timer.generation
        self._order += 1
        heapq.heappush(self._heap, (timer.due, self._order, timer))
        if self._heap[0][2] is timer:
            self._set_alarm()

    def disarm(self, actor: str, name: str, generation: int) -> None:
        """Forgets a timer that is no longer in the journal, because it was handled or cleared."""
        if self._armed.get((actor, name), 0) <= generation:
            self._armed.pop((actor, name), None)

    async def scan(self) -> bool:
        """Arms what falls due within the horizon; answers whether there may be more."""
        found = await self._journal.due(self._clock.now() + HORIZON, SCAN_LIMIT)
        for timer in found:
            self.arm(timer)
        return len(found) == SCAN_LIMIT

    async def run(self) -> None:
        """Keeps looking into the journal until cancelled."""
        more = True
        while True:
            await asyncio.sleep(1.0 if more else SCAN_EVERY)
            try:
                more = await self.scan()
            except Unavailable:
                more = True

    def close(self) -> None:
        """Fires nothing more."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        delay = max(0, self._heap[0][0] - self._clock.now()) / 1000
        self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            timer = heapq.heappop(self._heap)[2]
            if self._armed.get((timer.actor, timer.name)) != timer.generation:
                continue  # replaced or cleared since
            self._metrics.timers_fired += 1
            self._metrics.timers_late += now - timer.due > LATE
            self._fire(timer)
        if self._heap:
            self._set_alarm()
