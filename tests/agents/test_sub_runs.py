"""Runs below runs: shown above as they happen, and none of their words in the prompt above."""

from __future__ import annotations

from aevatar.agents.runs.executing.sub_runs import BATCH_SECONDS
from aevatar.agents.runs_pb2 import SubRunMirrored
from aevatar.agents.stream_pb2 import RunClosed, SubRunClosed, SubRunOpened, SubRunShown
from aevatar.identity import ActorId
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, hangs, says
from tests.agents.kit import ALICE, World, breaks, call, invoking, prompt_told, slowly, ticks

ROOT_ENDS = ["step 2", "message: Done.", "step 2 done", "ended: completed"]


async def below(world: World, root: ActorId) -> list[ActorId]:
    """The runs of the scope but the root, oldest first."""
    found = (await world.runs.list(ALICE)).items
    return [ActorId("agents.run", root.scope, item.key) for item in reversed(found) if item.key != root.key]


async def test_events_of_a_sub_run_of_a_sub_run_appear_nested_and_none_of_their_text_in_the_prompt() -> None:
    world = World(
        calls(invoking("middle")),
        calls(invoking("bottom")),
        says("From the bottom."),
        says("From the middle."),
        says("Done."),
    )
    async with world.opened():
        await world.agent("middle", tools="everything")
        await world.agent("bottom", tools="")
        run = await world.begin(tools="everything")
        story = await world.story(run)
        assert [line for line in story if "result of" not in line and "call aevatar" not in line] == [
            "run opened",
            "step 1",
            "sub-run of middle at depth 1",
            "  run opened",
            "  step 1",
            "sub-run of bottom at depth 2",
            "    run opened",
            "    step 1",
            "    message: From the bottom.",
            "    step 1 done",
            "    ended: completed",
            "sub-run ended: completed",
            "  step 1 done",
            "  step 2",
            "  message: From the middle.",
            "  step 2 done",
            "  ended: completed",
            "sub-run ended: completed",
            "step 1 done",
            *ROOT_ENDS,
        ]
        opened = [event for event in await world.shown(run) if isinstance(event, SubRunOpened | SubRunClosed)]
        middle, bottom = (event.run_id for event in opened[:2])
        assert [event.run_id for event in opened] == [middle, bottom, bottom, middle]
        assert {middle, bottom} == {each.text for each in await below(world, run)}
    request = prompt_told(world.model.requests[-1])
    assert len(request) == 3
    assert "From the bottom." not in "".join(request)


async def test_each_event_of_a_sub_run_is_shown_once_with_its_place() -> None:
    world = World(calls(invoking("helper")), says("Helped."), says("Done."))
    async with world.opened():
        await world.agent("helper", tools="")
        run = await world.begin(tools="everything")
        shown = [event for event in await world.shown(run) if isinstance(event, SubRunShown)]
        (helper,) = await below(world, run)
        assert [(event.run_id, event.depth, event.cursor) for event in shown] == [
            (helper.text, 1, cursor) for cursor in range(1, len(shown) + 1)
        ]
        assert len(shown) == len(await world.shown(helper))


async def test_with_detail_items_no_deltas_are_shown_and_with_none_nothing() -> None:
    for detail, lines in (("items", ["  ended: completed"]), ("none", [])):
        world = World(calls(invoking("helper")), says("Helped."), says("Done."))
        async with world.opened():
            await world.agent("helper", tools="")
            await world.agent("boss", tools="everything", detail=detail)
            story = await world.story(world.run_of((await world.invoke("boss", "go")).run))
            inner = [line for line in story if line.startswith("  ") and not line.startswith("  open")]
            assert (inner, story[-1]) == (lines, "ended: completed")


async def test_tokens_of_a_sub_run_come_in_batches() -> None:
    world = World(calls(invoking("helper")), says("Done."), other=[slowly(*"abcdefgh", every=0.021)])
    async with world.opened():
        await world.agent("helper", tools="", model="other/one")
        run = await world.begin(tools="everything")
        assert "  message: abcdefgh" in await world.story(run)
        mirrored = len(await world.facts(run, SubRunMirrored))
        assert mirrored <= 0.021 * 8 / BATCH_SECONDS + 2


async def test_a_run_that_completes_lets_the_sub_runs_it_follows_end_first() -> None:
    world = World(calls(invoking("helper", wait="stream")), says("Done."), other=[slowly("a", "b", every=20)])
    async with world.opened():
        await world.agent("helper", tools="", model="other/one")
        run = await world.begin(tools="everything")
        story = await world.story(run)
        assert story[-3:] == ["  ended: completed", "sub-run ended: completed", "ended: completed"]
        assert story.index("message: Done.") < story.index("  message: ab")


async def test_a_run_that_fails_cancels_the_sub_runs_it_follows() -> None:
    world = World(calls(invoking("helper", wait="stream")), breaks("So far", after=2), other=[hangs("a")])
    async with world.opened():
        await world.agent("helper", tools="", model="other/one")
        run = await world.begin(tools="everything")
        assert (await world.story(run))[-2:] == ["sub-run ended: cancelled", "ended: failed (unavailable)"]
        (helper,) = await below(world, run)
        assert (await world.story(helper))[-1] == "ended: cancelled (cancelled)"


async def test_a_run_that_was_only_started_lives_on_after_the_end_above() -> None:
    world = World(calls(invoking("helper", wait="ack")), says("Done."), other=[slowly("a", "b", every=20)])
    async with world.opened():
        await world.agent("helper", tools="", model="other/one")
        run = await world.begin(tools="everything")
        story = await world.story(run)
        assert story[-1] == "ended: completed"
        assert [line for line in story if line.startswith("  ")] == []
        (helper,) = await below(world, run)
        assert (await world.document(helper)).status == "running"
        assert (await world.story(helper))[-1] == "ended: completed"


async def test_a_run_that_was_only_started_lives_on_when_the_one_above_is_cancelled() -> None:
    world = World(calls(invoking("helper", wait="ack")), hangs(), other=[slowly("a", "b", every=20)])
    async with world.opened():
        await world.agent("helper", tools="", model="other/one")
        run = await world.begin(tools="everything")
        await world.until(run, "step 2")
        await world.runs.cancel(ALICE, run.key)
        (helper,) = await below(world, run)
        assert (await world.story(helper))[-1] == "ended: completed"


async def test_what_a_person_has_to_decide_below_is_seen_above() -> None:
    world = World(calls(invoking("helper")), calls(call("rent", "pay")), says("Paid."), says("Done."))
    async with world.opened():
        await world.agent("helper")
        run = await world.begin(tools="everything")
        await world.until(run, "  suspended")
        (helper,) = await below(world, run)
        await world.decide(helper, "approve")
        story = await world.story(run)
        assert story[story.index("  suspended") :][:3] == ["  suspended", "  decided: approve", "  resumed"]
        assert story[-1] == "ended: completed"


async def test_a_sub_run_is_followed_on_after_a_crash_and_nothing_is_shown_twice() -> None:
    world = World(calls(invoking("helper")), says("Done."), other=[slowly("a", "b", "c", every=5), says("Helped.")])
    async with world.opened():
        await world.agent("helper", tools="", model="other/one")
        run = await world.begin(tools="everything")
        await elapse(7)
        before = await world.so_far(run)
    async with world.opened():
        story = await world.story(run)
        assert story[: len(before)] == before
        shown = [event for event in await world.shown(run) if isinstance(event, SubRunShown)]
        assert [event.cursor for event in shown] == list(range(1, len(shown) + 1))
        assert story[-5:] == ["step 1 done", *ROOT_ENDS]
        assert "  message: Helped." in story


async def test_a_sub_run_that_ends_while_the_process_is_down_is_heard_of() -> None:
    world = World(calls(invoking("helper")), calls(call("rent", "pay")), says("Done."))
    async with world.opened():
        await world.agent("helper")
        run = await world.begin(tools="everything")
        await world.until(run, "  suspended")
        (helper,) = await below(world, run)
    async with world.opened():
        await world.runs.cancel(ALICE, helper.key)
        await ticks()
    async with world.opened():
        story = await world.story(run)
        assert "sub-run ended: cancelled" in story
        assert story[-1] == "ended: completed"


async def test_the_end_of_a_sub_run_is_told_with_what_it_used() -> None:
    world = World(calls(invoking("helper")), says("Helped."), says("Done."))
    async with world.opened():
        await world.agent("helper", tools="")
        run = await world.begin(tools="everything")
        closed = [event for event in await world.shown(run) if isinstance(event, RunClosed)]
        assert closed[-1].usage.input_tokens == 30
