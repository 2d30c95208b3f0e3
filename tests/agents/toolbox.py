"""Tools of every temper, and what was asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aevatar.testing import elapse
from aevatar.tools import Approval, CallContext, Reconciled, Tool
from tests.tools.samples import Answer, Args

Deed = Callable[[Any, CallContext], Awaitable[Any]]


@dataclass
class Called:
    """One execution of a tool."""

    name: str
    text: str
    context: CallContext = field(repr=False)


class Instrument(Tool[Args, Answer]):
    """Does what it is made to do; its promises are given when it is made."""

    approval = Approval.NEVER
    description = "For tests."

    def __init__(self, name: str, deed: Deed, log: list[Called], **promises: Any) -> None:
        self.name = name
        self._deed = deed
        self._log = log
        for promise, value in promises.items():
            setattr(self, promise, value)

    async def execute(self, args: Any, context: CallContext) -> Any:
        self._log.append(Called(self.name, args.text, context))
        return await self._deed(args, context)


class Accountable(Instrument):
    """Can tell what became of an interrupted call."""

    known: Reconciled[Any] | None = None

    async def reconcile(self, args: Any, context: CallContext) -> Reconciled[Any] | None:
        self._log.append(Called(f"{self.name}?", args.text, context))
        return self.known


class Broken(Exception):
    """What a failing tool raises."""


async def echo(args: Any, context: CallContext) -> Any:
    return Answer(text=args.text)


async def fail(args: Any, context: CallContext) -> Any:
    raise Broken(f"secret detail of {args.text}")


async def sleep(args: Any, context: CallContext) -> Any:
    """Takes as many seconds as it is told."""
    await elapse(float(args.text))
    return Answer(text=f"slept {args.text}")


async def hang(args: Any, context: CallContext) -> Any:
    await asyncio.Event().wait()


async def reveal(args: Any, context: CallContext) -> Any:
    return Answer(text=f"{len((await context.secret()).reveal())} characters")


class Toolbox:
    """A source of tools. `calls` are the executions, oldest first; it outlives the processes that call the tools."""

    name = "toolbox"
    platform = False

    def __init__(self) -> None:
        self.calls: list[Called] = []
        self.discoveries = 0
        self.tools: list[Tool[Any, Any]] = [
            self.tool("look", echo, read_only=True),
            self.tool("slow_look", sleep, read_only=True),
            self.tool("write", echo, destructive=True),
            self.tool("slow_write", sleep, destructive=True),
            self.tool("put", echo, idempotent=True),
            self.tool("slow_put", sleep, idempotent=True),
            self.tool("fail", fail, read_only=True),
            self.tool("hang", hang, read_only=True, timeout=5),
            self.tool("hang_on", hang, destructive=True, timeout=600),
            self.tool("pay", echo, destructive=True, approval=Approval.AUTO),
            self.tool("ask", echo, read_only=True, approval=Approval.ALWAYS),
            self.tool("reveal", reveal, read_only=True),
            Accountable("send", sleep, self.calls, destructive=True),
        ]

    def tool(self, name: str, deed: Deed, **promises: Any) -> Instrument:
        return Instrument(name, deed, self.calls, **promises)

    def get(self, name: str) -> Any:
        return next(tool for tool in self.tools if tool.name == name)

    @property
    def done(self) -> list[tuple[str, str]]:
        """Names and texts of the executions."""
        return [(call.name, call.text) for call in self.calls]

    async def discover(self, context: CallContext) -> Sequence[Tool[Any, Any]]:
        self.discoveries += 1
        return self.tools
