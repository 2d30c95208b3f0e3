"""What is promised of a caller's token: it is used at the far edge, and found nowhere else."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
import structlog

from aevatar.agents.runs_pb2 import RunContext
from aevatar.credentials import Binding, Secret
from aevatar.identity import ActorId
from aevatar.models import ModelCall
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.testing import VIRTUAL_TIME, MemoryJournal, assert_no_secret
from aevatar.testing.scripted_model import calls, says
from aevatar.tools import CallContext
from tests.agents.kit import ALPHA, Watched, World, call, invoking, ticks

MARKER = "tok-7f3a9c51e2b84d06"
RUN = ActorId("agents.run", ALPHA, "run_1")


class Gated(Watched):
    """A model that answers only who brings a token."""

    used: int = 0

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        assert await call.secret() == MARKER
        self.used += 1
        async for delta in super().stream(request, call):
            yield delta


async def leaky(args: Any, context: CallContext) -> Any:
    token = (await context.secret()).reveal()
    raise PermissionError(f"403 for {token}")


def gated(*steps: Any) -> World:
    world = World()
    world.model = world.models["scripted"] = Gated(steps)
    world.toolbox.tools.append(world.toolbox.tool("leaky", leaky, read_only=True))
    return world


def lent(world: World, uses: int = 64) -> RunContext:
    handle = world.vault.mint(Secret(MARKER), Binding(ALPHA, RUN, "run"), ttl=600, uses=uses)
    return RunContext(credential_handle_id=handle, credential_owner=RUN.text)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """All that is logged, with what was bound to it."""
    entries: list[Any] = []

    def keep(logger: Any, name: str, event: Any) -> str:
        entries.append(dict(event))
        return repr(event)

    structlog.configure(processors=[structlog.processors.format_exc_info, keep])
    yield entries
    structlog.reset_defaults()


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL_TIME


async def test_a_token_is_used_by_model_tool_and_sub_run_and_found_nowhere(
    logged: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = gated(
        calls(call("a", "reveal"), call("b", "leaky"), invoking("helper")),
        calls(call("c", "reveal")),
        says("Helped."),
        says("Done."),
    )
    async with world.opened():
        await world.agent("helper")
        run = await world.begin(context=lent(world), tools="everything")
        story = await world.story(run, usage=True)
        assert story[-1] == "ended: completed"
        assert [line for line in story if line.startswith("result of")][:2] == [
            f'result of reveal: {{"text":"{len(MARKER)} characters"}}',
            "result of leaky: tool_failed",
        ]
        shown = [str(event) for event in await world.shown(run)]
        document = await world.document(run)
    assert world.model.used == 4
    assert_no_secret(MARKER, world.store, shown, str(document), logged, caplog.records, story)


async def test_after_a_restart_the_run_ends_for_want_of_the_token() -> None:
    world = gated(calls(call("rent", "pay")), says("never"))
    async with world.opened():
        await world.begin(context=lent(world))
        await world.approval(RUN)
    world.vault = type(world.vault)(clock=world.now._clock)  # the memory of a process dies with it
    async with world.opened():
        await world.decide(RUN, "approve")
        assert (await world.story(RUN))[-1] == "ended: failed (credential_unavailable)"
    assert_no_secret(MARKER, world.store)


async def test_a_fresh_token_with_the_decision_lets_the_run_go_on() -> None:
    world = gated(calls(call("rent", "pay")), says("Done."))
    async with world.opened():
        await world.begin(context=lent(world))
        await world.approval(RUN)
    world.vault = type(world.vault)(clock=world.now._clock)
    async with world.opened():
        await world.decide(RUN, "approve", credential_handle_id=lent(world).credential_handle_id)
        assert (await world.story(RUN))[-1] == "ended: completed"
    assert_no_secret(MARKER, world.store)


async def test_a_handle_is_one_ticket_for_each_effect() -> None:
    world = gated(calls(call("a", "reveal")), says("Done."))
    async with world.opened():
        await world.begin(context=lent(world, uses=2))  # one for the model, one for the tool
        assert (await world.story(RUN))[-1] == "ended: failed (credential_unavailable)"
        await ticks()
    assert isinstance(world.journal, MemoryJournal)
