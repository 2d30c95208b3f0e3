"""Which message comes when: one turn at a time, in the order of arrival, commands before signals of one instant."""

from __future__ import annotations

import anyio

from aevatar.testing import elapse
from tests.sample.sample_pb2 import Add, Added, Cheer, Heard, HowMuch, Noted, Total
from tests.sample.world import ANN, BEN, HeldJournal, World, settled


async def test_messages_of_one_actor_are_handled_in_the_order_of_their_arrival(world: World) -> None:
    totals: list[int] = []

    async with world.runtime() as actors, anyio.create_task_group() as asking:

        async def ask(by: int) -> None:
            totals.append((await actors.ask(ANN, Add(by=by))).total)  # type: ignore[attr-defined]

        for by in range(1, 101):
            asking.start_soon(ask, by)
        await settled()
        assert totals == [by * (by + 1) // 2 for by in range(1, 101)]


async def test_asks_and_dispatches_share_one_queue(world: World) -> None:
    async with world.runtime() as actors:
        await actors.dispatch(ANN, Add(by=1))
        await actors.dispatch(ANN, Add(by=2))
        assert await actors.ask(ANN, Add(by=4)) == Total(total=7)
        assert [event.by for event in await world.events(ANN)] == [1, 2, 4]


async def test_commands_come_before_signals_of_the_same_instant(memory: World) -> None:
    held = HeldJournal("load")
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        held.hold()
        actors.signal(ANN, Heard(text="signal", remember=True))
        asking.start_soon(actors.ask, ANN, Add(by=2))
        await elapse(0)
        held.release()
        await settled()
        assert await memory.events(ANN) == [
            Added(by=1, subject="program"),
            Added(by=2, subject="program"),
            Noted(text="signal"),
        ]


async def test_a_signal_comes_before_commands_of_a_later_instant(memory: World) -> None:
    held = HeldJournal("load")
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        held.hold()
        actors.signal(ANN, Heard(text="signal", remember=True))
        await elapse(0.01)
        asking.start_soon(actors.ask, ANN, Add(by=2))
        await settled()
        held.release()
        await settled()
        assert await memory.events(ANN) == [
            Added(by=1, subject="program"),
            Noted(text="signal"),
            Added(by=2, subject="program"),
        ]


async def test_signals_of_one_sender_keep_their_order(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Add(by=1))
        for text in ("one", "two", "three"):
            await actors.ask(BEN, Cheer(to=ANN.text, text=text))
        await settled()
        assert (await memory.events(ANN))[1:] == [Noted(text="one"), Noted(text="two"), Noted(text="three")]


async def test_actors_do_not_wait_for_each_other(memory: World) -> None:
    held = HeldJournal("load")
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        await actors.ask(BEN, Add(by=1))
        held.hold()
        asking.start_soon(actors.ask, ANN, Add(by=1))
        await settled()
        assert await actors.ask(BEN, HowMuch()) == Total(total=1)
        held.release()


async def test_an_actor_that_is_needed_by_many_at_once_is_loaded_once(memory: World) -> None:
    async with memory.runtime() as actors, anyio.create_task_group() as asking:
        for _ in range(10):
            asking.start_soon(actors.ask, ANN, Add(by=1))
        await settled()
        assert (await actors.ask(ANN, HowMuch()), actors.metrics.activations) == (Total(total=10), 1)
