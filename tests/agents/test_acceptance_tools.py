"""What is promised of tools: order, structured failures, and sources that fail alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, says
from aevatar.tools import CallContext, Tool
from tests.agents.kit import World, call, prompt_told
from tests.agents.toolbox import Broken, Toolbox
from tests.tools.samples import Answer


class Timeline:
    """A tool's deed that notes when it begins and ends."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, float, float]] = []

    async def __call__(self, args: Any, context: CallContext) -> Any:
        loop = asyncio.get_running_loop()
        name, seconds = args.text.split()
        began = loop.time()
        await elapse(float(seconds))
        self.spans.append((name, began, loop.time()))
        return Answer(text=name)


class BrokenSource:
    name = "broken"
    platform = False

    async def discover(self, context: CallContext) -> Sequence[Tool[Any, Any]]:
        raise Broken("the address of the far side")


class HangingSource:
    name = "hanging"
    platform = False

    async def discover(self, context: CallContext) -> Sequence[Tool[Any, Any]]:
        await asyncio.Event().wait()
        return []


async def test_results_are_in_call_order_though_the_first_tool_finishes_last() -> None:
    world = World(calls(*[call(text, "slow_look") for text in ("3", "2", "1")]), says("Done."))
    async with world.opened():
        run = await world.begin()
        story = await world.story(run)
        assert [line for line in story if line.startswith("result")] == [
            f'result of slow_look: {{"text":"slept {seconds}"}}' for seconds in (1, 2, 3)
        ]
        assert [line for line in await world.transcript(run) if line.startswith("result")] == [
            f'result: {{"text":"slept {seconds}"}}' for seconds in (3, 2, 1)
        ]
    assert prompt_told(world.model.requests[1])[2:] == [f'tool: {{"text":"slept {seconds}"}}' for seconds in (3, 2, 1)]


async def test_a_destructive_call_never_overlaps_another() -> None:
    world, timeline = World(), Timeline()
    world.toolbox.tools = [
        world.toolbox.tool("read", timeline, read_only=True),
        world.toolbox.tool("change", timeline, destructive=True),
        world.toolbox.tool("put", timeline, idempotent=True),
    ]
    round_ = [call("a 2", "read"), call("b 1", "read"), call("c 2", "change"), call("d 1", "put"), call("e 1", "read")]
    world.model._left.extend([calls(*round_), says("Done.")])
    async with world.opened():
        await world.play()
    times = {name: (round(began, 1), round(ended, 1)) for name, began, ended in timeline.spans}
    start = times["a"][0]
    assert {name: (began - start, ended - start) for name, (began, ended) in times.items()} == {
        "a": (0, 2),
        "b": (0, 1),
        "c": (2, 4),
        "d": (4, 5),
        "e": (5, 6),
    }


async def test_bad_arguments_unknown_tools_timeouts_and_exceptions_are_structured_results() -> None:
    world = World(
        calls(("look", {"txet": "a"}), call("a", "loook"), call("a", "hang"), call("a", "fail")),
        calls(call("a")),
        says("At last."),
    )
    async with world.opened():
        run = await world.begin()
        assert (await world.story(run))[-1] == "ended: completed"
        assert [line for line in await world.transcript(run) if line.startswith("result")] == [
            "result: invalid_arguments",
            "result: tool_not_found",
            "result: tool_timeout",
            "result: tool_failed",
            'result: {"text":"a"}',
        ]
    offered = ", ".join(sorted(tool.name for tool in world.toolbox.tools))
    unknown = "txet is unknown; known here: text."
    missing = f"There is no tool 'loook'. Offered: {offered}."
    assert prompt_told(world.model.requests[1])[2:] == [
        f'tool: {{"error":{{"code":"invalid_arguments","message":"{unknown}","field":"txet","retryable":false}}}}',
        f'tool: {{"error":{{"code":"tool_not_found","message":"{missing}","retryable":false}}}}',
        'tool: {"error":{"code":"tool_timeout","message":"The tool took too long.","retryable":true}}',
        'tool: {"error":{"code":"tool_failed","message":"Broken","retryable":false}}',
    ]


async def test_one_failing_and_one_hanging_source_leave_the_other_tools_usable_and_the_run_names_both() -> None:
    world = World(calls(call("a")), says("Done."))
    world.extra_sources = [BrokenSource(), HangingSource()]
    async with world.opened():
        run = await world.begin()
        began = asyncio.get_running_loop().time()
        assert (await world.story(run))[-1] == "ended: completed"
        assert list((await world.document(run)).tool_sources_failed) == ["broken: Broken", "hanging: late"]
        assert 5 <= asyncio.get_running_loop().time() - began < 6  # found out once, not again for every call
    assert world.toolbox.done == [("look", "a")]


async def test_a_call_asks_only_the_source_of_its_tool() -> None:
    world = World(calls(call("a"), call("b")), says("Done."))
    other = Toolbox()
    other.name, other.tools = "other", [other.tool("elsewhere", Timeline(), read_only=True)]
    world.extra_sources = [other]
    async with world.opened():
        await world.play()
    assert (world.toolbox.discoveries, other.discoveries) == (3, 1)
