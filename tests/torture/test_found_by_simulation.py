"""What simulated worlds brought to light, each told as the smallest story it happens in."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import Message

from aevatar.actors.envelope import Envelope
from aevatar.actors.recording import mail_of
from aevatar.identity import Principal
from tests.sample.kinds import Echo
from tests.sample.sample_pb2 import Add, Added, CancelFetches, Fetch, Forget, Noted, Remind
from tests.sample.world import ALPHA, ANN, HeldJournal, World, anyio_backend, elapse, memory

__all__ = ["anyio_backend", "memory"]


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
