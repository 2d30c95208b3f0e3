"""Replies to chat channels, rule by rule."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import aevatar
from aevatar.agents.runs import Accepted, Refused, ReplySnapshot
from aevatar.agents.runs.delivering import coalescing
from aevatar.agents.runs.delivering.coalescing import FINAL_ONLY, MARKER, MAX_INTERIM, TEXT_LIMIT, WINDOW_MS
from aevatar.agents.runs_pb2 import (
    ReplyAccepted,
    ReplyFinalised,
    ReplyRefused,
    ReplyRequested,
    RunConcluding,
    RunEnded,
    Sink,
)
from aevatar.testing import elapse
from aevatar.testing.memory_sink import MemorySink
from aevatar.testing.scripted_model import Step, calls, hangs, says
from tests.agents.kit import ALICE, World, breaks, call, slowly

CHAT = Sink(id="chat", channel="memory")


class Dated(MemorySink):
    """Knows when it was sent what, in seconds since its first text, and takes its time to answer."""

    def __init__(self, refusals: Iterable[Refused | None] = (), *, seconds: float = 0) -> None:
        super().__init__(refusals)
        self.seconds = seconds
        self.times: list[float] = []

    async def send(self, snapshot: ReplySnapshot) -> Accepted | Refused:
        self.times.append(asyncio.get_running_loop().time())
        answer = await super().send(snapshot)
        await elapse(self.seconds)
        return answer

    @property
    def log(self) -> list[tuple[float, str, bool]]:
        began = self.times[0] if self.times else 0.0
        return [(round(at - began, 1), sent.text, sent.final) for at, sent in zip(self.times, self.sent, strict=True)]


def chatting(*steps: Step, sink: MemorySink | None = None) -> World:
    world = World(*steps)
    world.sink = sink or Dated()
    return world


async def spoken(world: World, sink: Sink = CHAT, **fields: Any) -> list[str]:
    async with world.opened():
        return await world.play(sinks=[sink], **fields)


async def test_a_text_goes_out_at_once_and_the_whole_of_it_when_the_window_has_passed() -> None:  # rules 1, 2, 3
    world = chatting(slowly("a", "b", "c", "d", "e", every=0.2))
    await spoken(world)
    assert world.sink.log == [
        (0, "a", False),
        (0.3, "ab", False),
        (0.6, "abc", False),
        (0.9, "abcde", False),
    ]


async def test_blank_text_is_ignored() -> None:  # rule 1
    world = chatting(slowly("  ", "\n", "word", every=1))
    await spoken(world)
    assert [text for _, text, _ in world.sink.log] == ["  \nword"]


async def test_a_text_after_the_window_goes_out_at_once() -> None:  # rule 2
    world = chatting(slowly("a", "b", every=5))
    await spoken(world)
    assert world.sink.log == [(0, "a", False), (5, "ab", False)]


async def test_inside_the_window_one_flush_is_planned_and_only_the_newest_text_kept() -> None:  # rule 3
    world = chatting(slowly("a", "b", "c", "d", every=0.05))
    await spoken(world)
    assert world.sink.log == [(0, "a", False), (0.2, "abcd", True)]


async def test_a_flush_of_an_earlier_generation_is_dropped() -> None:  # rules 3, 7
    world = chatting(slowly("a", "b", every=0.1), sink=Dated(seconds=1))
    async with world.opened():
        run = await world.begin(sinks=[CHAT])
        await world.story(run)
        await elapse(5)
        assert world.sink.log == [(0, "a", False), (1, "ab", True)]
        assert isinstance((await world.facts(run))[-1], RunEnded)


async def test_texts_are_compared_as_they_would_be_shown() -> None:  # rule 4
    world = chatting(slowly("x" * 40, "y", "z", every=1))
    await spoken(world, Sink(id="chat", channel="memory", text_limit=30))
    assert [text for _, text, _ in world.sink.log] == ["x" * (30 - len(MARKER)) + MARKER]


async def test_a_text_is_cut_at_the_limit_of_the_sink_with_a_marker() -> None:  # rules 4, 11
    world = chatting(says("x" * (TEXT_LIMIT + 1)))
    await spoken(world)
    (sent,) = {sent.text for sent in world.sink.sent}
    assert (len(sent), sent.endswith(MARKER)) == (TEXT_LIMIT, True)


async def test_one_is_under_way_at_a_time_and_what_comes_meanwhile_waits_for_its_answer() -> None:  # rule 5
    world = chatting(slowly("a", "b", "c", "d", "e", every=1), sink=Dated(seconds=2.5))
    await spoken(world)
    assert world.sink.log == [
        (0, "a", False),
        (2.8, "abc", False),
        (5.3, "abcde", True),
    ]


async def test_the_cap_bounds_interim_texts_and_never_the_final_one() -> None:  # rule 6
    world = chatting(slowly(*"abcdef", every=1))
    await spoken(world, Sink(id="chat", channel="memory", max_interim=2))
    assert world.sink.log == [(0, "a", False), (1, "ab", False), (6, "abcdef", True)]


async def test_a_sink_may_want_nothing_but_the_final_text() -> None:  # rule 6
    world = chatting(slowly("a", "b", every=1))
    await spoken(world, Sink(id="chat", channel="memory", max_interim=FINAL_ONLY))
    assert [(text, final) for _, text, final in world.sink.log] == [("ab", True)]


def test_the_defaults_are_those_that_are_promised() -> None:  # rules 6, 11
    assert (WINDOW_MS, TEXT_LIMIT, MARKER, MAX_INTERIM) == (300, 30_000, "\n\n…[truncated]", 60)


async def test_the_final_text_bypasses_the_window_and_is_accepted_before_the_end_is_recorded() -> None:  # rule 7
    world = chatting(slowly("a", "b", every=0.1))
    async with world.opened():
        run = await world.begin(sinks=[CHAT])
        await world.story(run)
        kinds = (ReplyRequested, ReplyAccepted, RunConcluding, RunEnded)
        assert [type(fact).__name__ for fact in await world.facts(run, *kinds)] == [
            "ReplyRequested",
            "ReplyAccepted",
            "ReplyRequested",
            "RunConcluding",
            "ReplyAccepted",
            "RunEnded",
        ]
    assert world.sink.log == [(0, "a", False), (0.2, "ab", True)]


async def test_the_final_text_waits_for_the_one_under_way() -> None:  # rule 7
    world = chatting(slowly("a", "b", every=0.1), sink=Dated(seconds=4))
    await spoken(world)
    assert world.sink.log == [(0, "a", False), (4, "ab", True)]


async def test_a_final_text_that_is_shown_already_is_not_sent_again() -> None:  # rule 7
    world = chatting(slowly("all", every=2))
    async with world.opened():
        run = await world.begin(sinks=[CHAT])
        await world.story(run)
        assert len(await world.facts(run, ReplyFinalised)) == 1
    assert world.sink.log == [(0, "all", False)]


async def test_a_refusal_changes_nothing_and_the_next_text_carries_everything() -> None:  # rule 8
    world = chatting(slowly("a", "b", every=1), sink=Dated([Refused("busy")]))
    async with world.opened():
        run = await world.begin(sinks=[Sink(id="chat", channel="memory", max_interim=1)])
        await world.story(run)
        assert [fact.code for fact in await world.facts(run, ReplyRefused)] == ["busy"]
    assert world.sink.log == [(0, "a", False), (1, "ab", False)]  # the refused one does not count against the cap


async def test_a_refusal_may_ask_for_time() -> None:  # rule 8
    world = chatting(slowly("a", "b", "c", "d", every=1), sink=Dated([Refused("slow down", retry_after=2.5)]))
    await spoken(world)
    assert world.sink.log == [(0, "a", False), (2.5, "abc", False), (3, "abcd", False)]


async def test_a_refused_final_text_is_tried_three_times_more_and_the_outcome_of_the_run_stays() -> None:  # rule 8
    world = chatting(says("Hello."), sink=Dated([Refused("no")] * 9))
    async with world.opened():
        run = await world.begin(sinks=[Sink(id="chat", channel="memory", max_interim=FINAL_ONLY)])
        assert (await world.story(run))[-1] == "ended: completed"
        refused = await world.facts(run, ReplyRefused)
        assert [fact.is_final for fact in refused] == [False, False, False, True]
        document = await world.document(run)
        assert (document.status, document.reply_failed) == ("completed", True)


async def test_a_final_text_that_is_taken_at_last_is_no_failure() -> None:  # rule 8
    world = chatting(says("Hello."), sink=Dated([Refused("no")] * 3))
    async with world.opened():
        run = await world.begin(sinks=[Sink(id="chat", channel="memory", max_interim=FINAL_ONLY)])
        await world.story(run)
        assert not (await world.document(run)).reply_failed
    assert world.sink.shown == {"message-1": "Hello."}


async def test_a_channel_that_is_not_there_fails_the_reply_and_not_the_run() -> None:
    world = chatting(says("Hello."))
    async with world.opened():
        run = await world.begin(sinks=[Sink(id="chat", channel="nowhere")])
        assert (await world.story(run))[-1] == "ended: completed"
        assert (await world.document(run)).reply_failed


async def test_a_cancelled_run_amends_what_it_has_shown() -> None:  # rule 9
    world = chatting(slowly("a", "b", "c", every=0.2))
    async with world.opened():
        run = await world.begin(sinks=[CHAT])
        await world.until(run, "open message: ab")
        await world.runs.cancel(ALICE, run.key)
        assert (await world.story(run))[-1] == "ended: cancelled (cancelled)"
    assert world.sink.log[-1][1:] == ("ab", True)


async def test_a_cancelled_run_that_has_shown_nothing_sends_nothing() -> None:  # rule 9
    world = chatting(hangs("So far"))
    async with world.opened():
        run = await world.begin(sinks=[Sink(id="chat", channel="memory", max_interim=FINAL_ONLY)])
        await world.until(run, "open message: So far")
        await world.runs.cancel(ALICE, run.key)
        await world.story(run)
    assert world.sink.sent == []


async def test_a_cancelled_run_waits_five_seconds_for_its_channels_and_no_longer() -> None:  # rule 9
    world = chatting(hangs("So far"), sink=Dated(seconds=60))
    async with world.opened():
        run = await world.begin(sinks=[CHAT])
        await world.until(run, "open message: So far")
        began = asyncio.get_running_loop().time()
        assert await world.runs.cancel(ALICE, run.key) == "running"
        assert (await world.story(run))[-1] == "ended: cancelled (cancelled)"
        assert round(asyncio.get_running_loop().time() - began) == 5
        assert not (await world.document(run)).reply_failed


async def test_a_run_that_fails_ends_its_message_with_what_it_has() -> None:
    world = chatting(breaks("So far", after=5))
    assert (await spoken(world))[-1] == "ended: failed (unavailable)"
    assert world.sink.shown == {"message-1": "So far"}


async def test_after_a_crash_the_same_message_is_edited_and_no_second_one_posted() -> None:  # rule 10
    world = chatting(hangs("Once upon"), slowly("Once", " more.", every=1))
    async with world.opened():
        run = await world.begin(sinks=[CHAT])
        await world.until(run, "open message: Once upon")
        await elapse(1)
        assert world.sink.shown == {"message-1": "Once upon"}
    async with world.opened():
        await world.story(run)
    assert world.sink.shown == {"message-1": "Once more."}


async def test_an_effect_under_way_in_a_crash_repeats_with_its_id_and_posts_nothing_twice() -> None:  # rule 10
    world = chatting(hangs("Once upon"), says("Hello."), sink=Dated(seconds=3))
    async with world.opened():
        run = await world.begin(sinks=[CHAT])
        await world.until(run, "open message: Once upon")
        await elapse(1)
    async with world.opened():
        await world.story(run)
    first, again, *_ = world.sink.sent
    assert (first.effect_id, first.text) == (again.effect_id, again.text)
    assert world.sink.shown == {"message-1": "Hello."}


async def test_the_answer_after_a_round_of_tools_takes_the_place_of_what_was_said_before() -> None:
    world = chatting(calls(call("2", "slow_look"), text="Let me see."), says("Sunny."))
    await spoken(world)
    assert world.sink.shown == {"message-1": "Sunny."}


async def test_every_sink_has_a_state_of_its_own() -> None:
    world = chatting(slowly("a", "b", every=1))
    async with world.opened():
        few = Sink(id="few", channel="memory", max_interim=FINAL_ONLY, address="one")
        many = Sink(id="many", channel="memory", address="two")
        await world.play(sinks=[few, many])
    assert [(sent.address, sent.ordinal, sent.text, sent.final) for sent in world.sink.sent] == [
        ("two", 1, "a", False),
        ("two", 2, "ab", False),
        ("one", 1, "ab", True),
    ]


# Sinks are passive

SOURCE = Path(aevatar.__file__).parent
FORBIDDEN = frozenset(
    {
        *("sleep", "call_later", "call_at", "Timer"),
        *("create_task", "ensure_future", "TaskGroup", "to_thread", "Thread"),
        *("Lock", "Semaphore", "Event", "Queue"),
    }
)


def sinks() -> list[str]:
    """The modules of ours in which a class sends replies."""
    found = (path for path in SOURCE.rglob("*.py") if any(map(_is_sink, ast.walk(ast.parse(path.read_text("utf-8"))))))
    return sorted(str(path.relative_to(SOURCE)) for path in found)


def _is_sink(node: ast.AST) -> bool:
    is_send = isinstance(node, ast.AsyncFunctionDef) and node.name == "send"
    return is_send and "snapshot" in [argument.arg for argument in node.args.args]


def test_there_are_sinks_to_look_at() -> None:
    assert "testing/memory_sink.py" in sinks()


@pytest.mark.parametrize("sink", sinks())
def test_no_sink_has_a_timer_a_sleep_a_task_a_lock_or_a_loop(sink: str) -> None:
    tree = list(ast.walk(ast.parse((SOURCE / sink).read_text("utf-8"))))
    names = {node.attr for node in tree if isinstance(node, ast.Attribute)}
    names |= {node.id for node in tree if isinstance(node, ast.Name)}
    assert names & FORBIDDEN == set()
    assert not [node for node in tree if isinstance(node, ast.While | ast.AsyncFor | ast.AsyncWith)]


def test_the_state_machine_itself_waits_for_nothing() -> None:
    tree = ast.parse(inspect.getsource(coalescing))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
    assert "time" not in {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
