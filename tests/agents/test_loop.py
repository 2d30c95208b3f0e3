"""The loop of a run: ask the model, carry out its calls, ask again, end."""

from __future__ import annotations

import asyncio

import pytest

from aevatar.agents.runs.actor import CONTINUE
from aevatar.agents.runs.prompting.prompt import CONCLUDE
from aevatar.agents.runs_pb2 import AddRunInput, MessageProduced, ModelFellBack, Parameters, RunEnded, RunLimits
from aevatar.agents.service import user_message
from aevatar.models.models_pb2 import (
    FINISH_CONTENT_FILTER,
    FINISH_LENGTH,
    FINISH_STOP,
    TextFormat,
    ToolChoice,
    ToolSpec,
    Usage,
)
from aevatar.testing.scripted_model import calls, fails, hangs, says
from tests.agents.kit import ALICE, World, breaks, call, prompt_told, slowly

JSON = Parameters(text_format=TextFormat(kind=TextFormat.KIND_JSON_SCHEMA, schema='{"type":"object"}'))
CLIENT = [ToolSpec(name="open_door", description="The client's", schema='{"type":"object"}')]


async def test_a_reply_that_stops_completes_the_run() -> None:
    world = World(says("Hel", "lo."))
    async with world.opened():
        assert await world.play("Hi") == [
            "run opened",
            "step 1",
            "message: Hello.",
            "step 1 done",
            "ended: completed",
        ]
    world.model.assert_played()


async def test_the_results_of_calls_go_back_to_the_model() -> None:
    world = World(calls(call("weather"), text="Let me see."), says("Sunny."))
    async with world.opened():
        assert await world.play("Weather?") == [
            "run opened",
            "step 1",
            "message (commentary): Let me see.",
            'call look: {"text": "weather"}',
            'result of look: {"text":"weather"}',
            "step 1 done",
            "step 2",
            "message: Sunny.",
            "step 2 done",
            "ended: completed",
        ]
    assert prompt_told(world.model.requests[1]) == [
        "user: Weather?",
        'assistant: Let me see. [look {"text": "weather"}]',
        'tool: {"text":"weather"}',
    ]
    world.model.assert_played()


async def test_thoughts_are_shown_before_what_is_said_and_return_to_the_model() -> None:
    world = World(calls(call("a"), text="One."), says("Two.", reasoning="Hm."), says("Three."))
    async with world.opened():
        run = await world.begin()
        assert (await world.story(run))[5:] == [
            "step 1 done",
            "step 2",
            "thought: Hm.",
            "message: Two.",
            "step 2 done",
            "ended: completed",
        ]
        assert (await world.transcript(run))[-2:] == ["thought: Hm.", "assistant: Two."]


async def test_the_end_is_recorded_once_and_is_the_last_fact() -> None:
    world = World(says("Hello."))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        await world.runs.cancel(ALICE, run.key)
        facts = await world.facts(run)
        assert [type(fact) for fact in facts].count(RunEnded) == 1
        assert isinstance(facts[-1], RunEnded)
        assert (await world.document(run)).status == "completed"


# A reply that is cut by its length


async def test_a_reply_cut_by_length_is_continued_and_what_asked_for_more_is_never_shown() -> None:
    world = World(says("One ", finish=FINISH_LENGTH), says("two."))
    async with world.opened():
        run = await world.begin("Count")
        assert await world.story(run) == [
            "run opened",
            "step 1",
            "message: One two.",
            "step 1 done",
            "ended: completed",
        ]
        assert await world.transcript(run) == ["user: Count", "assistant: One two."]
    assert prompt_told(world.model.requests[1]) == ["user: Count", "assistant: One ", f"user: {CONTINUE}"]


async def test_a_fourth_piece_in_a_row_is_the_last() -> None:
    cut = [says(f"{n} ", finish=FINISH_LENGTH) for n in range(1, 6)]
    world = World(*cut)
    async with world.opened():
        run = await world.begin()
        assert (await world.story(run))[2:] == [
            "message (incomplete): 1 2 3 4 ",
            "step 1 done",
            "ended: incomplete (max_output_tokens)",
        ]
        assert await world.transcript(run) == ["user: Hi", "assistant (incomplete): 1 2 3 4 "]
    assert len(world.model.requests) == 4


async def test_a_round_of_tools_lets_the_count_of_pieces_begin_anew() -> None:
    cut = says("more ", finish=FINISH_LENGTH)
    world = World(cut, cut, cut, calls(call("a")), cut, cut, cut, says("end."))
    async with world.opened():
        story = await world.play()
    assert [line for line in story if line.startswith(("message", "ended"))] == [
        "message (commentary): more more more ",
        "message: more more more end.",
        "ended: completed",
    ]


async def test_output_that_the_caller_bounded_is_not_continued_once_it_is_used_up() -> None:
    world = World(says("Long", finish=FINISH_LENGTH, usage=Usage(input_tokens=3, output_tokens=16)))
    async with world.opened():
        run = await world.begin(parameters=Parameters(max_output_tokens=16))
        assert (await world.story(run))[-3:] == [
            "message (incomplete): Long",
            "step 1 done",
            "ended: incomplete (max_output_tokens)",
        ]
    assert world.model.requests[0].max_output_tokens == 16


async def test_bounded_output_counts_over_the_whole_run() -> None:
    usage = Usage(input_tokens=3, output_tokens=10)
    world = World(calls(call("a"), usage=usage), says("rest", finish=FINISH_LENGTH, usage=usage), says("never"))
    async with world.opened():
        story = await world.play(parameters=Parameters(max_output_tokens=20))
    assert [request.max_output_tokens for request in world.model.requests] == [20, 10]
    assert story[-1] == "ended: incomplete (max_output_tokens)"


async def test_no_call_is_made_when_a_round_of_tools_has_used_up_the_output() -> None:
    world = World(calls(call("a"), usage=Usage(input_tokens=3, output_tokens=20)), says("never"))
    async with world.opened():
        story = await world.play(parameters=Parameters(max_output_tokens=20))
    assert story[-3:] == ['result of look: {"text":"a"}', "step 1 done", "ended: incomplete (max_output_tokens)"]
    assert len(world.model.requests) == 1


async def test_a_call_that_was_cut_off_is_dropped_and_counts_as_a_piece() -> None:
    world = World(calls(("write", '{"text": "ha'), text="So: ", finish=FINISH_LENGTH), says("done."))
    async with world.opened():
        assert (await world.play())[2:] == ["message: So: done.", "step 1 done", "ended: completed"]
    assert world.toolbox.done == []


async def test_whole_calls_of_a_reply_that_was_cut_are_carried_out() -> None:
    world = World(calls(call("a"), ("look", '{"text": "ha'), finish=FINISH_LENGTH), says("done."))
    async with world.opened():
        await world.play()
    assert world.toolbox.done == [("look", "a")]


# Replies that are no good


async def test_a_filtered_reply_ends_the_run_as_incomplete_with_what_there_is() -> None:
    world = World(says("So far", finish=FINISH_CONTENT_FILTER))
    async with world.opened():
        assert (await world.play())[2:] == ["message (incomplete): So far", "ended: incomplete (content_filter)"]


async def test_an_empty_reply_is_asked_for_once_more() -> None:
    world = World(says(), says("There."))
    async with world.opened():
        assert (await world.play())[1:] == ["step 1", "message: There.", "step 1 done", "ended: completed"]


async def test_a_second_empty_reply_fails_the_run() -> None:
    world = World(says(), says(), says("never"))
    async with world.opened():
        assert (await world.play())[1:] == ["step 1", "ended: failed (empty_reply)"]
    assert len(world.model.requests) == 2


async def test_a_reply_that_is_not_the_json_asked_for_is_made_again() -> None:
    world = World(says("not json"), says('{"a": 1}'))
    async with world.opened():
        run = await world.begin(parameters=JSON)
        assert (await world.story(run))[2:] == [
            "given up message: not json",
            "restarted: invalid_output",
            'message: {"a": 1}',
            "step 1 done",
            "ended: completed",
        ]
        assert await world.transcript(run) == ["user: Hi", 'assistant: {"a": 1}']


async def test_a_second_reply_that_is_not_the_json_asked_for_fails_the_run() -> None:
    world = World(says("not json"), says("neither"))
    async with world.opened():
        run = await world.begin(parameters=JSON)
        assert (await world.story(run))[-1] == "ended: failed (invalid_output)"


# The last round


async def test_used_up_rounds_lead_to_one_last_call_without_tools() -> None:
    world = World(calls(call("a")), calls(call("b"), text="That is all."))
    async with world.opened():
        run = await world.begin(limits=RunLimits(rounds=1))
        assert (await world.story(run))[-4:] == [
            "step 2",
            "message: That is all.",
            "step 2 done",
            "ended: completed",
        ]
        assert (await world.document(run)).rounds_exhausted
    last = world.model.requests[1]
    assert (list(last.tools), last.tool_choice.mode, prompt_told(last)[-1]) == (
        [],
        ToolChoice.MODE_NONE,
        f"system: {CONCLUDE}",
    )
    assert world.toolbox.done == [("look", "a")]
    assert world.model.calls[1].call_id == f"{run.key}:final"


async def test_a_last_reply_of_nothing_but_calls_completes_the_run_without_words() -> None:
    world = World(calls(call("a")), calls(call("b")))
    async with world.opened():
        story = await world.play(limits=RunLimits(rounds=1))
    assert story[-3:] == ["step 2", "step 2 done", "ended: completed"]


# Tools of the client


async def test_calls_of_the_client_end_the_run_and_stay_open() -> None:
    world = World(calls(("open_door", {"id": 1})))
    async with world.opened():
        run = await world.begin(client_tools=CLIENT)
        assert (await world.story(run))[2:] == [
            'client call open_door: {"id": 1}',
            "step 1 done",
            "ended: completed",
        ]
        assert await world.transcript(run) == ["user: Hi", 'call open_door {"id": 1}']


async def test_a_mixed_round_keeps_the_results_of_our_own_tools() -> None:
    world = World(calls(("open_door", {"id": 1}), call("a"), text="Both."))
    async with world.opened():
        run = await world.begin(client_tools=CLIENT)
        assert (await world.story(run))[-1] == "ended: completed"
        assert await world.transcript(run) == [
            "user: Hi",
            "assistant (commentary): Both.",
            'call open_door {"id": 1}',
            'call look {"text": "a"}',
            'result: {"text":"a"}',
        ]


async def test_a_tool_of_the_client_hides_ours_of_the_same_name() -> None:
    world = World(calls(call("a")))
    async with world.opened():
        run = await world.begin(client_tools=[ToolSpec(name="look", schema="{}")])
        assert (await world.story(run))[2] == 'client call look: {"text": "a"}'
    assert world.toolbox.done == []


# Preparing


async def test_a_tool_set_that_is_not_there_fails_the_run() -> None:
    world = World()
    async with world.opened():
        assert await world.play(tools="nowhere") == ["run opened", "ended: failed (tool_set_not_found)"]


async def test_what_is_offered_is_fixed_when_the_run_starts() -> None:
    world = World(calls(call("a")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        assert set((await world.document(run)).tools) == {tool.name for tool in world.toolbox.tools}
    offered = [[tool.name for tool in request.tools] for request in world.model.requests]
    assert offered[0] == offered[1] == [tool.name for tool in world.toolbox.tools]


# When the model fails


async def test_a_model_that_wants_to_be_left_alone_for_long_is_not_waited_for() -> None:
    world = World(fails("rate_limited", retry_after=61))
    async with world.opened():
        assert (await world.play())[-1] == "ended: failed (rate_limited)"
        assert asyncio.get_running_loop().time() < 1


async def test_a_failure_that_may_pass_is_tried_again_while_nothing_was_shown() -> None:
    world = World(fails("rate_limited", retry_after=2), fails("overloaded"), says("There."))
    async with world.opened():
        assert (await world.play())[1:] == ["step 1", "message: There.", "step 1 done", "ended: completed"]
    assert [(made.call_id, made.attempt) for made in world.model.calls] == [("run_1:r1", n) for n in (1, 2, 3)]


async def test_a_failure_after_something_was_shown_fails_the_run_and_keeps_the_text() -> None:
    world = World(breaks("So far ", after=1), says("never"))
    async with world.opened():
        run = await world.begin()
        assert (await world.story(run))[2:] == ["message (incomplete): So far ", "ended: failed (unavailable)"]
        assert await world.transcript(run) == ["user: Hi", "assistant (incomplete): So far "]


@pytest.mark.parametrize("code", ["invalid_request", "authentication_failed", "context_length_exceeded"])
async def test_a_failure_for_good_is_not_tried_again(code: str) -> None:
    world = World(fails(code), says("never"))
    async with world.opened():
        assert (await world.play())[1:] == ["step 1", f"ended: failed ({code})"]


async def test_the_next_model_answers_when_the_first_stays_away_and_that_is_recorded() -> None:
    world = World(*[fails("overloaded")] * 3, other=[says("I am the other.")])
    async with world.opened():
        run = await world.begin(fallbacks=["other/one"])
        assert (await world.story(run))[2:] == [
            "warned: scripted/model failed with overloaded; other/one answers in its place",
            "message: I am the other.",
            "step 1 done",
            "ended: completed",
        ]
        (fell,) = await world.facts(run, ModelFellBack)
        assert (fell.to, fell.code) == ("other/one", "overloaded")
        assert (await world.document(run)).model == "other/one"


# Input that comes while the run goes on


async def test_input_added_during_a_call_goes_in_before_the_next_one() -> None:
    world = World(calls(("slow_look", {"text": "1"})), says("Both answered."))
    async with world.opened():
        run = await world.begin("First")
        await world.until(run, 'call slow_look: {"text": "1"}')
        await world.now.ask(run, AddRunInput(input=[user_message("Second")]))
        assert (await world.story(run))[-1] == "ended: completed"
        assert await world.transcript(run) == [
            "user: First",
            'call slow_look {"text": "1"}',
            'result: {"text":"slept 1"}',
            "user: Second",
            "assistant: Both answered.",
        ]


async def test_input_added_during_the_last_reply_gets_an_answer_of_its_own() -> None:
    world = World(slowly("One. ", "Still one."), says("Two."))
    async with world.opened():
        run = await world.begin("First")
        await world.until(run, "open message: One. ")
        await world.now.ask(run, AddRunInput(input=[user_message("Second")]))
        await world.story(run)
        assert await world.transcript(run) == [
            "user: First",
            "assistant: One. Still one.",
            "user: Second",
            "assistant: Two.",
        ]


# What a model may send


async def test_more_calls_than_a_reply_may_sensibly_hold_are_left_out_and_the_run_goes_on() -> None:
    world = World(calls(*[call(str(n)) for n in range(10_000)]), says("Sorry."))
    async with world.opened():
        story = await world.play()
    assert story[-1] == "ended: completed"
    assert "warned: The model made 10000 calls at once; those after the first 128 were left out." in story
    assert len(world.toolbox.done) == 16


async def test_a_reply_without_an_end_in_sight_is_a_broken_reply() -> None:
    world = World(says(*["x" * 100_000] * 20))
    async with world.opened():
        assert (await world.play())[-1] == "ended: failed (protocol_error)"


async def test_arguments_of_a_call_may_be_nonsense_and_are_answered() -> None:
    world = World(calls(("look", "{nonsense"), finish=FINISH_STOP), says("I see."))
    async with world.opened():
        story = await world.play()
    assert story[2:4] == ["call look: {nonsense", "result of look: invalid_arguments"]


async def test_a_model_that_falls_silent_is_given_up() -> None:
    world = World(hangs("So far "))
    async with world.opened():
        assert (await world.play())[-2:] == ["message (incomplete): So far ", "ended: failed (timeout)"]


async def test_the_recorded_message_is_what_was_shown() -> None:
    world = World(says("a" * 700, "b"))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        (produced,) = await world.facts(run, MessageProduced)
        assert produced.items[0].message.parts[0].text == "a" * 700 + "b"
