"""What is promised of crashes: every phase has its row, one end, and no unsafe tool is carried out twice."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aevatar.actors import Runtime
from aevatar.agents import BUDGET
from aevatar.agents.agents_pb2 import SetBudget
from aevatar.agents.runs import Accepted
from aevatar.agents.runs_pb2 import ModelCallInterrupted, RunContext, RunEnded, Sink
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.testing import MemoryJournal, MemoryStore, crash_at_every_write, elapse
from aevatar.testing.crash import Store
from aevatar.testing.scripted_model import calls, hangs, says
from aevatar.tools import Reconciled
from tests.agents.kit import ALICE, ALPHA, World, call, ticks
from tests.tools.samples import Answer

PURSE = ActorId(BUDGET, ALPHA, "scope")
_NAMES = re.compile(r'"[^"]*run_[^"]*"|"command_id":"[^"]*"|"usage":{[^}]*}')
"""What may differ after a crash: names made from versions, and what the calls that were lost have cost."""
SEND = 'call send: {"text": "50"}'


def results(story: list[str]) -> list[str]:
    return [line.removeprefix("result of ") for line in story if line.startswith("result")]


# Accepted, preparing, calling


async def test_a_run_that_was_only_accepted_is_begun_by_the_next_process() -> None:
    world = World(says("Hello."))
    run = ActorId("agents.run", ALPHA, "run_1")
    async with world.opened():
        await world.now.dispatch(run, world.start(), command_id="start:run_1", principal=ALICE)
    async with world.opened():
        assert (await world.story(run))[-1] == "ended: completed"


async def test_a_run_that_looked_for_tools_looks_again() -> None:
    world = World(says("Hello."))
    async with world.opened():
        run = await world.begin()
    async with world.opened():
        assert await world.story(run) == ["run opened", "step 1", "message: Hello.", "step 1 done", "ended: completed"]
    assert len(world.model.requests) == 1


async def test_a_call_of_which_nothing_was_shown_is_made_again_and_readers_notice_nothing() -> None:
    world = World(hangs(), says("Hello."))
    async with world.opened():
        run = await world.begin()
        await ticks()
    async with world.opened():
        assert await world.story(run) == ["run opened", "step 1", "message: Hello.", "step 1 done", "ended: completed"]
    assert [made.call_id for made in world.model.calls] == ["run_1:r1"] * 2


async def test_a_message_that_was_under_way_is_given_up_and_made_anew() -> None:
    world = World(hangs("Once upon"), says("Hello."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "open message: Once upon")
    async with world.opened():
        assert (await world.story(run))[1:] == [
            "step 1",
            "given up message: Once upon",
            "restarted: process_restarted",
            "message: Hello.",
            "step 1 done",
            "ended: completed",
        ]
        assert await world.transcript(run) == ["user: Hi", "assistant: Hello."]


async def test_a_call_is_made_again_three_times_and_then_the_run_is_interrupted() -> None:
    world = World(*[hangs("Once")] * 4)
    for _ in range(4):
        async with world.opened():
            run = await world.begin()
            await elapse(1)
    async with world.opened():
        story = await world.story(run)
        assert story[-1] == "ended: interrupted (interrupted)"
        assert len(await world.facts(run, ModelCallInterrupted)) == len(world.model.calls) == 3


# Executing


@pytest.mark.parametrize("tool", ["slow_look", "slow_put"])
async def test_a_tool_that_may_be_repeated_is_with_the_same_effect_id(tool: str) -> None:
    world = World(calls(call("50", tool)), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, f'call {tool}: {{"text": "50"}}')
    async with world.opened():
        assert results(await world.story(run)) == [f'{tool}: {{"text":"slept 50"}}']
    first, second = world.toolbox.calls
    assert first.context.effect_id == second.context.effect_id


@pytest.mark.parametrize(
    ("known", "done", "result"),
    [
        (Reconciled(Answer(text="it was sent")), ["send", "send?"], 'send: {"text":"it was sent"}'),
        (Reconciled(None), ["send", "send?", "send"], 'send: {"text":"slept 50"}'),
    ],
)
async def test_a_tool_that_can_tell_what_became_of_its_call_is_asked(
    known: Reconciled[Any], done: list[str], result: str
) -> None:
    world = World(calls(call("50", "send")), says("Done."))
    world.toolbox.get("send").known = known
    async with world.opened():
        run = await world.begin()
        await world.until(run, SEND)
    async with world.opened():
        assert results(await world.story(run)) == [result]
    asked = world.toolbox.calls[1].context
    assert asked.effect_id == world.toolbox.calls[0].context.effect_id
    assert [each.name for each in world.toolbox.calls] == done


@pytest.mark.parametrize(
    ("decision", "done", "result"),
    [
        ("retry", 2, 'slow_write: {"text":"slept 50"}'),
        ("done", 1, 'slow_write: {"status": "done", "note": "I looked."}'),
        ("failed", 1, "slow_write: tool_failed"),
    ],
)
@pytest.mark.parametrize("tool", ["slow_write", "send"])
async def test_a_person_is_asked_about_a_call_of_which_nobody_can_tell(
    tool: str, decision: str, done: int, result: str
) -> None:
    world = World(calls(call("50", tool)), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, f'call {tool}: {{"text": "50"}}')
    async with world.opened():
        await world.until(run, f'may {tool} {{"text": "50"}}? (outcome_unknown)')
        await world.decide(run, decision, reason="I looked.")
        assert results(await world.story(run)) == [result.replace("slow_write", tool)]
    assert len([each for each in world.toolbox.calls if each.name == tool]) == done


async def test_a_question_about_a_call_that_nobody_answers_ends_as_unknown() -> None:
    world = World(calls(call("50", "slow_write")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, 'call slow_write: {"text": "50"}')
    async with world.opened():
        await elapse(24 * 3600 + 1)
        assert results(await world.story(run)) == ["slow_write: tool_outcome_unknown"]
    assert len(world.toolbox.calls) == 1


async def test_an_unattended_run_tells_the_model_that_the_outcome_is_unknown() -> None:
    world = World(calls(call("50", "slow_write")), says("Done."))
    async with world.opened():
        run = await world.begin(context=RunContext(is_unattended=True))
        await world.until(run, 'call slow_write: {"text": "50"}')
    async with world.opened():
        assert results(await world.story(run)) == ["slow_write: tool_outcome_unknown"]
    assert len(world.toolbox.calls) == 1


async def test_a_tool_that_fails_to_tell_leaves_the_outcome_unknown() -> None:
    async def break_down(args: Any, context: Any) -> None:
        raise ConnectionError

    world = World(calls(call("50", "send")), says("Done."))
    world.toolbox.get("send").reconcile = break_down
    async with world.opened():
        run = await world.begin()
        await world.until(run, SEND)
    async with world.opened():
        await world.until(run, 'may send {"text": "50"}? (outcome_unknown)')


# Delivering, cancelling, ended


async def test_a_final_reply_under_way_is_sent_again_under_the_same_effect_id() -> None:
    world = World(says("Hello."))
    world.sink = Slow(3)
    async with world.opened():
        run = await world.begin(sinks=[Sink(id="chat", channel="memory", max_interim=0xFFFF_FFFF)])
        await elapse(1)
    world.sink.seconds = 0
    async with world.opened():
        assert (await world.story(run))[-1] == "ended: completed"
    first, second = world.sink.sent
    assert (first.text, first.effect_id) == (second.text, second.effect_id) == ("Hello.", first.effect_id)


async def test_a_cancellation_is_not_undone_by_a_crash_and_the_end_follows() -> None:
    world = World(hangs("So far"))
    world.sink = Slow(3)
    async with world.opened():
        run = await world.begin(sinks=[Sink(id="chat", channel="memory")])
        await world.until(run, "open message: So far")
        await world.runs.cancel(ALICE, run.key)
    async with world.opened():
        assert (await world.story(run))[-2:] == ["message (incomplete): So far", "ended: cancelled (cancelled)"]
        assert len(world.model.requests) == 1


async def test_a_run_that_has_ended_is_left_alone() -> None:
    world = World(says("Hello."))
    async with world.opened():
        run = await world.begin()
        story = await world.story(run)
    async with world.opened():
        await elapse(3600)
        assert await world.story(run) == story
        assert len(await world.facts(run, RunEnded)) == 1


# Before every write


class Slow:
    """A chat channel that takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.sent: list[Any] = []

    async def send(self, snapshot: Any) -> Any:
        self.sent.append(snapshot)
        await elapse(self.seconds)
        return Accepted("message-1")


class Remembering(MemoryJournal):
    """Never comes to the day on which runs are erased."""

    async def due(self, now: int, limit: int) -> Any:
        return [timer for timer in await super().due(now, 1_000) if timer.name != "erase"][:limit]


class Everything:
    """A run with a budget, tools of several tempers, a sub-run and a chat channel, by a model that needs no script."""

    text = """/call look {"text": "a"}
/call put {"text": "b"}
/call aevatar_invoke_gagent {"target": {"agent_key": "echo"}, "payload": {"prompt": "hi"}, "wait": "complete"}"""

    def __init__(self) -> None:
        self.world = World()

    def new_store(self) -> Store:
        self.world.toolbox.calls.clear()
        store = MemoryStore()
        return lambda: Remembering(store)

    def runtime(self, journal: Journal) -> Runtime:
        self.world.journal = journal
        return self.world.runtime(journal)

    async def play(self, runtime: Runtime) -> None:
        await self.world.agent("echo", tools="", model="offline/demo")
        await runtime.ask(PURSE, SetBudget(tokens=1_000_000), command_id="budget")
        run = await self.world.begin(
            self.text,
            tools="everything",
            model="offline/demo",
            context=RunContext(budget=PURSE.text),
            sinks=[Sink(id="chat", channel="memory")],
        )
        await self.world.story(run)

    async def end(self, runtime: Runtime, journal: Journal) -> Any:
        run = ActorId("agents.run", ALPHA, "run_1")
        story = await self.world.story(run)
        ended = [line for line in story if not line.startswith(" ") and line.startswith("ended")]
        said = [_NAMES.sub("…", line) for line in await self.world.transcript(run)]
        runs = (await self.world.runs.list(ALICE)).items
        assert story[-1] == ended[-1]
        return ended, said, len(runs), len(await self.world.facts(run, RunEnded)), await self._open_reservations()

    async def _open_reservations(self) -> int:
        found: Any = await self.world.now.readmodels.get("agents.budgets", ALPHA, "scope")
        return found.document.open


async def test_a_run_ends_the_same_wherever_its_process_dies() -> None:
    everything = Everything()
    assert await crash_at_every_write(everything, everything.new_store) > 20


class Unsafe(Everything):
    """A run whose tool may not be carried out twice, and nobody is there to ask."""

    text = '/call write {"text": "once"}'

    async def play(self, runtime: Runtime) -> None:
        context = RunContext(is_unattended=True)
        await self.world.story(await self.world.begin(self.text, model="offline/demo", context=context))

    async def end(self, runtime: Runtime, journal: Journal) -> Any:
        run = ActorId("agents.run", ALPHA, "run_1")
        assert len(self.world.toolbox.calls) <= 1
        result = results(await self.world.story(run))
        assert result in (['write: {"text":"once"}'], ["write: tool_outcome_unknown"])
        assert (result == ['write: {"text":"once"}']) <= (len(self.world.toolbox.calls) == 1)
        return (await self.world.document(run)).status, len(await self.world.facts(run, RunEnded))


async def test_an_unsafe_tool_is_carried_out_at_most_once_wherever_its_process_dies() -> None:
    unsafe = Unsafe()
    assert await crash_at_every_write(unsafe, unsafe.new_store) > 8
