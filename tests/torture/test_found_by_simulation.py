"""What simulated worlds brought to light, each told as the smallest story it happens in."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import Message

from aevatar.actors import Done, Runtime
from aevatar.actors.envelope import Envelope
from aevatar.actors.recording.record import mail_of
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import Principal
from aevatar.journal.port import Journal
from aevatar.testing import Fault, FaultyJournal, Mishap, elapse
from tests.sample.kinds import Echo
from tests.sample.sample_pb2 import (
    Add,
    Added,
    CancelFetches,
    Fetch,
    Forget,
    Forward,
    HowMuch,
    Noted,
    Release,
    Remind,
    Retire,
    Take,
    Total,
    Wait,
)
from tests.sample.world import ALPHA, ANN, BEN, Faults, HeldJournal, World, anyio_backend, memory, settled

__all__ = ["anyio_backend", "memory"]


class Trouble:
    """One fault that strikes every call while it lasts."""

    def __init__(self) -> None:
        self.fault: Fault | None = None

    def __call__(self, write: int) -> Mishap:
        return Mishap(self.fault)

    def over(self, journal: Journal) -> Journal:
        return FaultyJournal(journal, self)


@pytest.mark.parametrize(
    ("early", "late", "expected"),
    [
        (Forget(name="tea"), Remind(name="tea", delay=5, by=2), Added(by=2, note="tea", subject=ANN.text)),
        (CancelFetches(), Fetch(text="x"), Noted(text="echoed x")),
    ],
)
async def test_nothing_is_dropped_because_of_a_turn_that_is_undone(
    memory: World, early: Message, late: Message, expected: Message
) -> None:
    effects = [Echo(lambda _: elapse(5))]
    async with memory.runtime(effects=effects) as runtime:
        await runtime.ask(ANN, Add(by=1))
        await runtime.ask(ANN, early, command_id="early")
        await runtime.ask(ANN, late, command_id="late")
    held = HeldJournal()
    async with memory.runtime(over=held.over, effects=effects) as runtime, asyncio.TaskGroup() as callers:
        held.hold()
        callers.create_task(runtime.ask(ANN, early, command_id="early"))
        await elapse(10)
        held.release()
        await elapse(10)
        assert (await memory.events(ANN))[-1] == expected


async def test_mail_that_another_process_stored_is_found_without_being_told(memory: World) -> None:
    async with memory.runtime() as runtime:
        await runtime.ask(ANN, Add(by=1))
        envelope = Envelope("from-elsewhere", ANN, Add(by=2), Add(by=2).SerializeToString(), Principal(ALPHA, "eve"), 0)
        await memory.journal.accept([mail_of(envelope)])
        await elapse(60)
        assert await memory.events(ANN) == [Added(by=1, subject="program"), Added(by=2, subject="eve")]
        assert await memory.journal.mail() == []


async def test_mail_that_waits_in_memory_is_not_delivered_again(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime(over=held.over) as runtime:
        held.hold()
        await runtime.dispatch(ANN, Add(by=1))
        await elapse(300)
        held.release()
        await elapse(1)
        assert (await memory.events(ANN), runtime.metrics.repeats) == ([Added(by=1, subject="program")], 0)


async def test_mail_that_is_stored_after_its_sender_was_told_otherwise_is_handled_all_the_same(memory: World) -> None:
    trouble = Trouble()
    async with memory.runtime(over=trouble.over) as runtime:
        await runtime.ask(ANN, Add(by=1))
        trouble.fault = Fault.LOST_ANSWER
        with pytest.raises(Unavailable):
            await runtime.dispatch(ANN, Add(by=2))
        trouble.fault = None
        await elapse(5)
        assert await runtime.ask(ANN, HowMuch()) == Total(total=3)


async def test_mail_is_handled_though_its_sender_has_left(memory: World) -> None:
    held = HeldJournal("accept")
    async with memory.runtime(over=held.over) as runtime:
        held.hold()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await runtime.dispatch(ANN, Add(by=2))
        held.release()
        await elapse(1)
        assert await runtime.ask(ANN, HowMuch()) == Total(total=2)


@pytest.mark.parametrize("command", [Add(by=2), Remind(name="n", delay=1, by=2), Fetch(text="n")])
async def test_what_the_journal_holds_is_handled_however_long_conflicts_last(memory: World, command: Message) -> None:
    trouble, held = Trouble(), HeldJournal("accept")
    echo = Echo(lambda _: elapse(1))
    async with memory.runtime(over=lambda journal: trouble.over(held.over(journal)), effects=[echo]) as runtime:
        await runtime.ask(ANN, Add(by=1))
        if isinstance(command, Add):
            held.hold()
        async with asyncio.TaskGroup() as callers:
            callers.create_task(runtime.dispatch(ANN, command))
            await settled()
            trouble.fault = Fault.CONFLICT
            held.release()
        before = len(await memory.events(ANN))
        await elapse(10)
        assert len(await memory.events(ANN)) == before
        trouble.fault = None
        await elapse(5)
        assert len(await memory.events(ANN)) == before + 1
        journal = memory.journal
        assert (await journal.mail(), await journal.effects(), await journal.due(2**62)) == ([], [], [])


async def test_a_letter_that_was_refused_takes_no_effect_when_it_is_found_once_more(memory: World) -> None:
    looks, commits = HeldJournal("mail", answers=True), HeldJournal()
    async with memory.runtime(over=lambda journal: looks.over(commits.over(journal))) as runtime:
        await runtime.ask(ANN, Add(by=1))
        await runtime.ask(BEN, Add(by=1))
        looks.hold()
        commits.hold(after=1)
        await runtime.ask(BEN, Forward(to=ANN.text, by=5, refused=True, answer=True))
        await elapse(40)  # long enough for a look that finds the letter
        commits.release()
        await settled()
        assert (await memory.events(BEN))[-1] == Noted(text="refusal too_little")
        await runtime.ask(ANN, Add(by=10))
        looks.release()
        await elapse(40)
        assert await runtime.ask(ANN, HowMuch()) == Total(total=11)
        assert await memory.journal.mail() == []


async def test_a_command_that_was_refused_takes_no_effect_when_an_earlier_try_of_it_comes_back(memory: World) -> None:
    delays, faults, held = list[float](), Faults(), HeldJournal()

    def over(journal: Journal) -> Journal:
        late = FaultyJournal(journal, lambda _: Mishap(after=delays.pop() if delays else 0))
        return held.over(faults.over(late))

    async with memory.runtime(over=over) as runtime, asyncio.TaskGroup() as callers:
        await runtime.ask(ANN, Add(by=1))
        delays.append(10)  # for the look that tells whether the refusal is final
        assert await told_by(runtime, Take(by=5), "take", timeout=1) == "timeout"
        assert await told_by(runtime, Take(by=5), "take") == "too_little"
        held.hold()
        faults.append(Fault.CONFLICT)
        callers.create_task(runtime.ask(ANN, Add(by=10)))
        await elapse(10)
        held.release()
        await elapse(10)
        assert await runtime.ask(ANN, HowMuch()) == Total(total=11)


async def test_a_message_that_waited_for_an_undone_turn_comes_back_once(memory: World) -> None:
    held, faults = HeldJournal(), Faults()
    async with memory.runtime(over=lambda journal: held.over(faults.over(journal))) as runtime:
        held.hold()
        for _ in range(2):
            await runtime.dispatch(ANN, Add(by=1), command_id="twice")
        await settled()
        assert runtime.metrics.repeats == 1
        faults.append(Fault.CONFLICT)
        held.release()
        await elapse(10)
        assert (len(await memory.events(ANN)), runtime.metrics.repeats) == (1, 2)


async def test_a_command_repeated_while_its_end_is_being_stored_is_answered_by_that_end(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime(over=held.over) as runtime, asyncio.TaskGroup() as callers:
        await runtime.ask(ANN, Add(by=1))
        held.hold()
        waiting = [callers.create_task(runtime.ask(ANN, Wait(within=60), command_id="wait"))]
        callers.create_task(runtime.ask(ANN, Release(by=1)))
        await settled()
        waiting.append(callers.create_task(runtime.ask(ANN, Wait(within=60), command_id="wait")))
        await settled()
        held.release()
        assert [await task for task in waiting] == [Total(total=2), Total(total=2)]


async def test_commands_that_many_repeat_at_once_cost_one_look_into_the_log(memory: World) -> None:
    names, faults = [f"c{number}" for number in range(5)], Faults()
    async with memory.runtime() as runtime:
        told = [await runtime.ask(ANN, Add(by=1), command_id=name) for name in names]
    async with memory.runtime(over=faults.over) as runtime:

        async def repeated() -> list[Message]:
            return await asyncio.gather(*(runtime.ask(ANN, Add(by=1), command_id=name) for name in names))

        assert (await repeated(), await repeated(), runtime.metrics.commits) == (told, told, 1)
        faults.append(Fault.CONFLICT)
        await runtime.ask(ANN, Add(by=1))
        assert (await repeated(), runtime.metrics.commits) == (told, 3)


async def test_an_open_command_repeated_while_its_actor_retires_is_told_that_the_actor_is_gone(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime(over=held.over) as runtime, asyncio.TaskGroup() as callers:
        await runtime.ask(ANN, Add(by=1))
        held.hold()
        commands = (Wait(within=60), "wait"), (Retire(), "retire"), (Wait(within=60), "wait")
        told = [callers.create_task(told_by(runtime, command, command_id)) for command, command_id in commands]
        await settled()
        held.release()
        assert [await each for each in told] == ["gone", Done(), "gone"]


async def told_by(runtime: Runtime, command: Message, command_id: str, *, timeout: float = 30) -> Message | str:
    try:
        return await runtime.ask(ANN, command, command_id=command_id, timeout=timeout)
    except (Rejected, Unavailable) as refusal:
        return refusal.code
