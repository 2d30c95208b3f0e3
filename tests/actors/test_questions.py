"""Questions are answered and leave nothing behind."""

from __future__ import annotations

import pytest

from aevatar.actors import question
from aevatar.errors import Internal
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, Added, HowMuch, Total
from tests.sample.world import ANN, World, settled


async def test_a_question_records_nothing(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        assert await actors.ask(ANN, HowMuch(), command_id="q1") == Total(total=2)
        assert await actors.outcome(ANN, "q1") is None
        assert await world.turns(ANN) == [[Added(by=2, subject="program")]]


async def test_a_question_may_be_asked_again_under_its_id_and_sees_what_changed(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        assert await actors.ask(ANN, HowMuch(), command_id="q1") == Total(total=2)
        await actors.ask(ANN, Add(by=3))
        assert await actors.ask(ANN, HowMuch(), command_id="q1") == Total(total=5)


async def test_a_dispatched_question_is_ticked_off_and_records_nothing(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.dispatch(ANN, HowMuch(), command_id="q1")
        await settled()
        assert (await world.journal.mail(), await actors.outcome(ANN, "q1")) == ([], None)
        assert len(await world.turns(ANN)) == 1


class Chatty(Tally):
    """Answers a question with more than an answer."""

    @question
    def how_much(self, query: HowMuch) -> Total:
        self.emit(Added(by=1))
        return Total(total=self.state.total)


async def test_a_question_that_wants_something_recorded_is_a_bug(memory: World) -> None:
    async with memory.runtime(Chatty) as actors:
        await actors.ask(ANN, Add(by=2))
        with pytest.raises(Internal):
            await actors.ask(ANN, HowMuch())
        assert await memory.events(ANN) == [Added(by=2, subject="program")]
        assert await actors.ask(ANN, Add(by=0)) == Total(total=2)
