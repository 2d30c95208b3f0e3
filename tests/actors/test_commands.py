"""Commands: given once, answered once, and harmless to repeat."""

from __future__ import annotations

import anyio
import pytest

from aevatar.actors import Answer, Done, Outcome, Receipt
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import Principal
from tests.sample.kinds import packed
from tests.sample.sample_pb2 import Add, Added, Plan, Take, Total, Wait
from tests.sample.world import ALPHA, ANN, BEN, HeldJournal, World, settled

ON_POSTGRES = True


async def test_a_command_is_answered_with_its_outcome(world: World) -> None:
    async with world.runtime() as actors:
        assert await actors.ask(ANN, Add(by=2)) == Total(total=2)
        assert await actors.ask(ANN, Add(by=3)) == Total(total=5)
        assert await world.turns(ANN) == [[Added(by=2, subject="program")], [Added(by=3, subject="program")]]


async def test_an_answer_carries_the_version_of_the_actor(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        assert await actors.answer(ANN, Add(by=3)) == Answer(Total(total=5), version=2)


async def test_a_handler_that_returns_nothing_answers_done(memory: World) -> None:
    async with memory.runtime() as actors:
        assert await actors.ask(ANN, Plan(name="later", delay=1, command=packed(Add(by=1)))) == Done()


async def test_a_command_that_changes_nothing_has_its_outcome_recorded(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0), command_id="c1")
        assert await actors.outcome(ANN, "c1") == Outcome(Total(total=0), version=1)
        assert await world.turns(ANN) == [[]]


async def test_a_dispatched_command_is_accepted_first_and_decided_later(world: World) -> None:
    async with world.runtime() as actors:
        assert await actors.dispatch(ANN, Add(by=2), command_id="c1") == Receipt(ANN, "c1")
        await settled()
        assert await actors.outcome(ANN, "c1") == Outcome(Total(total=2), version=1)
        assert await world.journal.mail() == []


async def test_an_accepted_command_is_decided_after_a_restart(world: World) -> None:
    held = HeldJournal()
    async with world.runtime(over=held.over) as actors:
        held.hold()
        await actors.dispatch(ANN, Add(by=2), command_id="c1")
        await settled()
    async with world.runtime() as actors:
        await settled()
        assert await actors.outcome(ANN, "c1") == Outcome(Total(total=2), version=1)
        assert await world.events(ANN) == [Added(by=2, subject="program")]


async def test_a_command_without_an_id_is_given_one(memory: World) -> None:
    async with memory.runtime() as actors:
        first, second = await actors.dispatch(ANN, Add(by=1)), await actors.dispatch(ANN, Add(by=1))
        assert [len(first.command_id), first.command_id == second.command_id] == [30, False]


async def test_a_repeated_command_returns_the_recorded_outcome(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
        await actors.ask(ANN, Add(by=3), command_id="c2")
        assert await actors.answer(ANN, Add(by=2), command_id="c1") == Answer(Total(total=2), version=1)
        assert len(await world.turns(ANN)) == 2


async def test_a_command_repeated_after_a_restart_returns_the_recorded_outcome(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
        await actors.ask(ANN, Add(by=3), command_id="c2")
    async with world.runtime() as actors:
        assert await actors.answer(ANN, Add(by=2), command_id="c1") == Answer(Total(total=2), version=1)
        assert await actors.ask(ANN, Add(by=1)) == Total(total=6)
        assert len(await world.turns(ANN)) == 3


async def test_a_repeated_command_that_would_be_refused_by_now_returns_the_recorded_outcome(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.ask(ANN, Take(by=2), command_id="c1")
        assert await actors.ask(ANN, Take(by=2), command_id="c1") == Total(total=0)
    async with world.runtime() as actors:
        assert await actors.ask(ANN, Take(by=2), command_id="c1") == Total(total=0)
        assert len(await world.turns(ANN)) == 2


async def test_a_command_long_forgotten_in_memory_is_still_known_to_the_journal(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
        for _ in range(300):
            await actors.ask(ANN, Add(by=1))
        assert await actors.ask(ANN, Add(by=2), command_id="c1") == Total(total=2)
        assert len(await memory.turns(ANN)) == 301


async def test_the_same_id_with_another_message_is_refused(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
        with pytest.raises(Rejected) as live:
            await actors.ask(ANN, Add(by=3), command_id="c1")
    async with world.runtime() as actors:
        with pytest.raises(Rejected) as restarted:
            await actors.ask(ANN, Add(by=3), command_id="c1")
        assert [live.value.code, restarted.value.code] == ["command_id_reused"] * 2
        assert await world.events(ANN) == [Added(by=2, subject="program")]


async def test_the_same_id_with_another_message_is_not_accepted_while_the_first_waits(world: World) -> None:
    held = HeldJournal()
    async with world.runtime(over=held.over) as actors:
        held.hold()
        await actors.dispatch(ANN, Add(by=2), command_id="c1")
        assert await actors.dispatch(ANN, Add(by=2), command_id="c1") == Receipt(ANN, "c1")
        with pytest.raises(Rejected) as refused:
            await actors.dispatch(ANN, Add(by=3), command_id="c1")
        assert refused.value.code == "command_id_reused"


async def test_the_same_id_with_another_message_is_not_accepted_once_the_first_is_decided(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
    async with world.runtime() as actors:
        with pytest.raises(Rejected) as refused:
            await actors.dispatch(ANN, Add(by=3), command_id="c1")
        assert refused.value.code == "command_id_reused"


async def test_a_dispatched_command_may_be_dispatched_again_at_any_time(world: World) -> None:
    async with world.runtime() as actors:
        for _ in range(2):
            await actors.dispatch(ANN, Add(by=2), command_id="c1")
        await settled()
        assert await actors.dispatch(ANN, Add(by=2), command_id="c1") == Receipt(ANN, "c1")
        await settled()
    async with world.runtime() as actors:
        assert await actors.dispatch(ANN, Add(by=2), command_id="c1") == Receipt(ANN, "c1")
        await settled()
        assert await world.events(ANN) == [Added(by=2, subject="program")]
        assert await world.journal.mail() == []


async def test_the_same_id_names_another_command_at_another_actor(world: World) -> None:
    async with world.runtime() as actors:
        assert await actors.ask(ANN, Add(by=2), command_id="c1") == Total(total=2)
        assert await actors.ask(BEN, Add(by=3), command_id="c1") == Total(total=3)


async def test_duplicates_at_the_same_moment_take_effect_once(world: World) -> None:
    answers: list[object] = []

    async with world.runtime() as actors, anyio.create_task_group() as asking:

        async def ask() -> None:
            answers.append(await actors.ask(ANN, Add(by=2), command_id="c1"))

        for _ in range(10):
            asking.start_soon(ask)
        await settled()
        assert answers == [Total(total=2)] * 10
        assert await world.events(ANN) == [Added(by=2, subject="program")]


async def test_an_ask_and_a_dispatch_of_one_command_take_effect_once(world: World) -> None:
    async with world.runtime() as actors:
        await actors.dispatch(ANN, Add(by=2), command_id="c1")
        assert await actors.ask(ANN, Add(by=2), command_id="c1") == Total(total=2)
        await settled()
        assert await world.events(ANN) == [Added(by=2, subject="program")]
        assert await world.journal.mail() == []


async def test_a_command_may_take_effect_after_its_caller_stopped_waiting(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime(over=held.over) as actors:
        held.hold()
        with pytest.raises(Unavailable) as late:
            await actors.ask(ANN, Add(by=2), command_id="c1", timeout=5)
        assert (late.value.code, await actors.outcome(ANN, "c1")) == ("timeout", None)
        held.release()
        await settled()
        assert await actors.outcome(ANN, "c1") == Outcome(Total(total=2), version=1)


async def test_a_caller_waits_thirty_seconds_unless_told_otherwise(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        began = anyio.current_time()
        with pytest.raises(Unavailable):
            await actors.ask(ANN, Wait(within=60))
        assert anyio.current_time() - began == pytest.approx(30)


async def test_no_outcome_is_known_of_a_command_nobody_gave(world: World) -> None:
    async with world.runtime() as actors:
        assert await actors.outcome(ANN, "c1") is None


async def test_the_caller_is_a_program_of_the_scope_unless_named(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Add(by=1), principal=Principal(ALPHA, "alice"))
        assert await memory.events(ANN) == [Added(by=1, subject="program"), Added(by=1, subject="alice")]


@pytest.mark.parametrize("command_id", ["", "x" * 256, "line\nbreak"])
async def test_an_id_that_cannot_be_one_is_refused(memory: World, command_id: str) -> None:
    async with memory.runtime() as actors:
        with pytest.raises(Rejected) as refused:
            await actors.ask(ANN, Add(by=1), command_id=command_id)
        assert (refused.value.code, refused.value.field) == ("invalid_command_id", "command_id")


async def test_nothing_is_served_before_the_start_and_after_the_stop(memory: World) -> None:
    actors = memory.runtime()
    with pytest.raises(Unavailable) as early:
        await actors.ask(ANN, Add(by=1))
    async with actors:
        pass
    with pytest.raises(Unavailable) as late:
        await actors.dispatch(ANN, Add(by=1))
    assert [early.value.code, late.value.code] == ["unavailable", "unavailable"]


async def test_whoever_waits_when_the_process_stops_is_told_so(memory: World) -> None:
    refusals: list[str] = []

    async def ask() -> None:
        with pytest.raises(Unavailable) as refused:
            await actors.ask(ANN, Wait(within=60))
        refusals.append(refused.value.code)

    async with anyio.create_task_group() as asking, memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        asking.start_soon(ask)
        await settled()
    assert refusals == ["stopping"]
