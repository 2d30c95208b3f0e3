"""Whatever comes in whatever order, with crashes, repetitions and conflicts: actors do what a dictionary does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aevatar.actors import Runtime
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.testing import Fault, elapse, run_in_virtual_time
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, HowMuch, Take, TallyDocument, Total, TotalChanged
from tests.sample.world import ALPHA, Faults, memory_world, settled

KEYS = ("ann", "ben")


@dataclass(frozen=True)
class Give:
    """A command under an id that may have been used before, for the same or for something else."""

    key: str
    command_id: str
    by: int
    is_dispatched: bool


@dataclass(frozen=True)
class Happen:
    """Something that must make no difference: a restart, a fault of the journal, idleness."""

    what: str


GIVE = st.builds(Give, st.sampled_from(KEYS), st.sampled_from("abcdef"), st.integers(-3, 3), st.booleans())
HAPPEN = st.sampled_from(["restart", "restart at once", "idle", "conflict", "conflicts", "lost answer", "I/O error"])
STEPS = st.lists(GIVE | HAPPEN.map(Happen), max_size=25)
FAULTS = {
    "conflict": [Fault.CONFLICT],
    "conflicts": [Fault.CONFLICT] * 5,
    "lost answer": [Fault.LOST_ANSWER],
    "I/O error": [Fault.IO_ERROR],
}


@dataclass
class Model:
    """What a tally is, as plainly as it can be said."""

    changes: list[int] = field(default_factory=list)
    outcomes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The amount and the total that came of it, by command id."""

    def answer(self, give: Give) -> int | str:
        if give.command_id in self.outcomes:
            by, total = self.outcomes[give.command_id]
            return total if by == give.by else "command_id_reused"
        if give.by < 0 and not self.outcomes:
            return "not_found"
        if sum(self.changes) + give.by < 0:
            return "too_little"
        if give.by:
            self.changes.append(give.by)
        self.outcomes[give.command_id] = (give.by, sum(self.changes))
        return sum(self.changes)


def command(give: Give) -> Add | Take:
    return Add(by=give.by) if give.by >= 0 else Take(by=-give.by)


async def answered(actors: Runtime, give: Give) -> int | str:
    """The total, or the code of the refusal, however often one has to ask."""
    actor = ActorId(Tally.kind, ALPHA, give.key)
    while True:
        try:
            if give.is_dispatched:
                await actors.dispatch(actor, command(give), command_id=give.command_id)
                await elapse(10)
            outcome: Any = await actors.ask(actor, command(give), command_id=give.command_id)
        except Rejected as refusal:
            return refusal.code
        except Unavailable:
            await elapse(1)
        else:
            return int(outcome.total)


class Life:
    """One store, the runtime that serves it now, and what the journal has in store for it."""

    def __init__(self) -> None:
        self._world = memory_world()
        self._faults = Faults()
        self._models = {key: Model() for key in KEYS}
        self.answers: list[tuple[int | str, int | str]] = []

    async def live(self, steps: list[Give | Happen]) -> None:
        left = list(steps)
        while left:
            async with self._world.runtime(over=self._faults.over) as actors:
                while left and await self._take(actors, left.pop(0)):
                    pass
            self._faults.clear()

    async def _take(self, actors: Runtime, step: Give | Happen) -> bool:
        if isinstance(step, Give):
            self.answers.append((await answered(actors, step), self._models[step.key].answer(step)))
            return True
        if step.what == "idle":
            await elapse(1000)
        elif step.what == "restart":
            await settled()
        self._faults.extend(FAULTS.get(step.what, []))
        return not step.what.startswith("restart")

    async def end(self) -> None:
        """Compares all that can be seen with the model."""
        async with self._world.runtime() as actors:
            await settled()
            for key, model in self._models.items():
                if model.outcomes:
                    assert await self._seen(actors, key) == expected(model)

    async def _seen(self, actors: Runtime, key: str) -> list[Any]:
        actor = ActorId(Tally.kind, ALPHA, key)
        shown = [event async for event in actors.sessions.read(actor, until_terminal=False)]
        document = await actors.readmodels.get("sample.tallies", ALPHA, key)
        return [
            await actors.ask(actor, HowMuch()),
            document and (document.document, document.version),
            [event.event for event in shown],
            [event.cursor for event in shown],
            len(await self._world.turns(actor)),
        ]


def expected(model: Model) -> list[Any]:
    total, changes, turns = sum(model.changes), model.changes, len(model.outcomes)
    return [
        Total(total=total),
        (TallyDocument(total=total, additions=len(changes)), turns),
        [TotalChanged(by=by) for by in changes],
        list(range(1, len(changes) + 1)),
        turns,
    ]


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_actors_do_what_a_dictionary_does(steps: list[Give | Happen]) -> None:
    async def story() -> None:
        life = Life()
        await life.live(steps)
        assert [answer for answer, _ in life.answers] == [answer for _, answer in life.answers]
        await life.end()

    run_in_virtual_time(story)
