"""Where tools come from: sources that are asked at the start of each run, and named sets composed of them.

One source that fails or hangs costs the run its own tools and nobody else's. What a model is offered is fixed after
that; nothing here changes while a run is under way.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from aevatar.errors import Misassembled, Rejected
from aevatar.tools.context import CallContext
from aevatar.tools.tool import RESERVED_PREFIX, Tool, ToolDefinition, define

DISCOVERY_SECONDS: Final = 5.0

_log = structlog.get_logger(__name__)


class ToolSource(Protocol):
    """Offers tools to runs. Only sources that ship with the platform are `platform` and may use its reserved names."""

    @property
    def name(self) -> str:
        """What the source is called in sets, logs and records."""
        ...

    @property
    def platform(self) -> bool:
        """Whether the source is a part of the platform itself."""
        ...

    async def discover(self, context: CallContext) -> Sequence[Tool[Any, Any]]:
        """The tools for this caller; none where the capability behind them is not installed or not configured."""
        ...


@dataclass(frozen=True, slots=True)
class FixedSource:
    """Offers the same tools to everybody for as long as the program runs, so that nobody has to be asked."""

    name: str
    tools: Sequence[Tool[Any, Any]]
    platform: bool = False

    async def discover(self, context: CallContext) -> Sequence[Tool[Any, Any]]:
        """See `ToolSource`."""
        return self.tools


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that passed its checks, with the source that offers it."""

    tool: Tool[Any, Any]
    source: str
    definition: ToolDefinition


@dataclass(frozen=True, slots=True)
class FailedSource:
    """A source whose tools a run has to do without, and why: `late`, an exception's class, or what is misassembled."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found, in the order of the sources asked, and who did not answer."""

    tools: tuple[OfferedTool, ...]
    failed: tuple[FailedSource, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """All tools of a source, or only those named."""

    source: str
    names: tuple[str, ...] = ()

    def takes(self, offered: OfferedTool) -> bool:
        """Whether `offered` is among the selected."""
        return offered.source == self.source and (not self.names or offered.definition.name in self.names)


@dataclass(frozen=True, slots=True)
class ToolSet:
    """A named, ordered composition of sources and names."""

    name: str
    selections: tuple[Selection, ...]


class ToolSets:
    """The sets a run may be given.

    Raises: Misassembled for doubled names, for sets of unknown sources, and for fixed tools that cannot be offered.
    """

    def __init__(self, sources: Iterable[ToolSource], sets: Iterable[ToolSet]) -> None:
        sources, sets = list(sources), list(sets)
        _refuse_doubled("tool source", [source.name for source in sources])
        _refuse_doubled("tool set", [each.name for each in sets])
        self._sources = {source.name: source for source in sources}
        self._sets = {each.name: each for each in sets}
        self._refuse_unknown_sources()
        self._fixed = {each.name: _checked(each, each.tools) for each in sources if isinstance(each, FixedSource)}

    def get(self, name: str) -> ToolSet:
        """The set of that name. Raises: Rejected `tool_set_not_found`."""
        if (known := self._sets.get(name)) is None:
            raise Rejected("tool_set_not_found", f"There is no tool set {name!r}.", "tool_set")
        return known

    async def discover(self, name: str, context: CallContext) -> Discovery:
        """Asks the sources of a set and composes what they offer. Raises: Rejected `tool_set_not_found`."""
        tool_set = self.get(name)
        asked = dict.fromkeys(selection.source for selection in tool_set.selections)
        found = await discover_all([self._sources[source] for source in asked if source not in self._fixed], context)
        fixed = [tool for source in asked for tool in self._fixed.get(source, ())]
        return Discovery(tools=compose(tool_set, [*fixed, *found.tools]), failed=found.failed)

    def fixed(self, name: str) -> Discovery | None:
        """What a set offers, if no source of it has to be asked. Raises: Rejected `tool_set_not_found`."""
        tool_set = self.get(name)
        sources = [selection.source for selection in tool_set.selections]
        if not all(source in self._fixed for source in sources):
            return None
        return Discovery(compose(tool_set, [tool for source in sources for tool in self._fixed[source]]), ())

    async def ask(self, source: str, context: CallContext) -> Discovery:
        """What one source offers; nothing where there is no such source any more."""
        if (fixed := self._fixed.get(source)) is not None:
            return Discovery(tuple(fixed), ())
        known = self._sources.get(source)
        return await discover_all([known] if known else [], context)

    def _refuse_unknown_sources(self) -> None:
        for each in self._sets.values():
            for selection in each.selections:
                if selection.source not in self._sources:
                    raise Misassembled(
                        f"Tool set {each.name!r} names the source {selection.source!r}, which is unknown."
                    )


async def discover_all(
    sources: Sequence[ToolSource], context: CallContext, *, timeout: float = DISCOVERY_SECONDS
) -> Discovery:
    """Asks all sources at once, each for at most `timeout` seconds."""
    if not sources:
        return Discovery((), ())
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_answer(source, context)) for source in sources]
        _, late = await asyncio.wait(asked, timeout=timeout)
        for task in late:
            task.cancel()
    answers = [
        _left_out(source, "late") if task.cancelled() else task.result()
        for source, task in zip(sources, asked, strict=True)
    ]
    return Discovery(
        tools=tuple(tool for answer in answers if not isinstance(answer, FailedSource) for tool in answer),
        failed=tuple(answer for answer in answers if isinstance(answer, FailedSource)),
    )


def compose(tool_set: ToolSet, offered: Sequence[OfferedTool]) -> tuple[OfferedTool, ...]:
    """The tools of a set, in its order; of two with one name the later is taken, and the log says so."""
    chosen: dict[str, OfferedTool] = {}
    for selection in tool_set.selections:
        for tool in filter(selection.takes, offered):
            name = tool.definition.name
            if (hidden := chosen.pop(name, tool)) is not tool:
                _log.warning("tool_hidden", tool_set=tool_set.name, tool=name, by=tool.source, hidden=hidden.source)
            chosen[name] = tool
    return tuple(chosen.values())


async def _answer(source: ToolSource, context: CallContext) -> list[OfferedTool] | FailedSource:
    try:
        return _checked(source, await source.discover(context))
    except Misassembled as fault:
        return _left_out(source, str(fault))
    except Exception as error:  # noqa: BLE001  whatever a source does wrong, the run goes on without its tools
        return _left_out(source, type(error).__name__)


def _left_out(source: ToolSource, reason: str) -> FailedSource:
    _log.warning("tool_source_left_out", source=source.name, reason=reason)
    return FailedSource(source.name, reason)


def _checked(source: ToolSource, tools: Sequence[Tool[Any, Any]]) -> list[OfferedTool]:
    offered = [OfferedTool(tool, source.name, define(tool)) for tool in tools]
    names = [each.definition.name for each in offered]
    _refuse_doubled(f"tool of source {source.name!r}", names)
    for name in names:
        if name.lower().startswith(RESERVED_PREFIX) and not source.platform:
            raise Misassembled(f"Tool {name!r} of source {source.name!r} has a name reserved for the platform.")
    return offered


def _refuse_doubled(what: str, names: Sequence[str]) -> None:
    if doubled := [name for name, times in Counter(names).items() if times > 1]:
        raise Misassembled(f"There is more than one {what} called {doubled[0]!r}.")
