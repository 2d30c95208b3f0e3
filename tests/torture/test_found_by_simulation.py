"""What simulated worlds brought to light, each told as the smallest story it happens in."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import Message

from tests.sample.kinds import Echo
from tests.sample.sample_pb2 import Add, Added, CancelFetches, Fetch, Forget, Noted, Remind
from tests.sample.world import ANN, HeldJournal, World, anyio_backend, elapse, memory

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
