"""What is promised of threads: the runs of one talk never interleave, whatever their policy."""

from __future__ import annotations

import asyncio

import pytest

from aevatar.agents.agents_pb2 import ThreadState
from aevatar.agents.runs import Accepted, Refused, ReplySnapshot
from aevatar.agents.runs_pb2 import CancelRun, Sink
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.testing import elapse
from aevatar.testing.memory_sink import MemorySink
from aevatar.testing.scripted_model import Step, calls, fails, says
from tests.agents.kit import ALICE, ALPHA, World, call, prompt_told, slowly, ticks

THREAD = ActorId("agents.thread", ALPHA, "tester/t")


class Lazy(MemorySink):
    """Takes three seconds for everything."""

    async def send(self, snapshot: ReplySnapshot) -> Accepted | Refused:
        await elapse(3)
        return await super().send(snapshot)


async def both(world: World, policy: str) -> tuple[ActorId, ActorId]:
    """Two messages sent at once to one thread."""
    await world.agent(thread_policy=policy)
    first, second = await asyncio.gather(*(world.invoke("tester", text, thread="t") for text in ("One?", "Two?")))
    return world.run_of(first.run), world.run_of(second.run)


async def times(world: World, run: ActorId) -> tuple[int, int]:
    document = await world.document(run)
    return document.started_at, document.ended_at


async def test_two_messages_at_once_run_one_after_the_other_and_the_second_knows_the_first() -> None:
    world = World(slowly("First."), says("Second."))
    async with world.opened():
        first, second = await both(world, "queue")
        assert (await world.document(second)).status == "queued"
        assert await world.so_far(second) == ["run opened (queued)"]
        assert (await world.story(second))[-1] == "ended: completed"
        (_, ended), (began, _) = await times(world, first), await times(world, second)
        assert ended <= began
    assert prompt_told(world.model.requests[1]) == ["user: One?", "assistant: First.", "user: Two?"]


async def test_a_busy_thread_may_reject() -> None:
    world = World(slowly("First."))
    async with world.opened():
        await world.agent(thread_policy="reject")
        first = world.run_of((await world.invoke("tester", "One?", thread="t")).run)
        with pytest.raises(Rejected, match="thread_busy"):
            await world.invoke("tester", "Two?", thread="t")
        await world.story(first)
        assert len((await world.runs.list(ALICE)).items) == 1


async def test_a_new_message_may_interrupt_the_run_under_way() -> None:
    world = World(slowly("First", " of all."), says("Second."))
    async with world.opened():
        await world.agent(thread_policy="interrupt")
        first = world.run_of((await world.invoke("tester", "One?", thread="t")).run)
        await world.until(first, "open message: First")
        second = world.run_of((await world.invoke("tester", "Two?", thread="t")).run)
        assert (await world.story(first))[-2:] == ["message (incomplete): First", "ended: cancelled (cancelled)"]
        assert (await world.story(second))[-1] == "ended: completed"
    assert prompt_told(world.model.requests[1]) == ["user: One?", "assistant: First", "user: Two?"]


async def test_of_several_interruptions_the_last_one_is_answered() -> None:
    world = World(slowly("First", " of all."), says("Third."))
    world.sink = Lazy()  # so that the first takes its time to end
    async with world.opened():
        await world.agent(thread_policy="interrupt")
        chat = [Sink(id="chat", channel="memory")]
        first = world.run_of((await world.invoke("tester", "One?", thread="t", sinks=chat)).run)
        await world.until(first, "open message: First")
        later = [world.run_of((await world.invoke("tester", text, thread="t")).run) for text in ("Two?", "Three?")]
        ends = [(await world.story(run))[-1] for run in (first, *later)]
        assert ends == ["ended: cancelled (cancelled)"] * 2 + ["ended: completed"]
    assert len(world.model.requests) == 2


async def test_a_new_message_may_be_merged_into_the_run_under_way() -> None:
    world = World(calls(call("1", "slow_look")), says("Both."))
    async with world.opened():
        await world.agent(thread_policy="merge")
        first = await world.invoke("tester", "One?", thread="t")
        await world.until(world.run_of(first.run), 'call slow_look: {"text": "1"}')
        second = await world.invoke("tester", "Two?", thread="t")
        assert (second.run, second.is_merged) == (first.run, True)
        await world.story(world.run_of(first.run))
    assert prompt_told(world.model.requests[1])[-1] == "user: Two?"


async def test_a_message_that_comes_too_late_to_be_merged_starts_a_run_of_its_own() -> None:
    world = World(says("One."), says("Two."))
    world.sink = Lazy()
    async with world.opened():
        await world.agent(thread_policy="merge")
        chat = Sink(id="chat", channel="memory")
        first = await world.invoke("tester", "One?", thread="t", sinks=[chat])
        await elapse(1)  # its words are said, and being delivered
        second = await world.invoke("tester", "Two?", thread="t")
        assert (second.run == first.run, second.is_merged, second.is_queued) == (False, False, True)
        assert (await world.story(world.run_of(second.run)))[-1] == "ended: completed"
        assert prompt_told(world.model.requests[1]) == ["user: One?", "assistant: One.", "user: Two?"]
        await ticks()
        state = await world.state(THREAD, ThreadState)
        assert (state.active, list(state.queue), dict(state.merging)) == ("", [], {})


async def test_a_thread_keeps_only_so_many_waiting() -> None:
    world = World(slowly("First."), *[says("Next.")] * 20)
    async with world.opened():
        await world.agent()
        for number in range(21):
            await world.invoke("tester", f"{number}?", thread="t")
        with pytest.raises(Rejected, match="thread_queue_full"):
            await world.invoke("tester", "One more?", thread="t")


async def test_a_run_that_waits_can_be_cancelled_and_its_place_is_free() -> None:
    world = World(slowly("First."), says("Third."))
    async with world.opened():
        await world.agent()
        texts = ("One?", "Two?", "Three?")
        _, second, third = [world.run_of((await world.invoke("tester", text, thread="t")).run) for text in texts]
        assert await world.runs.cancel(ALICE, second.key) == "cancelled"
        assert await world.story(second) == ["run opened (queued)", "ended: cancelled (cancelled)"]
        assert (await world.story(third))[-1] == "ended: completed"
    assert prompt_told(world.model.requests[1]) == ["user: One?", "assistant: First.", "user: Three?"]


async def test_the_clock_of_a_run_begins_when_its_turn_comes() -> None:
    world = World(calls(call("500", "slow_put")), says("One."), calls(call("500", "slow_put")), says("Two."))
    world.toolbox.get("slow_put").timeout = 600
    async with world.opened():
        _, second = await both(world, "queue")
        assert (await world.story(second))[-1] == "ended: completed"


async def test_a_run_that_failed_is_not_part_of_the_talk() -> None:
    world = World(fails("invalid_request"), says("Second."))
    async with world.opened():
        _, second = await both(world, "queue")
        await world.story(second)
    assert prompt_told(world.model.requests[1]) == ["user: Two?"]


async def test_other_threads_do_not_wait() -> None:
    world = World(slowly("First."), says("Second."))
    async with world.opened():
        await world.agent()
        await world.invoke("tester", "One?", thread="t")
        other = world.run_of((await world.invoke("tester", "Two?", thread="u")).run)
        await ticks()
        assert (await world.document(other)).status == "completed"


@pytest.mark.parametrize("policy", ["queue", "interrupt", "merge"])
async def test_a_thread_goes_on_after_a_crash(policy: str) -> None:
    steps: list[Step] = [slowly("First", " of all."), slowly("First again."), says("Second.")]
    world = World(*steps)
    async with world.opened():
        first, second = await both(world, policy)
        await elapse(0.5)
    async with world.opened():
        assert (await world.story(first))[-1].startswith("ended")
        assert (await world.story(second))[-1] == "ended: completed"


async def test_the_same_command_is_the_same_run() -> None:
    world = World(says("First."))
    async with world.opened():
        await world.agent()
        twice = [await world.invoke("tester", "One?", thread="t", command_id="c-1") for _ in range(2)]
        assert twice[0] == twice[1]
        await world.story(world.run_of(twice[0].run))
        assert len((await world.runs.list(ALICE)).items) == 1


async def test_an_end_of_a_run_that_is_not_of_the_thread_changes_nothing() -> None:
    world = World(slowly("First."))
    async with world.opened():
        await world.agent()
        run = world.run_of((await world.invoke("tester", "One?", thread="t")).run)
        stranger = await world.begin(key="stranger", report_to=THREAD.text, model="offline/demo")
        await world.now.ask(stranger, CancelRun())
        await ticks()
        assert (await world.state(THREAD, ThreadState)).active == run.key
