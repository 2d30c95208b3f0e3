"""Agents, runs and approvals over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aevatar.actors import Runtime
from aevatar.agents.runs import PromptSection
from aevatar.identity import ActorId, Principal
from aevatar.platform import Platform, PlatformSettings
from aevatar.server import Capability
from aevatar.testing.scripted_model import ScriptedModel, says
from tests.agents.toolbox import Toolbox
from tests.server.kit import Served, served

ECHO = {"key": "echo", "displayName": "Echo", "model": "offline/demo"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    settings = PlatformSettings(config=tmp_path / "none.yaml")
    platform = Platform(settings, extra_sources=[Toolbox()], environment={})
    async with served(tmp_path, *platform.capabilities()) as running:
        yield running


async def events(server: Served, path: str, **headers: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Everything that a stream says: cursor, name and content of each event."""
    answer = await server.client.get(path, headers=headers, timeout=20)
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in fields:
            found.append((int(fields["id"]), fields["event"], msgspec.json.decode(fields["data"])))
    return found


async def error(answer: Any) -> tuple[int, str, str | None]:
    told = answer.json()["error"]
    return answer.status_code, told["code"], told.get("field")


async def test_an_agent_is_made_read_changed_and_ended(server: Served) -> None:
    made = await server.client.post("/api/agents", json=ECHO)
    assert (made.status_code, made.headers["etag"], made.json()["displayName"]) == (201, '"1"', "Echo")
    changed = await server.client.put(
        "/api/agents/echo", json={"displayName": "Echo 2", "model": "offline/demo"}, headers={"If-Match": '"1"'}
    )
    assert (changed.headers["etag"], changed.json()["displayName"]) == ('"2"', "Echo 2")
    stale = await server.client.put("/api/agents/echo", json={}, headers={"If-Match": '"1"'})
    assert await error(stale) == (412, "version_conflict", "expectedVersion")
    listed = (await server.client.get("/api/agents")).json()
    assert ([item["key"] for item in listed["items"]], listed["next"]) == (["echo"], None)
    assert (await server.client.delete("/api/agents/echo")).status_code == 204
    assert await error(await server.client.get("/api/agents/echo")) == (404, "agent_not_found", "key")


async def test_a_run_is_started_followed_resumed_and_read(server: Served) -> None:
    await server.client.post("/api/agents", json=ECHO)
    begun = await server.client.post("/api/agents/echo/runs", json={"prompt": "hi"}, headers={"Idempotency-Key": "k-1"})
    again = await server.client.post("/api/agents/echo/runs", json={"prompt": "hi"}, headers={"Idempotency-Key": "k-1"})
    assert (begun.status_code, begun.json()) == (202, again.json())
    path = begun.json()["events"]
    seen = await events(server, path)
    names = [name for _, name, _ in seen]
    assert [name for name in names if name != "delta"] == [
        "run_opened",
        "step_opened",
        "item_opened",
        "usage_shown",
        "item_closed",
        "step_closed",
        "run_closed",
    ]
    assert "delta" in names[3:-3]  # in how many pieces is a matter of the machine's speed
    assert [cursor for cursor, _, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][2]["status"] == "completed"
    assert await events(server, path, **{"Last-Event-ID": "6"}) == seen[6:]
    run = (await server.client.get(f"/api/runs/{begun.json()['runId']}")).json()
    assert (run["status"], run["agentKey"], run["model"], run["modelReason"]) == (
        "completed",
        "echo",
        "offline/demo",
        "agent",
    )
    listed = (await server.client.get("/api/runs", params={"agent": "echo", "status": "completed"})).json()
    assert [item["id"] for item in listed["items"]] == [run["id"]]


async def test_the_events_of_a_run_are_plain_json(server: Served) -> None:
    await server.client.post("/api/agents", json=ECHO)
    begun = await server.client.post("/api/agents/echo/runs", json={"prompt": "hi"})
    told = {name: data for _, name, data in await events(server, begun.json()["events"])}
    item = told["delta"]["item"]
    assert isinstance(told["run_opened"]["createdAt"], int)
    assert told["item_opened"] == {"itemId": item, "kind": "message", "callId": "", "name": "", "isClient": False}
    assert told["item_closed"] == {"itemId": item, "isIncomplete": False, "isCommentary": False, "signature": ""}
    assert {type(value) for value in told["run_closed"]["usage"].values()} == {int, bool}


async def test_an_approval_is_found_and_decided(server: Served) -> None:
    persona = {"key": "payer", "model": "offline/demo", "toolSet": "workspace.default"}
    await server.client.post("/api/agents", json=persona)
    begun = await server.client.post("/api/agents/payer/runs", json={"prompt": '/call pay {"text": "rent"}'})
    run = begun.json()["runId"]
    waiting: list[dict[str, Any]] = []
    while not waiting:
        waiting = (await server.client.get("/api/approvals")).json()["items"]
    (approval,) = waiting
    assert (approval["runId"], approval["tool"], approval["arguments"]) == (run, "pay", '{"text": "rent"}')
    path = f"/api/runs/{run}/approvals/{approval['id']}"
    decided = await server.client.post(path, json={"decision": "approve"})
    assert decided.json()["decision"] == "approve"
    assert (await events(server, begun.json()["events"]))[-1][2]["status"] == "completed"
    assert await error(await server.client.post(path, json={"decision": "deny"})) == (
        409,
        "approval_already_resolved",
        "decision",
    )
    assert (await server.client.get("/api/approvals")).json()["items"] == []


async def test_a_run_is_cancelled(server: Served) -> None:
    persona = {"key": "payer", "model": "offline/demo", "toolSet": "workspace.default"}
    await server.client.post("/api/agents", json=persona)
    begun = await server.client.post("/api/agents/payer/runs", json={"prompt": '/call pay {"text": "rent"}'})
    run = begun.json()["runId"]
    cancelled = await server.client.post(f"/api/runs/{run}:cancel", json={"reason": "enough"})
    assert cancelled.json() == {"id": run, "status": "cancelled"}
    assert (await events(server, begun.json()["events"]))[-1][2] == {
        "status": "cancelled",
        "code": "cancelled",
        "message": "enough",
        "usage": (await events(server, begun.json()["events"]))[-1][2]["usage"],
        "roundsExhausted": False,
        "replyFailed": False,
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/api/agents", {"key": "Not A Key"}, (400, "invalid_argument", "key")),
        ("POST", "/api/agents", {"key": "a", "threadPolicy": "fifo"}, (400, "invalid_argument", "threadPolicy")),
        ("POST", "/api/agents", {"key": "a", "unknown": 1}, (400, "invalid_argument", "unknown")),
        ("POST", "/api/agents", {"key": "a", "limits": {"rounds": 41}}, (400, "invalid_argument", "limits.rounds")),
        ("POST", "/api/agents/nobody/runs", {"prompt": "hi"}, (404, "agent_not_found", "key")),
        ("POST", "/api/agents/..%2fx/runs", {"prompt": "hi"}, (404, None, None)),
        ("POST", "/api/agents/nobody/runs", {"prompt": ""}, (400, "invalid_argument", "prompt")),
        ("GET", "/api/runs/run_none", None, (404, "run_not_found", "run")),
        ("GET", "/api/runs/run_none/events", None, (404, "run_not_found", "run")),
        ("POST", "/api/runs/run_none:cancel", {}, (404, "run_not_found", "run")),
        ("GET", "/api/runs?limit=0", None, (400, "invalid_argument", "limit")),
        ("GET", "/api/runs?cursor=nonsense", None, (400, "invalid_cursor", "after")),
    ],
)
async def test_what_is_wrong_is_refused_with_a_code_and_a_field(
    server: Served, method: str, path: str, body: Any, expected: tuple[int, str | None, str | None]
) -> None:
    answer = await server.client.request(method, path, json=body)
    if expected[1] is None:
        assert answer.status_code == expected[0]
    else:
        assert await error(answer) == expected


async def test_a_busy_thread_is_told_to_whoever_asks(server: Served) -> None:
    persona = {"key": "payer", "model": "offline/demo", "toolSet": "workspace.default", "threadPolicy": "reject"}
    await server.client.post("/api/agents", json=persona)
    body = {"prompt": '/call pay {"text": "rent"}', "thread": "t"}
    assert (await server.client.post("/api/agents/payer/runs", json=body)).status_code == 202
    assert await error(await server.client.post("/api/agents/payer/runs", json=body)) == (409, "thread_busy", "thread")


async def test_an_agent_may_want_summaries_and_nothing_that_is_no_compaction(server: Served) -> None:
    await server.client.post("/api/agents", json={**ECHO, "compaction": "summarise", "limits": {"usdMicros": 500_000}})
    agent = (await server.client.get("/api/agents/echo")).json()
    assert (agent["compaction"], agent["limits"]["usdMicros"]) == ("summarise", 500_000)
    refused = await server.client.put("/api/agents/echo", json={"compaction": "zip"})
    assert await error(refused) == (400, "invalid_argument", "compaction")


async def test_a_run_tells_its_usage_by_model(server: Served) -> None:
    await server.client.post("/api/agents", json=ECHO)
    begun = (await server.client.post("/api/agents/echo/runs", json={"prompt": "hi"})).json()
    await events(server, begun["events"])
    run = (await server.client.get(f"/api/runs/{begun['runId']}")).json()
    used = run["usage"]
    assert (used["usdMicros"], used["isPartlyPriced"], used["estimated"]) == (None, False, True)
    assert run["usageByModel"] == [{**used, "model": "offline/demo", "calls": 1}]


class Memory:
    """What a capability knows of the user, made from the runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def sections(self, principal: Principal, run: ActorId) -> list[PromptSection]:
        return [PromptSection("memory", "1", f"{principal.subject} likes tea.")]


async def test_sections_of_a_capability_are_in_every_prompt(tmp_path: Path) -> None:
    model = ScriptedModel([says("Yes.")])
    platform = Platform(PlatformSettings(config=tmp_path / "none.yaml"), ports={"s": model}, environment={})
    memory = Capability(name="memory", prompt_sections=[Memory])
    async with served(tmp_path, *platform.capabilities(memory)) as running:
        await running.client.post("/v1/responses", json={"model": "s/one", "input": "Hi", "instructions": "Be brief."})
    assert model.requests[0].messages[0].parts[0].text == "Be brief.\n\ndev likes tea."


async def test_what_models_are_used_for_is_among_the_metrics(server: Served) -> None:
    await server.client.post("/v1/responses", json={"input": "12345678"})
    lines = (await server.client.get("/metrics")).text.splitlines()
    model = 'provider="offline",model="offline/demo"'
    assert f"aevatar_models_calls_total{{{model}}} 1" in lines
    (told,) = [line for line in lines if line.startswith(f'aevatar_models_tokens_total{{{model},kind="output"}} ')]
    assert int(told.split()[-1]) > 0
    assert f"aevatar_models_dollars_total{{{model}}} 0.0" in lines


async def test_a_budget_is_set_and_read(server: Served) -> None:
    assert (await server.client.get("/api/budget")).status_code == 404
    put = await server.client.put("/api/budget", json={"tokens": 1_000_000, "usdMicros": 5_000_000})
    assert put.status_code == 200
    assert (await server.client.get("/api/budget")).json() == {
        "tokens": 1_000_000,
        "usdMicros": 5_000_000,
        "spentTokens": 0,
        "spentUsdMicros": 0,
        "reservedTokens": 0,
        "reservedUsdMicros": 0,
        "unpricedCalls": 0,
        "version": 1,
    }
    refused = await server.client.put("/api/budget", json={"tokens": -1})
    assert refused.status_code == 400


async def test_a_response_of_a_scope_whose_budget_is_spent_is_not_even_begun(server: Served) -> None:
    await server.client.put("/api/budget", json={"tokens": 10})
    answer = (await server.client.post("/v1/responses", json={"input": "Hi"})).json()
    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": "budget_exceeded"})
