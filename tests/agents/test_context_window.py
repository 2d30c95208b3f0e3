"""What a model is asked when the talk is longer than its window."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from aevatar.agents.runs import PromptSection
from aevatar.agents.runs.prompting.prompt import messages_of
from aevatar.agents.runs.prompting.window import KEPT_MESSAGES, RESULT_LIMIT, fit, opened_by, room, to_summarise
from aevatar.agents.runs.reserving.limits import item_tokens
from aevatar.agents.runs_pb2 import (
    ContextCompacted,
    History,
    Item,
    Parameters,
    RunState,
    SectionsRead,
    SectionVersion,
    Summary,
    UsageCounted,
)
from aevatar.agents.service import user_message
from aevatar.identity import ActorId, Principal
from aevatar.models.models_pb2 import ROLE_ASSISTANT, ROLE_DEVELOPER, ROLE_USER, Message, Usage
from aevatar.testing.scripted_model import calls, says
from aevatar.tools import ToolResult
from tests.agents.kit import World, call, item_told, prompt_told

LONG = "word " * 400
"""About 500 tokens."""


def said(role: int, text: str) -> Item:
    return Item(message=Message(role=role, parts=[{"text": text}]))


def called(number: int, result: str) -> list[Item]:
    call_item, result_item = Item(), Item()
    call_item.call.call_id, call_item.call.name, call_item.call.arguments = f"c{number}", "look", "{}"
    result_item.result.call_id = f"c{number}"
    result_item.result.result.CopyFrom(ToolResult(text=result))
    return [call_item, result_item]


def tokens(items: list[Item]) -> int:
    return sum(item_tokens(item) for item in items)


# The pure part


def test_a_talk_that_fits_is_left_as_it_is() -> None:
    items = [said(ROLE_USER, "Hi"), said(ROLE_ASSISTANT, "Hello.")]
    fitted = fit(items, room=1_000, fixed=10)
    assert (list(fitted.items), fitted.level) == (items, 0)


def test_a_window_that_is_not_known_bounds_nothing() -> None:
    assert (room(0, 4_096), room(10_096, 4_096)) == (0, 5_100)
    assert fit([said(ROLE_USER, LONG * 100)], room=0, fixed=0).level == 0


def test_results_are_shortened_first_and_the_same_again_points_to_the_first() -> None:
    items = [said(ROLE_USER, "Hi"), *called(1, "a" * 5_000), *called(2, "a" * 5_000), *called(3, "b" * 300)]
    fitted = fit(items, room=1_400, fixed=0)
    assert (fitted.level, fitted.shortened, fitted.dropped) == (1, 2, ())
    assert [item.result.result.text[-45:] for item in fitted.items if item.HasField("result")] == [
        "aaaaaaaaaaaaaaaaaa…[cut, 5000 characters in all]"[-45:],
        "[the same result as of call c1]",
        "b" * 45,
    ]
    assert fitted.tokens == tokens(list(fitted.items)) <= 1_400
    assert RESULT_LIMIT == 4_000


def test_then_whole_exchanges_go_oldest_first_and_the_last_messages_stay() -> None:
    items = [said(role, f"{n} {LONG}") for n in range(5) for role in (ROLE_USER, ROLE_ASSISTANT)]
    fitted = fit(items, room=4_000, fixed=0)
    assert [item.message.parts[0].text[0] for item in fitted.items] == [*"223344"]
    assert fitted.items[0].message.role == ROLE_USER
    assert len(fitted.items) >= KEPT_MESSAGES
    assert fitted.tokens <= 4_000


def test_instructions_of_a_developer_stay_when_what_was_said_after_them_goes() -> None:
    items = [said(ROLE_DEVELOPER, "Be brief.")]
    items += [said(role, f"{n} {LONG}") for n in range(5) for role in (ROLE_USER, ROLE_ASSISTANT)]
    fitted = fit(items, room=4_000, fixed=0)
    assert item_told(fitted.items[0]) == "developer: Be brief."
    assert fitted.items[1].message.role == ROLE_USER


CALLS = st.lists(st.text("ab", max_size=1).map(lambda text: text * 6_000), min_size=1, max_size=3)
TURNS = st.lists(
    st.tuples(st.integers(1, 2_000), st.lists(CALLS, max_size=3), st.booleans(), st.integers(1, 2_000)),
    min_size=1,
    max_size=8,
)
Turns = list[tuple[int, list[list[str]], bool, int]]


def transcript_of(turns: Turns) -> list[Item]:
    """Exchanges: what was asked, rounds of calls with or without a word before them, and an answer."""
    items, number = [], 0
    for asked, rounds, speaks, answered in turns:
        items.append(said(ROLE_USER, "q" * asked))
        for results in rounds:
            if speaks:
                items.append(said(ROLE_ASSISTANT, "Let me see."))
            made = [called(number + place, text) for place, text in enumerate(results)]
            number += len(made)
            items += [pair[0] for pair in made] + [pair[1] for pair in made]
        items.append(said(ROLE_ASSISTANT, "a" * answered))
    return items


def unanswered(items: list[Item]) -> set[str]:
    """Calls that a model would be shown without their results; a result without its call fails at once."""
    waiting: set[str] = set()
    for message in messages_of(items):
        if message.tool_call_id:
            waiting.remove(message.tool_call_id)
        else:
            assert waiting == set()
            waiting = {made.call_id for made in message.tool_calls}
    return waiting


@settings(deadline=None)
@given(turns=TURNS, window=st.integers(100, 20_000))
def test_trimming_never_leaves_a_call_without_its_result_or_the_reverse(turns: Turns, window: int) -> None:
    items = transcript_of(turns)
    fitted = fit(items, room=window, fixed=0)
    kept = list(fitted.items)
    opened = [item.call.call_id for item in kept if item.WhichOneof("content") == "call"]
    closed = [item.result.call_id for item in kept if item.WhichOneof("content") == "result"]
    assert sorted(opened) == sorted(closed)
    assert unanswered(kept) == set()
    assert kept[0].message.role == ROLE_USER
    assert len(kept) + len(fitted.dropped) == len(items)
    assert fitted.tokens == tokens(kept)


@settings(deadline=None)
@given(turns=TURNS, window=st.integers(100, 20_000))
def test_a_summary_stands_for_whole_exchanges_and_at_least_for_what_would_be_dropped(turns: Turns, window: int) -> None:
    items = transcript_of(turns)
    dropped = len(fit(items, room=window, fixed=0).dropped)
    covered = to_summarise(items, room=window, fixed=0)
    assert covered >= dropped
    opening, rest = opened_by(Summary(text="So far.", covered=covered), items)
    assert (len(opening), len(rest)) == (bool(covered), len(items) - covered)
    assert rest[0].message.role == ROLE_USER
    assert unanswered([*opening, *rest]) == set()


# In a run


def talk(length: int) -> list[Item]:
    items = []
    for number in range(length):
        items += [user_message(f"{number}? {LONG}"), said(ROLE_ASSISTANT, f"{number}. {LONG}")]
    return [*items, user_message("And now?")]


async def test_a_talk_is_made_to_fit_and_what_was_done_is_recorded() -> None:
    world = World(says("Fine."))
    async with world.opened():
        run = await world.begin(input=talk(12), context_length=12_000, parameters=Parameters(truncate=True), tools="")
        assert (await world.story(run))[-1] == "ended: completed"
        (compacted,) = await world.facts(run, ContextCompacted)
        asked = prompt_told(world.model.requests[0])
        assert (compacted.compaction.level, compacted.compaction.dropped + len(asked)) == (2, 25)
        assert asked[0].startswith("user: ")
        assert len(await world.transcript(run)) == 26  # the log is as it was
    assert sum(len(line) for line in asked) / 4 < 0.85 * (12_000 - 4_096)


async def test_without_leave_to_drop_anything_a_talk_that_is_too_long_fails() -> None:
    world = World(says("never"))
    async with world.opened():
        story = await world.play(input=talk(12), context_length=12_000, tools="")
    assert story[-1] == "ended: failed (context_length_exceeded)"
    assert world.model.requests == []


async def test_without_leave_to_drop_anything_nothing_is_dropped_while_it_fits() -> None:
    world = World(says("Fine."))
    async with world.opened():
        await world.play(input=talk(12), context_length=17_000, tools="")
    assert len(world.model.requests[0].messages) == 25


async def test_a_talk_of_which_nothing_can_go_fails() -> None:
    world = World(says("never"))
    async with world.opened():
        story = await world.play(LONG * 40, context_length=12_000, parameters=Parameters(truncate=True), tools="")
    assert story[-1] == "ended: failed (context_length_exceeded)"


async def test_guesses_are_corrected_by_what_the_model_has_counted() -> None:
    counted = Usage(input_tokens=4_626, output_tokens=5)  # one and a half times what is guessed
    world = World(calls(call("a"), usage=counted), says("Fine.", usage=counted), says("Good."))
    fields = {"context_length": 12_000, "parameters": Parameters(truncate=True)}
    async with world.opened():
        run = await world.begin(input=talk(3), tools="", **fields)
        await world.story(run)
        assert [fact.guessed_tokens for fact in await world.facts(run, UsageCounted)] == [3_044, 3_084]
        assert (await world.state(run, RunState)).guess_permille == 1_500
        more = [*talk(2)[:-1], user_message("And then?")]
        after = await world.begin(input=more, key="run_2", tools="", history=History(previous_run=run.text), **fields)
        await world.story(after)
        (compacted,) = await world.facts(after, ContextCompacted)
    # 5,100 guessed tokens would fit into 6,718; 7,650 do not, and one exchange of 15 messages goes
    assert (compacted.compaction.level, len(world.model.requests[-1].messages)) == (2, 13)


async def test_a_prompt_of_a_few_words_tells_nothing_about_guesses() -> None:
    world = World(calls(call("a"), usage=Usage(input_tokens=900, output_tokens=5)), says("Fine."))
    async with world.opened():
        run = await world.begin(context_length=12_000)
        await world.story(run)
        assert (await world.state(run, RunState)).guess_permille == 0


async def test_results_of_tools_are_shortened_in_the_prompt_and_whole_in_the_log() -> None:
    world = World(calls(call("x" * 20_000)), says("Fine."))
    async with world.opened():
        run = await world.begin(context_length=16_000, parameters=Parameters(truncate=True))
        await world.story(run)
        assert len((await world.transcript(run))[2]) > 20_000
    assert prompt_told(world.model.requests[1])[2].endswith("…[cut, 20011 characters in all]")


# What precedes a run, and what others add


async def test_the_talk_before_a_run_is_read_from_the_runs_it_goes_on_from() -> None:
    world = World(calls(call("a"), text="Let me see."), says("One."), says("Two."), says("Three."))
    async with world.opened():
        previous = await world.begin("1?", key="run_1")
        await world.story(previous)
        for number in (2, 3):
            history = History(previous_run=previous.text)
            previous = await world.begin(f"{number}?", key=f"run_{number}", history=history)
            await world.story(previous)
    assert prompt_told(world.model.requests[-1]) == [
        "user: 1?",
        'assistant: Let me see. [look {"text": "a"}]',
        'tool: {"text":"a"}',
        "assistant: One.",
        "user: 2?",
        "assistant: Two.",
        "user: 3?",
    ]


async def test_a_run_that_goes_on_from_one_that_is_gone_fails() -> None:
    world = World(says("never"))
    async with world.opened():
        story = await world.play(history=History(previous_run="agents.run/alpha/run_gone"))
    assert story[-1] == "ended: failed (invalid_request)"


def read(call_id: str, version: str) -> SectionsRead:
    return SectionsRead(call_id=call_id, sections=[SectionVersion(name="memory", version=version)])


class Sections:
    """What is known of the user, read anew for every call."""

    def __init__(self) -> None:
        self.readings = 0

    async def sections(self, principal: Principal, run: ActorId) -> list[PromptSection]:
        self.readings += 1
        if self.readings == 2:
            raise ConnectionError
        text = f"{principal.subject} likes tea ({self.readings})."
        return [PromptSection("memory", f"v{self.readings}", text)]


async def test_sections_of_other_capabilities_are_read_for_every_call_and_an_unread_one_is_left_out() -> None:
    world = World(calls(call("a")), calls(call("b")), says("Done."))
    world.sections = [Sections()]
    async with world.opened():
        await world.agent("ada", instructions="Be brief.")
        run = world.run_of((await world.invoke("ada", "Hi")).run)
        story = await world.story(run)
        assert await world.facts(run, SectionsRead) == [read("r1", "v1"), read("r3", "v3")]
    assert [prompt_told(request)[0] for request in world.model.requests] == [
        "system: Be brief.\n\nalice likes tea (1).",
        "system: Be brief.",
        "system: Be brief.\n\nalice likes tea (3).",
    ]
    assert "warned: A section of the prompt could not be read (ConnectionError)." in story


class House:
    """A second capability with a section of its own."""

    async def sections(self, principal: Principal, run: ActorId) -> list[PromptSection]:
        return [PromptSection("house", "7", "Speak plainly.")]


async def test_a_section_that_cannot_be_read_takes_none_of_the_others_with_it() -> None:
    world = World(calls(call("a")), says("Done."))
    world.sections = [Sections(), House()]
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        both, one = await world.facts(run, SectionsRead)
    assert [prompt_told(request)[0] for request in world.model.requests] == [
        "system: alice likes tea (1).\n\nSpeak plainly.",
        "system: Speak plainly.",
    ]
    assert [section.name for section in both.sections] == ["memory", "house"]
    assert [section.name for section in one.sections] == ["house"]


async def test_the_text_of_a_section_is_recorded_nowhere() -> None:
    world = World(says("Done."))
    world.sections = [House()]
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        assert not any("Speak plainly" in str(fact) for fact in await world.facts(run))


async def test_parameters_reach_the_model_as_they_were_given() -> None:
    world = World(says("Fine."))
    wanted = Parameters(temperature=0.25, top_p=0.5, presence_penalty=1, frequency_penalty=0.5, stop=["END"])
    wanted.verbosity = "low"
    async with world.opened():
        await world.play(parameters=wanted)
    asked = world.model.requests[0]
    assert (asked.temperature, asked.top_p, asked.presence_penalty, asked.frequency_penalty) == (0.25, 0.5, 1, 0.5)
    assert (list(asked.stop), asked.verbosity) == (["END"], "low")
    assert not asked.HasField("max_output_tokens")
