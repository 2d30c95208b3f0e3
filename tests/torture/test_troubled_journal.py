"""A journal that fails and comes back: callers are told, nothing acknowledged is lost, service resumes by itself."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import Message

from aevatar.errors import Unavailable
from aevatar.journal.port import Journal
from aevatar.testing import Fault, FaultyJournal, Mishap, elapse
from tests.sample.kinds import Echo
from tests.sample.sample_pb2 import Add, Fetch, HowMuch, Remind, Take, Total
from tests.sample.world import ANN, HeldJournal, World, anyio_backend, memory, settled, world

__all__ = ["anyio_backend", "memory", "world"]


class Trouble:
    """A plan that fails every call while it lasts."""

    def __init__(self) -> None:
        self.fault: Fault | None = None

    def __call__(self, write: int) -> Mishap:
        return Mishap(self.fault)

    def over(self, journal: Journal) -> Journal:
        return FaultyJournal(journal, self)


async def test_a_refusal_whose_record_cannot_be_looked_up_is_unavailable_and_harms_nobody(memory: World) -> None:
    trouble = Trouble()
    async with memory.runtime(over=trouble.over) as runtime:
        await runtime.ask(ANN, Add(by=1))
        trouble.fault = Fault.IO_ERROR
        with pytest.raises(Unavailable):
            await runtime.ask(ANN, Take(by=2))
        trouble.fault = None
        assert runtime.health.reasons == []


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
