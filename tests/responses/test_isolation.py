"""What is another scope's looks as if it did not exist; what a caller may not do is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx2 import AsyncClient
from openai import APIStatusError, AsyncOpenAI
from starlette.datastructures import Headers

from aevatar.agents import Agents, Persona
from aevatar.identity import Principal, ScopeId
from aevatar.server import Unauthenticated
from tests.responses.kit import OFFLINE, World, client_of, serving, told

EVERYTHING = frozenset("*")
CALLERS = {
    "ada": Principal(ScopeId("alpha"), "ada", EVERYTHING),
    "bob": Principal(ScopeId("beta"), "bob", EVERYTHING),
    "cid": Principal(ScopeId("alpha"), "cid", EVERYTHING),
    "reader": Principal(ScopeId("alpha"), "reader", frozenset({"runs.read"})),
    "asker": Principal(ScopeId("alpha"), "asker", frozenset({"models.use"})),
}


class ByName:
    """Knows callers by a name for a token."""

    async def authenticate(self, headers: Headers) -> Principal:
        name = headers.get("authorization", "").removeprefix("Bearer ")
        if name not in CALLERS:
            raise Unauthenticated("say who you are")
        return CALLERS[name]


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    data = tmp_path_factory.mktemp("data")
    async with serving(data, authenticator=ByName(), api_key="ada") as running:
        agents: Agents = running.served.application.state.services[Agents]
        await agents.create(CALLERS["ada"], "helper", Persona(model=OFFLINE))
        yield running


def client(world: World, name: str) -> AsyncOpenAI:
    return client_of(world.served, world.checked, api_key=name)


async def refused(call: Any) -> tuple[int, str | None, str | None]:
    with pytest.raises(APIStatusError) as error:
        await call
    return error.value.status_code, error.value.code, error.value.param


async def test_a_response_of_another_scope_looks_absent_in_every_route(world: World) -> None:
    mine = await world.client.responses.create(model=OFFLINE, input="secret plans")
    (asked,) = [item async for item in world.client.responses.input_items.list(mine.id)]
    foreign = client(world, "bob").responses
    absent = (404, "response_not_found", "response_id")
    assert await refused(foreign.retrieve(mine.id)) == absent
    assert await refused(foreign.retrieve(mine.id, stream=True)) == absent
    assert await refused(foreign.cancel(mine.id)) == absent
    assert await refused(foreign.delete(mine.id)) == absent
    assert await refused(foreign.input_items.list(mine.id)) == absent
    assert await refused(foreign.create(model=OFFLINE, input="x", previous_response_id=mine.id)) == (
        404,
        "previous_response_not_found",
        "previous_response_id",
    )
    reference: Any = [{"type": "item_reference", "id": asked.id}]
    assert await refused(foreign.create(model=OFFLINE, input=reference)) == (404, "item_not_found", "input[0].id")
    assert (await world.client.responses.retrieve(mine.id)).status == "completed"


async def test_an_unknown_response_is_refused_in_the_same_words(world: World) -> None:
    assert await refused(world.client.responses.retrieve("resp_nonsense")) == (
        404,
        "response_not_found",
        "response_id",
    )


async def test_an_agent_of_another_scope_looks_absent(world: World) -> None:
    assert (await world.client.responses.create(model="agent/helper", input="x")).model == "agent/helper"
    foreign = client(world, "bob")
    assert await refused(foreign.responses.create(model="agent/helper", input="x")) == (404, "model_not_found", "model")
    assert [model.id async for model in foreign.models.list()] == [OFFLINE]
    assert [model.id async for model in world.client.models.list()] == [OFFLINE, "agent/helper"]


async def test_a_sealed_summary_of_another_scope_does_not_open(world: World) -> None:
    compacted = await world.client.responses.compact(model=OFFLINE, input="hello")
    sealed: Any = [told(compacted.output[0])]
    foreign = client(world, "bob").responses.create(model=OFFLINE, input=sealed)
    assert await refused(foreign) == (400, "invalid_compaction", "input[0].encrypted_content")


async def test_the_same_key_of_two_callers_makes_two_responses(world: World) -> None:
    headers = {"Idempotency-Key": "k"}
    ids = {
        (await client(world, name).responses.create(model=OFFLINE, input="x", extra_headers=headers)).id
        for name in ("ada", "bob", "cid")
    }
    assert len(ids) == 3


async def test_nobody_is_let_in_unknown(world: World) -> None:
    stranger = client(world, "mallory")
    assert await refused(stranger.responses.create(model=OFFLINE, input="x")) == (401, "authentication_required", None)


async def test_permissions_are_asked_for(world: World) -> None:
    mine = await world.client.responses.create(model=OFFLINE, input="x")
    denied = (403, "permission_denied", None)
    reader, asker = client(world, "reader").responses, client(world, "asker").responses
    assert (await reader.retrieve(mine.id)).id == mine.id
    assert await refused(reader.create(model=OFFLINE, input="x")) == denied
    assert await refused(reader.cancel(mine.id)) == denied
    assert await refused(reader.delete(mine.id)) == denied
    assert (await asker.create(model=OFFLINE, input="x")).status == "completed"
    assert await refused(asker.retrieve(mine.id)) == denied
    assert await refused(asker.create(model="agent/helper", input="x")) == denied


async def test_nothing_of_another_scope_is_seen_or_touched_under_api(world: World) -> None:
    def of(name: str) -> AsyncClient:
        return AsyncClient(base_url=world.served.client.base_url, headers={"authorization": f"Bearer {name}"})

    tightened = {"aevatar_invoke_gagent": "always"}
    careful = {"key": "careful", "model": OFFLINE, "toolSet": "workspace.default", "tightened": tightened}
    async with of("ada") as ada, of("bob") as bob:
        await ada.post("/api/agents", json=careful)
        await ada.put("/api/budget", json={"tokens": 10_000_000})
        await ada.put("/api/chat-policy", json={"rules": [{"id": "r", "action": {"type": "forward"}}]})
        prompt = '/call aevatar_invoke_gagent {"target":{"agent_key":"helper"},"payload":{"prompt":"hi"}}'
        run = (await ada.post("/api/agents/careful/runs", json={"prompt": prompt})).json()["runId"]
        while not (waiting := (await ada.get("/api/approvals")).json()["items"]):
            continue
        approval = f"/api/runs/{run}/approvals/{waiting[0]['id']}"
        absent: list[tuple[str, str, Any]] = [
            ("GET", "/api/agents/careful", None),
            ("PUT", "/api/agents/careful", {}),
            ("DELETE", "/api/agents/careful", None),
            ("POST", "/api/agents/careful:disable", {}),
            ("POST", "/api/agents/careful/runs", {"prompt": "hi"}),
            ("GET", f"/api/runs/{run}", None),
            ("GET", f"/api/runs/{run}/events", None),
            ("GET", f"/api/runs/{run}/blobs/b3_x", None),
            ("POST", f"/api/runs/{run}:cancel", {}),
            ("POST", approval, {"decision": "approve"}),
            ("GET", "/api/budget", None),
            ("DELETE", "/api/chat-policy/rules/r", None),
        ]
        answers = [await bob.request(method, path, json=body) for method, path, body in absent]
        assert [(answer.status_code, str(answer.request.url.path)) for answer in answers] == [
            (404, path) for _, path, _ in absent
        ]
        for path in ("/api/agents", "/api/runs", "/api/approvals"):
            listed = await bob.get(path)
            assert (listed.status_code, "careful" in listed.text, run in listed.text) == (200, False, False)
        assert (await bob.get("/api/chat-policy")).json()["rules"] == []
        assert (await ada.get("/api/approvals")).json()["items"] == waiting
        assert (await ada.get("/api/agents/careful")).json()["isDisabled"] is False
        for path in ("/api/scopes/alpha/anything", "/api/scopes/alpha/"):
            assert (await bob.get(path)).json()["error"]["code"] == "scope_access_denied"
