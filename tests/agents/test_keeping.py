"""How long a run is kept: a month, or as long as a run needs it that goes on from it; an unstored one hardly at all."""

from __future__ import annotations

import msgspec

from aevatar.agents.runs_pb2 import DeleteRun, History, ReaderCame, ReaderLeft
from aevatar.identity import ActorId
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, hangs, says
from tests.agents.kit import ALICE, ALPHA, World, invoking, slowly

DAY = 24 * 3600.0


async def known(world: World, *keys: str) -> list[str]:
    """Which of these runs are still found."""
    found = [await world.now.readmodels.get("agents.runs", ALPHA, key) for key in keys]
    return [key for key, document in zip(keys, found, strict=True) if document is not None]


def is_kept(world: World, text: str) -> bool:
    return text.encode() in msgspec.msgpack.encode(world.store.contents)


async def test_a_run_is_erased_thirty_days_after_its_end() -> None:
    world = World(says("Remember me."))
    async with world.opened():
        run = await world.begin()
        story = await world.story(run)
    await elapse(29.9 * DAY)
    async with world.opened():
        await elapse(60)
        assert (await known(world, run.key), await world.story(run)) == ([run.key], story)
    await elapse(0.2 * DAY)
    async with world.opened():
        await elapse(60)
        assert await known(world, run.key) == []
        assert not is_kept(world, "Remember me.")


async def test_a_run_is_kept_as_long_as_a_run_that_goes_on_from_it() -> None:
    world = World(says("One."), says("Two."), says("Three."))
    keys = ("run_1", "run_2", "run_3")
    previous = ""
    for key in keys:
        async with world.opened():
            run = await world.begin(key=key, history=History(previous_run=previous))
            await world.story(run)
            previous = run.text
        await elapse(20 * DAY)
    for days, kept in ((9, list(keys)), (2, [])):  # the first is sixty days old, the last one twenty
        await elapse(days * DAY)
        async with world.opened():
            await elapse(60)
            assert await known(world, *keys) == kept


async def test_a_run_that_is_not_due_yet_outlives_the_one_that_went_on_from_it() -> None:
    world = World(says("One."), says("Two."))
    async with world.opened():
        first = await world.begin(key="run_1")
        await world.story(first)
        second = await world.begin(key="run_2", history=History(previous_run=first.text))
        await world.story(second)
        await world.now.ask(second, DeleteRun())
        await elapse(60)
        assert await known(world, "run_1", "run_2") == ["run_1"]


async def test_the_bytes_of_an_unstored_run_are_gone_within_a_minute() -> None:
    world = World(says("Forget me."))
    async with world.opened():
        run = await world.begin("A secret wish", is_unstored=True)
        await world.story(run)
        await elapse(60)
        assert await known(world, run.key) == []
        assert not is_kept(world, "Forget me.")
        assert not is_kept(world, "A secret wish")


async def test_with_an_unstored_run_go_the_runs_below_it() -> None:
    world = World(calls(invoking("helper", "A secret wish")), says("Forget me."), says("Done."))
    async with world.opened():
        await world.agent("helper", tools="")
        run = await world.begin(is_unstored=True, tools="everything")
        await world.story(run)
        await elapse(120)
        assert (await world.runs.list(ALICE)).items == []
        assert not is_kept(world, "Forget me.")
        assert not is_kept(world, "A secret wish")


async def test_a_run_that_an_unstored_one_only_started_ends_first() -> None:
    going = calls(invoking("helper", "A secret wish", wait="ack"))
    world = World(going, says("Done."), other=[slowly("a", "b", every=50)])
    async with world.opened():
        await world.agent("helper", tools="", model="other/one")
        run = await world.begin(is_unstored=True, tools="everything")
        await world.story(run)
        await elapse(70)
        assert ((await world.runs.list(ALICE)).items, is_kept(world, "A secret wish")) == ([], True)
        await elapse(100)
        assert not is_kept(world, "A secret wish")


async def test_an_unstored_run_that_nobody_reads_is_cancelled_unless_somebody_comes_back() -> None:
    world = World(hangs("a"), hangs("b"))
    async with world.opened():
        for key, comes_back in (("run_1", False), ("run_2", True)):
            run = await world.begin(key=key, is_unstored=True)
            await world.now.ask(run, ReaderLeft(cancel_after=30))
            if comes_back:
                await world.now.ask(run, ReaderCame())
            await elapse(35)
            assert (await world.document(run)).status == ("running" if comes_back else "cancelled")


async def test_an_unstored_run_does_not_long_outlive_the_process_that_its_reader_was_connected_to() -> None:
    world = World(*[hangs("a")] * 6)
    for key, is_unstored, comes_back in (("run_1", True, False), ("run_2", True, True), ("run_3", False, False)):
        async with world.opened():
            run = await world.begin(key=key, is_unstored=is_unstored)
            await world.until(run, "open message: a")
        async with world.opened():
            if comes_back:
                await elapse(1)
                await world.now.ask(run, ReaderCame())
            await elapse(35)
            gone = is_unstored and not comes_back
            assert (await world.document(run)).status == ("cancelled" if gone else "running")
            await world.runs.cancel(ALICE, run.key)


async def test_a_deleted_run_is_cancelled_hidden_and_erased() -> None:
    world = World(hangs("Forget me."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "open message: Forget me.")
        await world.now.ask(run, DeleteRun())
        assert await known(world, run.key) == []
        await elapse(60)
        assert not is_kept(world, "Forget me.")
        assert world.model.open == 0


async def test_erasing_waits_for_a_run_under_way_that_goes_on_from_it() -> None:
    world = World(says("One."), slowly("Two", ".", every=40))
    async with world.opened():
        first = await world.begin(key="run_1")
        await world.story(first)
        second = await world.begin(key="run_2", history=History(previous_run=first.text))
        await world.now.ask(first, DeleteRun(continued_by=[second.text]))
        await elapse(60)
        assert is_kept(world, "One.")
        await world.story(second)
        await elapse(60)
        assert await world.journal.load(ActorId("agents.run", ALPHA, "run_1").text) is not None
        assert not is_kept(world, "One.")
