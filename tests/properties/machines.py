"""What the state machines stand on: one store, one runtime after the other, and time that moves only by their rules."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from aevatar.actors import Kind, Limits, Runtime
from aevatar.identity import ActorId, ScopeId
from aevatar.testing import (
    Fault,
    FaultyJournal,
    MemoryJournal,
    MemoryStore,
    Mishap,
    VirtualClock,
    VirtualTimeLoop,
    elapse,
    seeded,
)
from tests.sample.kinds import TALLY, CarefulEcho, Echo, Tally

T = TypeVar("T")

ALPHA = ScopeId("alpha")
ACTORS = tuple(ActorId(Tally.kind, ALPHA, key) for key in ("ann", "ben"))
KIND = Kind(Tally, TALLY.projection, snapshot_every=3)


class Served(RuleBasedStateMachine):
    """A machine with a runtime to ask. `faults` strike the next commits, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Fault] = []
        self.store = MemoryStore()
        self.journal = MemoryJournal(self.store)
        self._identifiers = seeded(1).identifiers()
        self._loop = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.begin()

    def teardown(self) -> None:
        self.run(self.runtime.stop())
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run(work)

    def begin(self) -> None:
        """Starts a process on what is stored."""
        self.journal = MemoryJournal(self.store)
        self.runtime = Runtime(
            kinds=[KIND],
            journal=FaultyJournal(self.journal, self._plan),
            effects=[Echo(), CarefulEcho()],
            limits=Limits(idle=0.0),
            clock=VirtualClock(),
            identifiers=self._identifiers,
            random=Random(1),
        )
        self.run(self.runtime.__aenter__())

    def die(self) -> None:
        """Ends the process, and all that it had not stored."""
        self.faults.clear()
        self.run(self.runtime.stop())

    def pass_time(self, seconds: float) -> None:
        self.run(elapse(seconds))

    def _plan(self, write: int) -> Mishap:
        return Mishap(self.faults.pop(0) if write and self.faults else None)
