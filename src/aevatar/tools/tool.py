"""What a tool is: a name, what it promises about itself, and one asynchronous function from arguments to result.

A tool neither decides when it runs nor records anything. It is checked once, when it is defined to a model.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Generic, TypeVar, get_args, get_origin

from google.protobuf.message import Message

from aevatar.errors import Misassembled
from aevatar.identity import ActorId
from aevatar.tools.context import CallContext
from aevatar.tools.schema import schema_text

RESERVED_PREFIX: Final = "aevatar_"
"""Names that only the platform's own tools may have."""

TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

Args = TypeVar("Args", bound=Message)
Result = TypeVar("Result", bound=Message)


class Approval(IntEnum):
    """When a person is asked before a call; a greater value is stricter."""

    NEVER = 0
    AUTO = 1
    ALWAYS = 2


@dataclass(frozen=True, slots=True)
class Held(Generic[Result]):
    """Instead of a result: the call stays open until something arrives under `wait_key`.

    After `seconds` without it, `otherwise` is the result. No task waits meanwhile.
    """

    wait_key: str
    seconds: float
    otherwise: Result


@dataclass(frozen=True, slots=True)
class StartedRun(Generic[Result]):
    """The call started a run of its own. `answer` is what the model is told.

    If it `is_followed`, what that run shows in `session` is shown in the session of the calling run, and a held
    `answer` is closed by its end.
    """

    answer: Result | Held[Result]
    run: ActorId
    session: str
    agent_key: str
    is_followed: bool


@dataclass(frozen=True, slots=True)
class Reconciled(Generic[Result]):
    """What became of a call whose process died: its result, or None if it never took effect and may be made again."""

    result: Result | None


class Tool(ABC, Generic[Args, Result]):
    """One thing a model can ask for. `Args` and `Result` are Protobuf messages.

    `read_only`: changes nothing, so calls may overlap. `destructive`: what it does cannot be taken back.
    `idempotent`: repeating it with the same `context.effect_id` is harmless at the far side. `timeout` in seconds.
    `starts_runs`: invokes agents as its caller under `context.effect_id`, so that what an unfinished call may have
    started can be ended.
    """

    name: str
    description: str
    approval: Approval = Approval.AUTO
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    starts_runs: bool = False
    timeout: float = 60

    @abstractmethod
    async def execute(self, args: Args, context: CallContext) -> Result | Held[Result] | StartedRun[Result]:
        """Does it. An exception is shown to the model by its class name only."""

    async def reconcile(self, args: Args, context: CallContext) -> Reconciled[Result] | None:
        """Finds out what became of an interrupted call; None if nobody can tell."""
        return None

    def needs_approval(self, args: Args, context: CallContext) -> bool:
        """Whether this call has to be approved, asked under `AUTO` only. Decides at once: it may not do any I/O."""
        return self.destructive


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """What a model is told about a tool. `schema` is JSON text; a client's is carried as it is."""

    name: str
    description: str
    schema: str
    strict: bool

    @property
    def digest(self) -> str:
        """Tells whether the arguments still have the shape they had when a run fixed its tools."""
        return hashlib.sha256(self.schema.encode()).hexdigest()


def define(tool: Tool[Any, Any]) -> ToolDefinition:
    """Checks `tool` and says what a model is told about it. Raises: Misassembled with a sentence naming its class."""
    if (fault := _fault(tool)) is not None:
        raise Misassembled(f"Tool {type(tool).__qualname__} {fault}.")
    schema = schema_text(arguments_type(tool).DESCRIPTOR)
    return ToolDefinition(name=tool.name, description=tool.description, schema=schema, strict=True)


def arguments_type(tool: Tool[Any, Any]) -> type[Message]:
    """The message that the tool's arguments are read into. Raises: Misassembled if the class does not say."""
    match _type_arguments(type(tool)):
        case (type() as args, type()) if issubclass(args, Message):
            return args
    raise Misassembled(f"Tool {type(tool).__qualname__} has to be declared as Tool[Args, Result] with two messages.")


def must_ask(tool: Tool[Args, Any], args: Args, *, context: CallContext, at_least: Approval = Approval.NEVER) -> bool:
    """Whether a person has to approve the call. `at_least` is the agent's configuration, which can only tighten."""
    approval = max(tool.approval, at_least)
    if approval is not Approval.AUTO:
        return approval is Approval.ALWAYS
    try:
        return tool.needs_approval(args, context)
    except Exception:  # noqa: BLE001  a tool that cannot tell must not run unasked, nor stop the run that asks
        return True


def _fault(tool: Tool[Any, Any]) -> str | None:
    name = getattr(tool, "name", None)
    if not isinstance(name, str) or not TOOL_NAME.fullmatch(name):
        return f"has the name {name!r}, which is not 1 to 64 of [A-Za-z0-9_-]"
    if not getattr(tool, "description", "").strip():
        return f"({name}) has no description"
    if tool.read_only and tool.destructive:
        return f"({name}) is read_only and destructive, which exclude each other"
    if tool.timeout <= 0:
        return f"({name}) has a timeout of {tool.timeout!r} seconds"
    if not inspect.iscoroutinefunction(tool.execute):
        return f"({name}) has an execute that is not `async def`"
    return None


def _type_arguments(declared: type) -> tuple[object, ...]:
    """What stands for `Args` and `Result` in a tool class, also through generic classes between it and `Tool`."""
    for base in declared.__dict__.get("__orig_bases__", declared.__bases__):
        origin = get_origin(base) or base
        if origin is Tool:
            return get_args(base)
        if isinstance(origin, type) and issubclass(origin, Tool):
            given = dict(zip(getattr(origin, "__parameters__", ()), get_args(base), strict=False))
            return tuple(given.get(argument, argument) for argument in _type_arguments(origin))
    return ()
