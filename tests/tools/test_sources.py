"""Where tools come from, and what one bad source costs: its own tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs

from aevatar.errors import Misassembled, Rejected
from aevatar.tools import Discovery, FailedSource, FixedSource, Selection, Tool, ToolSet, ToolSets, discover_all
from tests.tools.protos import compiled
from tests.tools.samples import CONTEXT, Echo

Discover = Callable[[], Awaitable[Sequence[Tool[Any, Any]]]]


@dataclass
class Source:
    name: str
    answer: Discover
    platform: bool = False

    async def discover(self, context: Any) -> Sequence[Tool[Any, Any]]:
        assert context is CONTEXT
        return await self.answer()


def offering(source: str, *tools: Tool[Any, Any], platform: bool = False) -> Source:
    async def answer() -> Sequence[Tool[Any, Any]]:
        return tools

    return Source(source, answer, platform)


async def hang() -> Sequence[Tool[Any, Any]]:
    await anyio.Event().wait()
    return []


async def fail() -> Sequence[Tool[Any, Any]]:
    raise ConnectionError("password is 1234")


def found(discovery: Discovery) -> list[tuple[str, str]]:
    return [(each.source, each.definition.name) for each in discovery.tools]


async def test_a_failing_and_a_hanging_source_leave_the_others_usable_and_are_named() -> None:
    sources = [
        Source("hanging", hang),
        offering("good", Echo("a")),
        Source("failing", fail),
        offering("fine", Echo("b")),
    ]
    with capture_logs() as logs:
        discovery = await discover_all(sources, CONTEXT, timeout=0.05)
    assert found(discovery) == [("good", "a"), ("fine", "b")]
    assert discovery.failed == (FailedSource("hanging", "late"), FailedSource("failing", "ConnectionError"))
    assert [(log["source"], log["reason"]) for log in logs] == [("failing", "ConnectionError"), ("hanging", "late")]


async def test_sources_are_asked_at_the_same_time() -> None:
    first_asked, second_asked = anyio.Event(), anyio.Event()

    async def first() -> Sequence[Tool[Any, Any]]:
        first_asked.set()
        await second_asked.wait()
        return [Echo("a")]

    async def second() -> Sequence[Tool[Any, Any]]:
        second_asked.set()
        await first_asked.wait()
        return [Echo("b")]

    discovery = await discover_all([Source("first", first), Source("second", second)], CONTEXT)
    assert found(discovery) == [("first", "a"), ("second", "b")]


async def test_cancelling_a_run_cancels_its_discovery() -> None:
    seen: list[str] = []

    async with anyio.create_task_group() as tasks:

        async def watched() -> Sequence[Tool[Any, Any]]:
            tasks.cancel_scope.cancel()
            try:
                return await hang()
            finally:
                seen.append("left")

        await discover_all([Source("watched", watched)], CONTEXT)
        seen.append("went on")
    assert seen == ["left"]


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        ([Echo("")], "Tool Echo has the name '', which is not 1 to 64 of [A-Za-z0-9_-]."),
        ([Echo("a"), Echo("a")], "There is more than one tool of source 'odd' called 'a'."),
        ([Echo("Aevatar_echo")], "Tool 'Aevatar_echo' of source 'odd' has a name reserved for the platform."),
        ([None], "Tool NoneType has the name None, which is not 1 to 64 of [A-Za-z0-9_-]."),
    ],
)
async def test_a_source_whose_tools_cannot_be_offered_is_left_out_whole(tools: Any, reason: str) -> None:
    discovery = await discover_all([offering("odd", *tools), offering("good", Echo("b"))], CONTEXT)
    assert (found(discovery), discovery.failed) == ([("good", "b")], (FailedSource("odd", reason),))


async def test_a_tool_without_a_strict_schema_is_left_out_by_name() -> None:
    looping = compiled("message Looping { optional Looping next = 1; }").Looping

    class Loop(Tool[looping, looping]):  # type: ignore[valid-type]
        name, description = "loop", "Never ends."

        async def execute(self, args: Any, context: Any) -> Any:
            return args

    [failed] = (await discover_all([offering("odd", Loop())], CONTEXT)).failed
    assert failed.reason.endswith("makes " + looping.DESCRIPTOR.full_name + " contain itself.")


async def test_the_platform_may_use_its_reserved_names() -> None:
    discovery = await discover_all([offering("invocation", Echo("aevatar_echo"), platform=True)], CONTEXT)
    assert found(discovery) == [("invocation", "aevatar_echo")]


def sets(*selections: Selection) -> ToolSets:
    sources = [offering("one", Echo("a"), Echo("b")), offering("two", Echo("b"), Echo("c")), Source("unasked", fail)]
    return ToolSets(sources, [ToolSet("mine", selections)])


async def test_a_set_offers_its_sources_and_names_in_its_own_order() -> None:
    discovery = await sets(Selection("two", ("c",)), Selection("one")).discover("mine", CONTEXT)
    assert found(discovery) == [("two", "c"), ("one", "a"), ("one", "b")]
    assert discovery.failed == ()


async def test_of_two_tools_with_one_name_the_later_of_the_set_is_taken_and_the_log_says_so() -> None:
    with capture_logs() as logs:
        discovery = await sets(Selection("one"), Selection("two")).discover("mine", CONTEXT)
    assert found(discovery) == [("one", "a"), ("two", "b"), ("two", "c")]
    assert logs == [
        {"event": "tool_hidden", "log_level": "warning", "tool_set": "mine", "tool": "b", "by": "two", "hidden": "one"}
    ]


async def test_a_source_named_twice_in_a_set_offers_its_tools_once() -> None:
    discovery = await sets(Selection("one", ("b",)), Selection("one")).discover("mine", CONTEXT)
    assert found(discovery) == [("one", "a"), ("one", "b")]


async def test_an_unknown_set_is_refused_and_never_replaced_by_another() -> None:
    with pytest.raises(Rejected) as refused:
        await sets().discover("theirs", CONTEXT)
    assert (refused.value.code, refused.value.field) == ("tool_set_not_found", "tool_set")


@pytest.mark.parametrize(
    ("sources", "tool_sets", "sentence"),
    [
        (["one", "one"], [], "There is more than one tool source called 'one'."),
        (["one"], [ToolSet("s", ()), ToolSet("s", ())], "There is more than one tool set called 's'."),
        (["one"], [ToolSet("s", (Selection("two"),))], "Tool set 's' names the source 'two', which is unknown."),
    ],
)
def test_sets_that_cannot_be_composed_stop_the_assembly(
    sources: list[str], tool_sets: list[ToolSet], sentence: str
) -> None:
    with pytest.raises(Misassembled) as refused:
        ToolSets([offering(name) for name in sources], tool_sets)
    assert str(refused.value) == sentence


def test_what_a_set_of_fixed_sources_offers_is_known_without_asking() -> None:
    fixed = [FixedSource("first", [Echo("a"), Echo("b")]), FixedSource("none", []), FixedSource("second", [Echo("c")])]
    sets = [
        ToolSet("all", (Selection("second"), Selection("none"), Selection("first", ("b",)))),
        ToolSet("mixed", (Selection("first"), Selection("asked"))),
    ]
    tool_sets = ToolSets([*fixed, offering("asked", Echo("d"))], sets)
    known = tool_sets.fixed("all")
    assert known is not None
    assert (found(known), known.failed) == ([("second", "c"), ("first", "b")], ())
    assert tool_sets.fixed("mixed") is None
    with pytest.raises(Rejected, match="tool_set_not_found"):
        tool_sets.fixed("unknown")


async def test_fixed_sources_and_others_make_one_set() -> None:
    selections = (Selection("asked"), Selection("fixed"))
    sources = [FixedSource("fixed", [Echo("a"), Echo("b")]), offering("asked", Echo("b"), Echo("c"))]
    tool_sets = ToolSets(sources, [ToolSet("both", selections)])
    assert found(await tool_sets.discover("both", CONTEXT)) == [("asked", "c"), ("fixed", "a"), ("fixed", "b")]
    assert found(await tool_sets.ask("fixed", CONTEXT)) == [("fixed", "a"), ("fixed", "b")]


def test_a_fixed_tool_that_cannot_be_offered_stops_the_assembly() -> None:
    with pytest.raises(Misassembled, match="Tool Echo has the name ''"):
        ToolSets([FixedSource("odd", [Echo("")])], [])
