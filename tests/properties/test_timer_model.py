"""Timers beside a dictionary of due times: set, replaced, cleared, late after downtime, each fires once, in order."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.packing import unpack
from aevatar.testing import Fault
from tests.properties.machines import ACTORS, Served
from tests.sample.sample_pb2 import Add, Added, Forget, Remind

ANN = ACTORS[0]
NAMES = st.sampled_from(["tea", "bread", "post"])


class TimerModel(Served):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.due: dict[str, tuple[int, int]] = {}
        """When each timer falls due, in milliseconds, and the amount by which it is told from others."""
        self.fired: list[int] = []
        self.set = 0
        self.run(self.runtime.ask(ANN, Add()))

    @rule(name=NAMES, seconds=st.integers(0, 200))
    def remind(self, name: str, seconds: int) -> None:
        self.set += 1
        # No two fall due at once, and none before the next rule.
        delay = seconds * 1000 + 100 + self.set
        self.run(self.runtime.ask(ANN, Remind(name=name, delay=delay / 1000, by=self.set)))
        self.due[name] = (self.now + delay, self.set)

    @rule(name=NAMES)
    def forget(self, name: str) -> None:
        self.run(self.runtime.ask(ANN, Forget(name=name)))
        self.due.pop(name, None)

    @rule(seconds=st.integers(1, 100))
    def wait(self, seconds: int) -> None:
        self.elapse(seconds * 1000)
        self.fire_what_is_due()

    @rule(seconds=st.integers(0, 300))
    def be_down(self, seconds: int) -> None:
        self.die()
        self.elapse(seconds * 1000)
        self.begin()
        self.elapse(10)
        self.fire_what_is_due()

    @precondition(lambda self: len(self.faults) < 3)
    @rule()
    def meet_a_conflict(self) -> None:
        self.faults.append(Fault.CONFLICT)

    def elapse(self, milliseconds: int) -> None:
        self.pass_time(milliseconds / 1000)
        self.now += milliseconds

    def fire_what_is_due(self) -> None:
        for due, name in sorted((due, name) for name, (due, _) in self.due.items()):
            if due <= self.now:
                self.fired.append(self.due.pop(name)[1])

    @invariant()
    def exactly_what_was_due_has_fired_in_its_order(self) -> None:
        rows = self.run(self.journal.history(ANN.text))
        events = [unpack(packed) for row in rows for packed in TurnBody.FromString(row.body).events]
        assert [event.by for event in events if isinstance(event, Added)] == self.fired
        assert {timer.name for timer in self.run(self.journal.due(2**62))} == set(self.due)


TestTimerModel = TimerModel.TestCase
TestTimerModel.settings = settings(max_examples=100, stateful_step_count=30, deadline=None, print_blob=True)
