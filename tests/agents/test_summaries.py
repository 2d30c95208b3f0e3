"""Summaries that stand for what a model's window has no room for."""

from __future__ import annotations

from typing import Any

import pytest

from aevatar.actors import Runtime
from aevatar.agents import BUDGET
from aevatar.agents.agents_pb2 import BudgetDocument, SetBudget
from aevatar.agents.runs.prompting.summary import SUMMARISE, SUMMARY_TOKENS, standing_for
from aevatar.agents.runs_pb2 import (
    ContextCompacted,
    History,
    Item,
    Parameters,
    PersonaSnapshot,
    PricedModel,
    RunContext,
    RunLimits,
    SummaryForgone,
    UsageCounted,
)
from aevatar.agents.service import user_message
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.models.models_pb2 import ROLE_ASSISTANT, ROLE_DEVELOPER, Message, Price, ReasoningOptions, Usage
from aevatar.testing import MemoryStore, crash_at_every_write, elapse
from aevatar.testing.crash import Store
from aevatar.testing.scripted_model import Step, calls, fails, hangs, says
from tests.agents.kit import ALICE, ALPHA, TOOLS, World, call, prompt_told, ticks
from tests.agents.test_acceptance_crashes import Remembering

WINDOW = 12_000
LONG = "word " * 400
"""About 500 tokens."""
GIST = "They counted to twelve."
PURSE = ActorId(BUDGET, ALPHA, "scope")
SUMMARY = f"user: {standing_for(GIST)}"


def persona(**fields: Any) -> PersonaSnapshot:
    """One that would have a summary."""
    return PersonaSnapshot(agent_key="tester", compaction="summarise", **{"tool_set": "", **fields})


def talk(first: int, last: int) -> list[Item]:
    """Some exchanges of a long talk, and a question."""
    items = []
    for number in range(first, last):
        said = Message(role=ROLE_ASSISTANT, parts=[{"text": f"{number}. {LONG}"}])
        items += [user_message(f"{number}? {LONG}"), Item(message=said)]
    return [*items, user_message("And now?")]


def heads(lines: list[str]) -> list[str]:
    """The beginnings of what was said."""
    return [line if line.startswith(SUMMARY) else line[:13].rstrip() for line in lines]


async def test_a_summary_takes_the_place_of_what_does_not_fit() -> None:
    world = World(says(GIST, usage=Usage(input_tokens=900, output_tokens=20)), says("Fine."))
    async with world.opened():
        run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona())
        assert (await world.story(run, usage=True))[-5:] == [
            "usage r1.summary: 900+20",
            "usage r1: 10+5",
            "message: Fine.",
            "step 1 done",
            "ended: completed",
        ]
        made, applied = await world.facts(run, ContextCompacted)
        assert (made.compaction.level, made.compaction.dropped, made.compaction.summary.covered) == (3, 18, 18)
        assert (applied.compaction.level, applied.compaction.dropped) == (3, 18)
        assert len(await world.transcript(run)) == 26  # the log is as it was
    asked, answered = world.model.requests
    assert asked.messages[0].parts[1].text == SUMMARISE
    assert (asked.max_output_tokens, len(asked.tools)) == (SUMMARY_TOKENS, 0)
    told = asked.messages[0].parts[0].text.split("\n\n")
    assert [line[:14].rstrip() for line in told] == [
        line for n in range(9) for line in (f"User: {n}? word", f"Assistant: {n}.")
    ]
    assert heads(prompt_told(answered)) == [
        SUMMARY, "user: 9? word", "assistant: 9.", "user: 10? wor", "assistant: 10", "user: 11? wor", "assistant: 11",
        "user: And now",
    ]  # fmt: skip
    assert [made.call_id for made in world.model.calls] == ["run_1:r1.summary", "run_1:r1"]


@pytest.mark.parametrize(("asked", "summarising"), [("high", "low"), ("low", "low"), ("none", "none"), ("", "")])
async def test_a_summary_is_thought_about_briefly(asked: str, summarising: str) -> None:
    world = World(says(GIST), says("Fine."))
    parameters = Parameters(reasoning=ReasoningOptions(effort=asked))
    async with world.opened():
        await world.play(input=talk(0, 12), context_length=WINDOW, persona=persona(), parameters=parameters)
    assert [request.reasoning.effort for request in world.model.requests] == [summarising, asked]


async def test_an_agent_says_that_it_wants_summaries() -> None:
    world = World(says(GIST), says("Fine."))
    async with world.opened():
        await world.agent("ada", tools="", compaction="summarise")
        run = world.run_of((await world.invoke("ada", "Hi")).run)
        (queued, *_) = await world.facts(run)
        assert queued.start.persona.compaction == "summarise"


async def test_an_agent_that_did_not_ask_for_it_gets_no_summary() -> None:
    world = World(says("Fine."))
    async with world.opened():
        await world.play(input=talk(0, 12), context_length=WINDOW, parameters=Parameters(truncate=True), tools="")
    assert prompt_told(world.model.requests[0])[0].startswith("user: ")
    world.model.assert_played()


async def test_a_talk_that_fits_is_not_summarised() -> None:
    world = World(says("Fine."))
    async with world.opened():
        await world.play(input=talk(0, 2), context_length=WINDOW, persona=persona())
    assert len(world.model.requests[0].messages) == 5


async def test_instructions_stay_before_the_summary() -> None:
    world = World(says(GIST), says("Fine."))
    instructing = Item(message=Message(role=ROLE_DEVELOPER, parts=[{"text": "Be brief."}]))
    async with world.opened():
        await world.play(input=[instructing, *talk(0, 12)], context_length=WINDOW, persona=persona())
    assert prompt_told(world.model.requests[1])[:2] == ["developer: Be brief.", SUMMARY]


async def test_later_rounds_use_the_summary_and_ask_for_none_of_what_it_covers() -> None:
    world = World(says(GIST), calls(call("a")), says("Fine."))
    async with world.opened():
        run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona(tool_set=TOOLS))
        await world.story(run)
    first, second = (prompt_told(request) for request in world.model.requests[1:])
    assert first[0] == second[0] == SUMMARY
    assert second[: len(first)] == first
    world.model.assert_played()


async def test_the_next_run_of_a_talk_goes_on_from_the_summary() -> None:
    world = World(says(GIST), says("Fine."), says("Good."))
    async with world.opened():
        run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona())
        await world.story(run)
        history = History(previous_run=run.text)
        run = await world.begin("And then?", key="run_2", history=history, context_length=WINDOW, persona=persona())
        await world.story(run)
    first, second = (prompt_told(request) for request in world.model.requests[1:])
    assert second == [*first, "assistant: Fine.", "user: And then?"]
    world.model.assert_played()


async def test_a_second_summary_goes_on_from_the_first() -> None:
    world = World(says(GIST), says("Fine."), says("Still counting."), says("Good."))
    async with world.opened():
        run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona())
        await world.story(run)
        fields = {"context_length": WINDOW, "persona": persona(), "history": History(previous_run=run.text)}
        run = await world.begin(input=talk(12, 16), key="run_2", **fields)
        await world.story(run)
    asked, answered = world.model.requests[2:]
    told = asked.messages[0].parts[0].text.split("\n\n")
    assert told[0] == standing_for(GIST)
    assert told[1].startswith("User: 9?")
    assert prompt_told(answered)[0] == f"user: {standing_for('Still counting.')}"
    assert len(prompt_told(answered)) == 8


async def test_what_a_summary_is_made_of_fits_the_window_itself() -> None:
    world = World(says(GIST), says("Fine."))
    async with world.opened():
        await world.play(input=talk(0, 80), context_length=WINDOW, persona=persona())
    told = world.model.requests[0].messages[0].parts[0].text
    assert told.startswith("[what came before is too long to be shown]\n\n")
    assert len(told) / 4 < 0.85 * (WINDOW - SUMMARY_TOKENS)


# When there is none


def fallen_back(told: str) -> str:
    return f"warned: The talk could not be summarised, so its oldest exchanges are left out ({told})."


async def failing(*steps: Step, **fields: Any) -> tuple[World, list[str]]:
    """A run whose summary comes to nothing."""
    world = World(*steps)
    async with world.opened():
        await world.now.ask(PURSE, SetBudget(tokens=fields.pop("tokens", 1_000_000)))
        context = RunContext(budget=PURSE.text)
        run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona(), context=context, **fields)
        story = await world.story(run)
        await ticks()
        found = await world.now.readmodels.get("agents.budgets", ALPHA, "scope")
        assert found is not None
        assert isinstance(found.document, BudgetDocument)
        assert found.document.open == 0
        (forgone,) = await world.facts(run, SummaryForgone)
        assert forgone.call_id == "r1.summary"
    return world, story


async def test_a_summary_that_fails_leaves_a_warning_and_the_oldest_exchanges_out() -> None:
    world, story = await failing(fails("invalid_request"), says("Fine."))
    assert story == [
        "run opened",
        "step 1",
        fallen_back("invalid_request: The script wants this error."),
        "message: Fine.",
        "step 1 done",
        "ended: completed",
    ]
    assert heads(prompt_told(world.model.requests[1]))[0].startswith("user: ")


async def test_a_summary_is_tried_again_after_a_failure_that_may_pass() -> None:
    world = World(fails("overloaded"), says(GIST), says("Fine."))
    async with world.opened():
        await world.play(input=talk(0, 12), context_length=WINDOW, persona=persona())
    assert prompt_told(world.model.requests[2])[0] == SUMMARY


async def test_an_empty_summary_is_none_and_is_paid_for() -> None:
    world, story = await failing(says("  ", usage=Usage(input_tokens=900)), says("Fine."))
    assert fallen_back("protocol_error: The summary is empty.") in story
    assert sum(made.call_id == "run_1:r1.summary" for made in world.model.calls) == 1


async def test_a_summary_that_would_exceed_the_limits_is_not_made() -> None:
    limits = RunLimits(input_tokens=20_000)
    world, story = await failing(says("Fine."), limits=limits)
    assert fallen_back("The run would use more than 20000 tokens of input.") in story
    assert [made.call_id for made in world.model.calls] == ["run_1:r1"]


async def test_a_summary_that_would_overdraw_the_budget_is_not_made() -> None:
    world, story = await failing(says("Fine."), tokens=17_500)
    assert fallen_back("The call would overdraw the budget of 17500 tokens.") in story
    assert [made.call_id for made in world.model.calls] == ["run_1:r1"]


async def test_once_it_has_failed_no_summary_is_asked_for_in_the_rounds_after() -> None:
    world = World(fails("invalid_request"), calls(call("a")), says("Fine."))
    async with world.opened():
        story = await world.play(input=talk(0, 12), context_length=WINDOW, persona=persona(tool_set=TOOLS))
    assert sum(line.startswith("warned") for line in story) == 1
    world.model.assert_played()


async def test_a_run_that_is_cancelled_during_its_summary_ends_and_pays_for_it() -> None:
    world = World(hangs())
    async with world.opened():
        await world.now.ask(PURSE, SetBudget(tokens=1_000_000))
        context = RunContext(budget=PURSE.text)
        run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona(), context=context)
        await elapse(1)
        await world.runs.cancel(ALICE, run.key)
        assert (await world.story(run))[-1] == "ended: cancelled (cancelled)"
        await ticks()
        found: Any = await world.now.readmodels.get("agents.budgets", ALPHA, "scope")
        (lost,) = await world.facts(run, UsageCounted)
        assert (lost.call_id, lost.is_lost, lost.is_summary) == ("r1.summary", True, True)
        assert (found.document.open, found.document.spent_tokens) == (0, lost.usage.input_tokens)
    assert world.model.open == 0


# Crashes


async def test_a_summary_is_asked_for_again_after_a_crash() -> None:
    world = World(hangs(), says(GIST), says("Fine."))
    async with world.opened():
        run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona())
        await ticks()
    async with world.opened():
        assert (await world.story(run))[-1] == "ended: completed"
        counted = await world.facts(run, UsageCounted)
        assert [(each.call_id, each.is_lost, each.is_summary) for each in counted] == [
            ("r1.summary", True, True),
            ("r1.summary", False, True),
            ("r1", False, False),
        ]
    assert prompt_told(world.model.requests[2])[0] == SUMMARY
    assert [made.call_id for made in world.model.calls] == ["run_1:r1.summary"] * 2 + ["run_1:r1"]


async def test_a_process_that_dies_during_its_summary_again_and_again_goes_on_without() -> None:
    world = World(hangs(), hangs(), hangs(), says("Fine."))
    for _ in range(3):
        async with world.opened():
            run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona())
            await ticks()
    async with world.opened():
        assert fallen_back("the process died during it again and again") in await world.story(run)


async def test_after_a_crash_the_prompt_is_assembled_from_the_same_summary() -> None:
    world = World(says(GIST), hangs(), says("Fine."))
    async with world.opened():
        run = await world.begin(input=talk(0, 12), context_length=WINDOW, persona=persona())
        await ticks()
    async with world.opened():
        assert (await world.story(run))[-1] == "ended: completed"
    lost, made = world.model.requests[1:]
    assert lost == made


class Summarised:
    """A run with a budget whose talk is summarised, by a model that needs no script."""

    def __init__(self) -> None:
        self.world = World()

    def new_store(self) -> Store:
        store = MemoryStore()
        return lambda: Remembering(store)

    def runtime(self, journal: Journal) -> Runtime:
        self.world.journal = journal
        return self.world.runtime(journal)

    async def play(self, runtime: Runtime) -> None:
        await runtime.ask(PURSE, SetBudget(tokens=10_000_000), command_id="budget")
        run = await self.world.begin(
            input=talk(0, 12),
            context_length=WINDOW,
            persona=persona(),
            model="offline/demo",
            context=RunContext(budget=PURSE.text),
            prices=[PricedModel(model="offline/demo", price=Price(input=3_000_000, output=15_000_000))],
        )
        await self.world.story(run)

    async def end(self, runtime: Runtime, journal: Journal) -> Any:
        run = ActorId("agents.run", ALPHA, "run_1")
        story = await self.world.story(run)
        await ticks()
        found: Any = await runtime.readmodels.get("agents.budgets", ALPHA, "scope")
        facts = await self.world.facts(run, ContextCompacted)
        said = await self.world.transcript(run)
        paid, used = found.document, (await self.world.document(run)).usage
        assert (paid.spent_tokens, paid.spent_usd_micros) == (used.input_tokens + used.output_tokens, used.usd_micros)
        return story[-1], said, [fact.compaction for fact in facts], paid.open


async def test_a_run_that_summarises_ends_the_same_and_is_paid_for_wherever_its_process_dies() -> None:
    summarised = Summarised()
    assert await crash_at_every_write(summarised, summarised.new_store) > 8
