"""How long responses are kept, told in virtual time."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from aevatar.agents.runs_pb2 import RunDocument
from aevatar.errors import Rejected
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.responses import Responses
from aevatar.responses.beginning import Given
from aevatar.responses.requests import CreateResponse
from aevatar.server import Services
from aevatar.testing import VIRTUAL_TIME, MemoryJournal, MemoryStore, assert_no_secret, elapse
from aevatar.testing.scripted_model import ScriptedModel, hangs, says
from tests.responses.kit import OFFLINE, in_virtual_time

ADA = Principal(ScopeId("alpha"), "ada", frozenset("*"))
MARKER = "kumquat-4711"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL_TIME


async def begun(services: Services, body: CreateResponse) -> ActorId:
    return await services[Responses].create(body, Given(caller=ADA, command_id="c-1"))


async def status_of(services: Services, run: ActorId) -> str:
    found = await services.runtime.readmodels.get("agents.runs", run.scope, run.key)
    assert found is not None
    assert isinstance(found.document, RunDocument)
    return found.document.status


async def test_a_minute_after_its_end_nothing_of_an_unstored_response_is_left(tmp_path: Path) -> None:
    store = MemoryStore()
    async with in_virtual_time(tmp_path, journal=MemoryJournal(store)) as services:
        run = await begun(services, CreateResponse(model=OFFLINE, input=MARKER, store=False))
        async with services[Responses].reading(run):
            answer = await services[Responses].finished(run)
        assert MARKER in str(answer)
        await elapse(60)
        assert_no_secret(MARKER, store)


async def test_a_minute_after_it_was_deleted_nothing_of_a_response_is_left(tmp_path: Path) -> None:
    store = MemoryStore()
    async with in_virtual_time(tmp_path, journal=MemoryJournal(store)) as services:
        run = await begun(services, CreateResponse(model=OFFLINE, input=MARKER))
        await services[Responses].finished(run)
        await elapse(3600 * 24)
        await services[Responses].delete(ADA, run.key)
        await elapse(60)
        assert_no_secret(MARKER, store)
        with pytest.raises(Rejected, match="response_not_found"):
            await services[Responses].retrieve(ADA, run.key)


async def test_a_deleted_response_stays_readable_to_the_run_that_goes_on_from_it(tmp_path: Path) -> None:
    store = MemoryStore()
    models = {"s": ScriptedModel([says("first"), hangs("sec")])}
    async with in_virtual_time(tmp_path, journal=MemoryJournal(store), models=models) as services:
        responses = services[Responses]
        first = await begun(services, CreateResponse(model="s/one", input=MARKER))
        await responses.finished(first)
        after = CreateResponse(model="s/one", input="two", previous_response_id=first.key, background=True)
        second = await responses.create(after, Given(caller=ADA, command_id="c-2"))
        await responses.delete(ADA, first.key)
        await elapse(40)
        with pytest.raises(AssertionError):
            assert_no_secret(MARKER, store)
        await responses.cancel(ADA, second.key)
        await elapse(60)
        assert_no_secret(MARKER, store)


@pytest.mark.parametrize(("seconds", "status"), [(29, "running"), (31, "cancelled")])
async def test_an_unstored_response_waits_half_a_minute_for_its_reader(
    tmp_path: Path, seconds: float, status: str
) -> None:
    models = {"s": ScriptedModel([hangs("one ")])}
    async with in_virtual_time(tmp_path, journal=MemoryJournal(), models=models) as services:
        run = await begun(services, CreateResponse(model="s/one", input="x", store=False))
        async with services[Responses].reading(run):
            await elapse(20)
        await elapse(seconds)
        assert await status_of(services, run) == status


async def test_a_reader_that_comes_back_keeps_an_unstored_response_going(tmp_path: Path) -> None:
    models = {"s": ScriptedModel([hangs("one ")])}
    async with in_virtual_time(tmp_path, journal=MemoryJournal(), models=models) as services:
        body = CreateResponse(model="s/one", input="x", store=False)
        run = await begun(services, body)
        async with services[Responses].reading(run), aclosing(services[Responses].frames(run)) as frames:
            assert (await anext(frames)).body["type"] == "response.created"
        await elapse(20)
        async with services[Responses].reading(await begun(services, body)):
            await elapse(35)
            assert await status_of(services, run) == "running"
