"""Chance that repeats: whatever a program does by luck, it does again under the same seed.

A seed decides which of several ready callbacks runs first, and every identifier and random number. Time is virtual. So
a failure that needs an unlucky order is found by trying seeds, and comes back by giving that seed again.

The order of callbacks is shuffled without regard to what asyncio promises about `call_soon`; its own socket transports
rely on that promise, so this is for programs over the journal in memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from random import Random
from typing import Any, TypeVar

from aevatar.testing.virtual_time import VirtualTimeLoop

T = TypeVar("T")


class Seeded:
    """A loop, identifiers and randomness that all follow from `seed`."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def random(self, purpose: str) -> Random:
        """A source of randomness; each purpose has its own, so that one more draw here changes nothing there."""
        return Random(f"{self.seed}/{purpose}")

    def identifiers(self, purpose: str = "identifiers") -> SeededIdentifiers:
        """A source of identifiers; each purpose has its own."""
        return SeededIdentifiers(self.random(purpose))

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs an async function to its end; what it raises carries the seed."""
        try:
            with asyncio.Runner(loop_factory=partial(ShuffledLoop, self.random("loop"))) as runner:
                return runner.run(main())
        except BaseException as failure:
            failure.add_note(f"happens again with seed {self.seed}")
            raise


def seeded(seed: int) -> Seeded:
    """Everything that is up to chance, from one number."""
    return Seeded(seed)


class SeededIdentifiers:
    """Identifiers as the kernel makes them, from a source that repeats."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def new(self) -> str:
        """An id of 30 characters."""
        return self._random.randbytes(15).hex()


class ShuffledLoop(VirtualTimeLoop):
    """A loop in virtual time that runs what is ready in an order by chance."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._ready = _Shuffled(random)  # where every asyncio loop keeps its ready callbacks


class _Shuffled(deque[Any]):
    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random

    def popleft(self) -> Any:
        if len(self) > 1:
            self.rotate(self._random.randrange(len(self)))
        return super().popleft()
