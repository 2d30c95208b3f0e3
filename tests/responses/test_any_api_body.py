"""Whatever is written into a body of `/api`, in whatever place: it is taken, or refused in plain words."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.responses.kit import World, serving
from tests.responses.test_any_body import OURS, places, values, written

PERSONA: dict[str, Any] = {
    "displayName": "A",
    "description": "d",
    "instructions": "i",
    "model": "offline/demo",
    "parameters": {"temperature": 1, "topP": 0.5, "truncate": True},
    "toolSet": "workspace.default",
    "toolNames": ["aevatar_observe_run"],
    "tightened": {"aevatar_observe_run": "always"},
    "limits": {"rounds": 3, "calls": 3, "wallSeconds": 30, "inputTokens": 10_000, "outputTokens": 1000},
    "threadPolicy": "queue",
    "detail": "all",
}
POLICY: dict[str, Any] = {
    "rules": [
        {
            "id": "r",
            "priority": 1,
            "match": {"source": "responses", "model": "x*", "agent": "a"},
            "action": {"type": "reject", "code": "no", "message": "No."},
        },
        {
            "id": "s",
            "action": {
                "type": "forward",
                "model": "offline/demo",
                "toolSet": "workspace.default",
                "toolChoiceHint": {"tool": "aevatar_observe_run", "arguments": {"run_id": "x"}, "required": False},
            },
        },
    ],
    "default": {"type": "forward"},
}
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/agents", {"key": "any", **PERSONA}),
    ("PUT", "/api/agents/known", PERSONA),
    ("POST", "/api/agents/known/runs", {"prompt": "hello", "thread": "t", "model": "offline/demo"}),
    ("POST", "/api/agents/known:disable", {}),
    ("POST", "/api/runs/run_none:cancel", {"reason": "x"}),
    ("POST", "/api/runs/run_none/approvals/apr", {"decision": "approve", "reason": "x", "arguments": "{}"}),
    ("PUT", "/api/chat-policy", POLICY),
    ("PUT", "/api/budget", {"tokens": 10**12, "usdMicros": 0}),
]
PLACES = [(method, path, body, place) for method, path, body in BODIES for place in places(body)]


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with serving(tmp_path_factory.mktemp("data")) as running:
        await running.served.client.post("/api/agents", json={"key": "known", **PERSONA})
        yield running


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=values)
async def test_any_value_in_any_place_is_taken_or_refused(world: World, place: tuple[Any, ...], value: Any) -> None:
    method, path, body, where = place
    answer = await world.served.client.request(method, path, json=written(copy.deepcopy(body), where, value))
    assert answer.status_code in (200, 201, 202, 400, 404, 409, 412, 413, 429), (
        answer.text,
        method,
        path,
        where,
        value,
    )
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert set(error) <= {"code", "message", "field", "requestId"}
        assert not any(word in answer.text for word in OURS), error
