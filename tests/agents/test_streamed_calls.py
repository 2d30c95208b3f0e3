"""Calls as readers see them while the model writes their arguments, and what becomes of those it never finishes."""

from __future__ import annotations

from collections import defaultdict

import pytest
from google.protobuf.message import Message

from aevatar.actors import Limits
from aevatar.agents.runs_pb2 import ReplyRestarted, RunLimits
from aevatar.agents.stream_pb2 import ITEM_KIND_CALL, ItemClosed, ItemOpened, ToolResultShown
from aevatar.models import ModelError
from aevatar.models.models_pb2 import FINISH_LENGTH, FINISH_TOOL_CALLS, Finish, ModelDelta, ToolSpec
from aevatar.sessions import Delta
from aevatar.testing import elapse
from aevatar.testing.scripted_model import USAGE, Pause, Step, calls, says
from tests.agents.kit import ALICE, World, breaks, call

LOOK = ('{"te', 'xt": ', '"a"}')


def writes(
    *fragments: str, tool: str = "look", every: float = 1, text: str = "", finish: Finish = FINISH_TOOL_CALLS
) -> Step:
    """A reply that writes the arguments of one call, with so many seconds after each piece."""
    said = [ModelDelta(text=text)] if text else []
    return Step((*said, *written(0, tool, *fragments, every=every), *ends(finish)))


def written(index: int, tool: str, *fragments: str, every: float = 1) -> list[ModelDelta | Pause]:
    pieces = [ModelDelta(call_arguments={"index": index, "fragment": fragment}) for fragment in fragments]
    opened = ModelDelta(call_opened={"index": index, "name": tool})
    return [opened, *(part for piece in pieces for part in (piece, Pause(every)))]


def ends(finish: Finish = FINISH_TOOL_CALLS) -> list[ModelDelta]:
    return [ModelDelta(usage=USAGE), ModelDelta(finished=finish)]


def arguments_in(events: list[Message]) -> dict[str, list[str]]:
    """The pieces of each item that is a call, by its name."""
    names = {each.item_id: each.name for each in events if isinstance(each, ItemOpened) and each.kind == ITEM_KIND_CALL}
    pieces: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if isinstance(event, Delta) and event.item in names:
            pieces[names[event.item]].append(event.text)
    return dict(pieces)


async def test_the_arguments_of_a_call_are_shown_as_the_model_writes_them() -> None:
    world = World(writes(*LOOK, text="Let me see."), says("Done."))
    async with world.opened():
        run = await world.begin()
        await elapse(1.5)
        assert await world.so_far(run) == [
            "run opened",
            "step 1",
            "open message: Let me see.",
            'open call look: {"text": ',
        ]
        events = await world.shown(run)
        assert arguments_in(events) == {"look": list(LOOK)}
        assert await world.story(run) == [
            "run opened",
            "step 1",
            "message (commentary): Let me see.",
            'call look: {"text": "a"}',
            'result of look: {"text":"a"}',
            "step 1 done",
            "step 2",
            "message: Done.",
            "step 2 done",
            "ended: completed",
        ]


async def test_pieces_that_come_quickly_are_joined() -> None:
    world = World(writes(*LOOK, every=0.005), says("Done."))
    async with world.opened():
        run = await world.begin()
        assert arguments_in(await world.shown(run)) == {"look": ['{"text": "a"}']}


async def test_long_arguments_do_not_wait_for_the_time_to_pass() -> None:
    fragments = ('{"text": "', *(["x" * 100] * 5), '"}')
    world = World(writes(*fragments, every=0), says("Done."))
    async with world.opened():
        run = await world.begin()
        assert [len(piece) for piece in arguments_in(await world.shown(run))["look"]] == [310, 202]


async def test_calls_whose_pieces_alternate_are_shown_beside_each_other() -> None:
    one, two = written(0, "look", '{"text"', ': "a"}'), written(1, "slow_look", '{"te', 'xt": "b"}')
    world = World(Step((*one[:3], *two[:3], *one[3:], *two[3:], *ends())), says("Done."))
    async with world.opened():
        run = await world.begin()
        assert arguments_in(await world.shown(run)) == {
            "look": ['{"text"', ': "a"}'],
            "slow_look": ['{"te', 'xt": "b"}'],
        }
        assert (await world.story(run))[2:4] == ['call look: {"text": "a"}', 'call slow_look: {"text": "b"}']


async def test_of_many_calls_the_first_eight_are_shown_as_they_come_and_all_in_order() -> None:
    many = [part for index in range(10) for part in written(index, "look", '{"text":', f'"{index}"}}')]
    world = World(Step((*many, *ends())), says("Done."))
    async with world.opened():
        run = await world.begin()
        await elapse(19.5)
        assert len([line for line in await world.so_far(run) if line.startswith("open call")]) == 8
        shown = [line for line in await world.story(run) if line.startswith("call")]
        assert shown == [f'call look: {{"text":"{index}"}}' for index in range(10)]


@pytest.mark.parametrize("text", ["", "So: "])
async def test_a_call_that_is_cut_off_is_closed_as_incomplete_and_the_next_one_is_another(text: str) -> None:
    world = World(writes(*LOOK[:2], text=text, finish=FINISH_LENGTH), writes(*LOOK), says("Done."))
    async with world.opened():
        run = await world.begin()
        story = [line for line in await world.story(run) if "call" in line or "result" in line]
        assert story == [
            'call look (incomplete): {"text": ',
            'call look: {"text": "a"}',
            'result of look: {"text":"a"}',
        ]
        opened = [each.item_id for each in await world.shown(run) if isinstance(each, ItemOpened)]
        assert len(opened) == len(set(opened))
        assert [line for line in await world.transcript(run) if line.startswith("call")] == ['call look {"text": "a"}']


async def test_a_reply_that_breaks_off_in_its_calls_is_asked_for_again_and_nothing_of_it_is_made() -> None:
    broken = Step((*written(0, "write", '{"text": "a"}', every=1), ModelError("unavailable", "It broke.")))
    world = World(broken, writes(*LOOK), says("Done."))
    async with world.opened():
        assert await world.play() == [
            "run opened",
            "step 1",
            'given up call write: {"text": "a"}',
            "restarted: stream_interrupted",
            'call look: {"text": "a"}',
            'result of look: {"text":"a"}',
            "step 1 done",
            "step 2",
            "message: Done.",
            "step 2 done",
            "ended: completed",
        ]


async def test_another_model_answers_for_one_that_breaks_off_in_its_calls() -> None:
    broken = Step((*written(0, "look", '{"te'), ModelError("unavailable", "It broke.")))
    world = World(broken, broken, broken, other=[writes(*LOOK), says("Done.")])
    async with world.opened():
        story = await world.play(fallbacks=["other/model"])
        assert story[-8:] == [
            "warned: scripted/model failed with unavailable; other/model answers in its place",
            'call look: {"text": "a"}',
            'result of look: {"text":"a"}',
            "step 1 done",
            "step 2",
            "message: Done.",
            "step 2 done",
            "ended: completed",
        ]


async def test_a_reply_that_breaks_off_after_its_text_is_not_asked_for_again() -> None:
    broken = Step((ModelDelta(text="So: "), *written(0, "look", '{"te'), ModelError("unavailable", "It broke.")))
    world = World(broken)
    async with world.opened():
        assert (await world.play())[2:] == [
            "message (incomplete): So: ",
            'call look (incomplete): {"te',
            "ended: failed (unavailable)",
        ]


async def test_a_run_that_is_cancelled_gives_up_a_call_half_written() -> None:
    world = World(Step((*written(0, "look", '{"te'), Pause())))
    async with world.opened():
        run = await world.begin()
        await elapse(0.5)
        await world.runs.cancel(ALICE, run.key, reason="enough")
        assert (await world.story(run))[2:] == ['call look (incomplete): {"te', "ended: cancelled (cancelled)"]
        assert await world.transcript(run) == ["user: Hi"]


async def test_what_was_written_of_a_call_is_counted_though_it_is_given_up() -> None:
    world = World(Step((*written(0, "look", "x" * 400), Pause())))
    async with world.opened():
        run = await world.begin()
        await elapse(0.5)
        await world.runs.cancel(ALICE, run.key, reason="enough")
        assert (await world.document(run)).usage.output_tokens == 101


async def test_after_a_crash_a_call_half_written_is_written_again_from_its_beginning() -> None:
    world = World(Step((*written(0, "look", '{"te'), Pause())), writes(*LOOK), says("Done."))
    async with world.opened():
        run = await world.begin()
        await elapse(0.5)
    async with world.opened():
        assert (await world.story(run))[2:6] == [
            'given up call look: {"te',
            "restarted: process_restarted",
            'call look: {"text": "a"}',
            'result of look: {"text":"a"}',
        ]


async def test_the_calls_of_a_last_reply_are_not_shown_for_they_are_not_made() -> None:
    world = World(calls(call("a")), writes(*LOOK, text="So be it."))
    async with world.opened():
        story = await world.play(limits=RunLimits(rounds=1))
        assert story[-3:] == ["message: So be it.", "step 2 done", "ended: completed"]


@pytest.mark.parametrize("has_text", [True, False])
async def test_a_run_that_left_memory_in_the_middle_of_a_reply_shows_it_again_once(has_text: bool) -> None:
    text = [ModelDelta(text="So: "), Pause(50)] if has_text else []
    world = World(Step((*text, *written(0, "look", *LOOK, every=50), *ends())), says("Done."))
    world.limits = Limits(idle=10)
    async with world.opened():
        run = await world.begin()
        story = await world.story(run)
        assert len(await world.facts(run, ReplyRestarted)) == 1
        assert story[story.index("restarted: stream_interrupted") + 1 :][: 1 + has_text] == [
            *(["message (commentary): So: "] if has_text else []),
            'call look: {"text": "a"}',
        ]
        assert story[-1] == "ended: completed"


async def test_whose_a_call_is_stands_with_its_beginning() -> None:
    client = [ToolSpec(name="open_door", schema='{"type":"object"}')]
    world = World(writes("{", "}", tool="open_door"))
    async with world.opened():
        run = await world.begin(client_tools=client)
        await elapse(0.5)
        assert (await world.so_far(run))[-1] == "open client call open_door: {"
        assert (await world.story(run))[-1] == "ended: completed"
        assert not [event for event in await world.shown(run) if isinstance(event, ToolResultShown)]


async def test_every_item_that_is_opened_is_closed_once() -> None:
    world = World(writes(*LOOK, text="So: ", finish=FINISH_LENGTH), breaks("half"), says("never"))
    async with world.opened():
        events = await world.shown(await world.begin())
        opened = [each.item_id for each in events if isinstance(each, ItemOpened)]
        assert sorted(opened) == sorted(each.item_id for each in events if isinstance(each, ItemClosed))
