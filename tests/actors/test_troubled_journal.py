"""A journal that refuses, fails or does not answer, and mailboxes that are full: nothing acknowledged is lost."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from aevatar.actors import Limits, Outcome
from aevatar.errors import Unavailable
from aevatar.testing import Fault, elapse
from tests.sample.kinds import letter
from tests.sample.sample_pb2 import (
    Add,
    HowMuch,
    Relay,
    Remind,
    Take,
    Total,
)
from tests.sample.world import ANN, BEN, Faults, HeldJournal, World, settled


async def unavailable(asked: Any) -> Unavailable:
    with pytest.raises(Unavailable) as refused:
        await asked
    return refused.value


# Conflicts


async def test_a_conflict_has_the_message_handled_again_from_the_log(world: World) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        faults.append(Fault.CONFLICT)
        assert await actors.ask(ANN, Add(by=2)) == Total(total=3)
        assert ([event.by for event in await world.events(ANN)], actors.metrics.conflicts) == ([1, 2], 1)


async def test_five_conflicts_are_borne_and_the_sixth_is_told(world: World) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        faults.extend([Fault.CONFLICT] * 5)
        assert await actors.ask(ANN, Add(by=2)) == Total(total=3)
        faults.extend([Fault.CONFLICT] * 6)
        assert (await unavailable(actors.ask(ANN, Add(by=4), command_id="c1"))).code == "conflict"
        assert await actors.ask(ANN, Add(by=4), command_id="c1") == Total(total=7)


async def test_mail_that_meets_too_many_conflicts_is_handled_after_a_restart(world: World) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Add(by=2))
        faults.extend([Fault.CONFLICT] * 6)
        await settled()
        assert (faults, len(await world.journal.mail())) == ([], 1)
    async with world.runtime() as actors:
        await settled()
        assert (await actors.ask(ANN, HowMuch()), await world.journal.mail()) == (Total(total=3), [])


# The journal


async def test_callers_are_told_at_once_that_the_journal_does_not_answer(world: World) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        faults.extend([Fault.IO_ERROR] * 3)
        refused = await unavailable(actors.ask(ANN, Add(by=2), command_id="c1"))
        assert (refused.code, refused.retry_after) == ("unavailable", 1.0)
        assert (actors.health.is_ready, actors.health.reasons) == (False, ["journal: injected: I/O error"])
        assert (await unavailable(actors.ask(BEN, Add(by=2)))).code == "unavailable"
        assert (await unavailable(actors.dispatch(BEN, Add(by=2)))).code == "unavailable"


async def test_whoever_dispatches_is_told_at_once_that_the_journal_does_not_answer(world: World) -> None:
    faults = Faults("accept")
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        faults.extend([Fault.IO_ERROR] * 100)
        began = anyio.current_time()
        assert (await unavailable(actors.dispatch(ANN, Add(by=2)))).code == "unavailable"
        assert anyio.current_time() == began
        faults.clear()


async def test_mailboxes_pause_while_the_journal_does_not_answer_and_resume_by_themselves(world: World) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        faults.extend([Fault.IO_ERROR] * 3)
        await unavailable(actors.ask(ANN, Add(by=2), command_id="c1"))
        await elapse(2)
        assert (actors.health.is_ready, actors.health.reasons) == (True, [])
        assert await actors.outcome(ANN, "c1") == Outcome(Total(total=3), version=2)
        assert await actors.ask(ANN, Add(by=4)) == Total(total=7)


@pytest.mark.parametrize("fault", [Fault.IO_ERROR, Fault.LOST_ANSWER])
async def test_a_command_whose_commit_failed_takes_effect_once_however_often_it_is_repeated(
    world: World, fault: Fault
) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        faults.extend([fault] * 2)
        for _ in range(2):
            await unavailable(actors.ask(ANN, Add(by=2), command_id="c1"))
        await elapse(2)
        assert await actors.ask(ANN, Add(by=2), command_id="c1") == Total(total=3)
        assert [event.by for event in await world.events(ANN)] == [1, 2]


async def test_a_process_that_stops_while_the_journal_is_down_loses_nothing_acknowledged(world: World) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        faults.extend([Fault.IO_ERROR] * 100)
        await unavailable(actors.ask(ANN, Add(by=2), command_id="c1"))
    async with world.runtime() as actors:
        assert await actors.ask(ANN, HowMuch()) == Total(total=1)
        assert await actors.ask(ANN, Add(by=2), command_id="c1") == Total(total=3)


async def test_an_actor_that_cannot_be_loaded_right_now_is_loaded_when_it_can(world: World) -> None:
    faults = Faults("load")
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
    async with world.runtime(over=faults.over) as actors:
        await settled()
        faults.extend([Fault.IO_ERROR] * 3)
        assert await actors.ask(ANN, HowMuch()) == Total(total=1)


async def test_a_refusal_that_cannot_be_checked_against_the_log_is_told_as_unavailable(world: World) -> None:
    faults = Faults("outcome")
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        await settled()
        faults.append(Fault.IO_ERROR)
        assert (await unavailable(actors.ask(ANN, Take(by=2)))).code == "unavailable"
        assert (actors.health.is_ready, await actors.ask(ANN, HowMuch())) == (True, Total(total=1))


async def test_an_outcome_that_cannot_be_read_right_now_is_told_as_unavailable(world: World) -> None:
    faults = Faults("outcome")
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1), command_id="c1")
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, HowMuch())
        await settled()
        faults.append(Fault.IO_ERROR)
        assert (await unavailable(actors.ask(ANN, Add(by=1), command_id="c1"))).code == "unavailable"
        assert await actors.ask(ANN, Add(by=1), command_id="c1") == Total(total=1)


# Mailboxes


async def test_a_full_mailbox_refuses_at_the_door_and_says_when_to_come_back(memory: World) -> None:
    held, codes = HeldJournal("load"), list[Any]()

    async def ask() -> None:
        try:
            await actors.ask(ANN, Add(by=1))
        except Unavailable as refused:
            codes.append((refused.code, refused.retry_after))

    async with memory.runtime(over=held.over, limits=Limits(mailbox=3)) as actors, anyio.create_task_group() as asking:
        held.hold()
        for _ in range(5):
            asking.start_soon(ask)
        await settled()
        assert (await unavailable(actors.dispatch(ANN, Add(by=1)))).code == "overloaded"
        held.release()
        await settled()
        assert codes == [("overloaded", 1.0)] * 2
        assert await actors.ask(ANN, HowMuch()) == Total(total=3)


async def test_what_the_journal_holds_finds_its_place_in_a_full_mailbox(memory: World) -> None:
    held = HeldJournal("load")
    async with memory.runtime() as actors:
        await actors.ask(BEN, Add(by=1))
    async with memory.runtime(over=held.over, limits=Limits(mailbox=1)) as actors:
        await actors.ask(BEN, HowMuch())
        held.hold()
        await actors.dispatch(ANN, Add(by=1))
        await actors.ask(BEN, Relay(letters=[letter(ANN, Add(by=2)), letter(ANN, Add(by=4))]))
        held.release()
        await settled()
        assert await actors.ask(ANN, HowMuch()) == Total(total=7)


class Buggy(HeldJournal):
    """An adapter with a bug."""

    async def sweep(self, before: int) -> int:
        raise KeyError(before)


async def test_a_task_that_ends_with_a_bug_turns_the_health_red(memory: World) -> None:
    async with memory.runtime(over=Buggy().over) as actors:
        await settled()
        assert actors.health.reasons == ["task: KeyError in a task of the runtime; restart the process"]


async def test_timers_are_looked_for_again_when_the_journal_is_back(world: World) -> None:
    faults = Faults("due")
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Remind(name="tea", delay=100, by=1))
        faults.extend([Fault.IO_ERROR] * 2)
        await elapse(101)
        assert (faults, await actors.ask(ANN, HowMuch())) == ([], Total(total=1))
