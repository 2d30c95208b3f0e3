"""A tool and a caller for tests that need any."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from aevatar.errors import Unavailable
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.tools import CallContext, Tool
from tests.tools.protos import compiled

_messages = compiled("message Args { string text = 1; } message Answer { string text = 1; }")
Args: Any = _messages.Args
Answer: Any = _messages.Answer

_SCOPE = ScopeId("alpha")
_RUN = ActorId("agents.run", _SCOPE, "run_1")
_Result = TypeVar("_Result", bound=Message)


async def no_secret() -> Any:
    raise Unavailable("credential_unavailable")


CONTEXT = CallContext(
    principal=Principal(_SCOPE, "ada"),
    scope=_SCOPE,
    request_id="req-1",
    response_id=None,
    run=_RUN,
    root_run=_RUN,
    parent_run=None,
    depth=0,
    call_id="call-1",
    effect_id="effect-1",
    session="run",
    model="offline/demo",
    deadline=datetime(2026, 1, 1, tzinfo=UTC),
    budget=None,
    credential_handle="ch_secret",
    secret=no_secret,
)


class Echo(Tool[Args, Answer]):
    """Says what it is told; its promises are given when it is made."""

    description = "Says what it is told."

    def __init__(self, name: str = "echo", **promises: Any) -> None:
        self.name = name
        for promise, value in promises.items():
            setattr(self, promise, value)

    async def execute(self, args: Any, context: CallContext) -> Any:
        return Answer(text=args.text)


class Answering(Tool[Args, _Result], Generic[_Result]):
    """A family of tools with the same arguments."""

    name, description = "answering", "Answers."


class AnsweringEcho(Answering[Answer]):
    async def execute(self, args: Any, context: CallContext) -> Any:
        return Answer(text=args.text)
