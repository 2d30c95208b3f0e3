"""The caller's own credential: it reaches the gateway that asks for it, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from aevatar.credentials import Binding
from aevatar.identity import ActorId
from aevatar.models.models_pb2 import FINISH_TOOL_CALLS
from aevatar.platform import DEV
from aevatar.testing import MemoryJournal, MemoryStore, assert_no_secret
from tests.models.fake_provider import FakeProvider, Reply, fake_provider
from tests.models.replies import called, done, text
from tests.responses.kit import OFFLINE, serving, told
from tests.responses.test_server_tools import Drawer

MARKER = "sk-marker-of-the-caller-4711"
HELLO = Reply((*text("Hi."), *done()))


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[FakeProvider]:
    """A gateway that wants the credential of each caller, and a configuration that names it."""
    async with fake_provider() as known:
        configured = f"""
models:
  providers:
    - name: gate
      type: openai_compatible
      base_url: {known.base_url}/v1
      credential: caller
      models: [one]
"""
        (tmp_path / "aevatar.yaml").write_text(configured, encoding="utf-8")
        yield known


async def test_the_callers_credential_reaches_the_gateway_and_is_kept_nowhere(
    tmp_path: Path, provider: FakeProvider
) -> None:
    provider.answers += [HELLO, HELLO, HELLO]
    store = MemoryStore()
    with capture_logs() as logs:
        async with serving(tmp_path, journal=MemoryJournal(store), api_key=MARKER) as world:
            answered = await world.client.responses.create(model="gate/one", input="hello")
            async for _ in await world.client.responses.create(model="gate/one", input="hello", stream=True):
                pass
            queued = await world.client.responses.create(model="gate/one", input="hello", background=True)
            async for _ in await world.client.responses.retrieve(queued.id, stream=True):
                pass
            bodies = list(world.checked.bodies)
    assert answered.output_text == "Hi."
    assert [request.headers["authorization"] for request in provider.requests] == [f"Bearer {MARKER}"] * 3
    assert_no_secret(MARKER, store, logs, bodies, tmp_path)


async def test_a_credential_of_its_own_for_the_gateway_goes_before_that_for_the_server(
    tmp_path: Path, provider: FakeProvider
) -> None:
    provider.answers.append(HELLO)
    headers = {"X-Gateway-Authorization": f"Bearer {MARKER}"}
    async with serving(tmp_path, api_key="for the server") as world:
        await world.client.responses.create(model="gate/one", input="hello", extra_headers=headers)
    assert [request.headers["authorization"] for request in provider.requests] == [f"Bearer {MARKER}"]


async def test_without_a_credential_the_response_fails(tmp_path: Path, provider: FakeProvider) -> None:
    async with serving(tmp_path) as world:
        body = {"model": "gate/one", "input": "hello"}
        answer = (await world.served.client.post("/v1/responses", json=body)).json()
    assert (answer["status"], answer["error"]["code"]) == ("failed", "credential_unavailable")
    assert provider.connections == 0


async def test_a_credential_does_not_survive_a_restart(tmp_path: Path, provider: FakeProvider) -> None:
    provider.answers.append(Reply(text("one "), end="hang"))
    store = MemoryStore()
    journal = MemoryJournal(store)
    async with serving(tmp_path, journal=journal, api_key=MARKER) as first:
        begun = await first.client.responses.create(model="gate/one", input="hello", background=True)
        await provider.hanging.wait()
        await first.served.stop()
    async with serving(tmp_path, journal=journal.reopened()) as second:
        async for _ in await second.client.responses.retrieve(begun.id, stream=True):
            pass
        ended = await second.client.responses.retrieve(begun.id)
    assert ended.error is not None
    assert (ended.status, ended.error.code) == ("failed", "credential_unavailable")
    assert_no_secret(MARKER, store)


async def test_a_credential_is_forgotten_when_the_response_has_ended(tmp_path: Path, provider: FakeProvider) -> None:
    provider.answers.append(HELLO)
    async with serving(tmp_path, api_key=MARKER) as world:
        response = await world.client.responses.create(model="gate/one", input="hello")
        run = ActorId("agents.run", DEV.scope, response.id)
        vault = world.served.application.state.services.vault
        with anyio.fail_after(5):
            while vault.holds(Binding(run.scope, run, "run")):
                await anyio.lowlevel.checkpoint()


async def test_whoever_decides_after_a_restart_brings_the_credential_along(
    tmp_path: Path, provider: FakeProvider
) -> None:
    provider.answers += [Reply((*called(0, "c", "pay", '{"text":"rent"}'), *done(FINISH_TOOL_CALLS))), HELLO]
    store = MemoryStore()
    journal = MemoryJournal(store)
    async with serving(tmp_path, journal=journal, api_key=MARKER, sources=[Drawer()]) as first:
        asked = await first.client.responses.create(model="gate/one", input="pay the rent")
        assert asked.status == "in_progress"
    async with serving(tmp_path, journal=journal.reopened(), sources=[Drawer()]) as second:
        (approval,) = (await second.served.client.get("/api/approvals")).json()["items"]
        path = f"/api/runs/{asked.id}/approvals/{approval['id']}"
        headers = {"Authorization": f"Bearer {MARKER}"}
        await second.served.client.post(path, json={"decision": "approve"}, headers=headers)
        async for _ in await second.client.responses.retrieve(asked.id, stream=True):
            pass
        ended = await second.client.responses.retrieve(asked.id)
    assert (ended.status, ended.output_text) == ("completed", "Hi.")
    assert_no_secret(MARKER, store)


async def test_a_repeated_request_brings_no_second_credential(tmp_path: Path, provider: FakeProvider) -> None:
    provider.answers.append(HELLO)
    headers = {"Idempotency-Key": "k"}
    async with serving(tmp_path, api_key=MARKER) as first:
        answers = [
            told(await first.client.responses.create(model="gate/one", input="x", extra_headers=headers))
            for _ in range(3)
        ]
    assert answers == [answers[0]] * 3
    assert len(provider.requests) == 1


async def test_the_offline_model_needs_none(tmp_path: Path, provider: FakeProvider) -> None:
    async with serving(tmp_path, api_key=MARKER) as world:
        assert (await world.client.responses.create(model=OFFLINE, input="x")).status == "completed"
    assert provider.connections == 0
