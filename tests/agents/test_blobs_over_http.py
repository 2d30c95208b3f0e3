"""Blobs of runs over HTTP: for those who may read the run, and harmless in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.datastructures import Headers

from aevatar.agents import RUN
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.platform import Platform, PlatformSettings
from aevatar.server import Unauthenticated
from tests.server.kit import Served, served

CALLERS = {
    "ann": Principal(ScopeId("dev"), "ann", frozenset({"agents.manage", "agents.invoke", "models.use", "runs.read"})),
    "bob": Principal(ScopeId("dev"), "bob", frozenset({"agents.invoke"})),
    "eve": Principal(ScopeId("other"), "eve", frozenset("*")),
}


class ByName:
    async def authenticate(self, headers: Headers) -> Principal:
        caller = CALLERS.get(headers.get("x-caller", "ann"))
        if caller is None:
            raise Unauthenticated("nobody")
        return caller


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    platform = Platform(PlatformSettings(config=tmp_path / "none.yaml"), environment={})
    async with served(tmp_path, *platform.capabilities(), authenticator=ByName()) as running:
        yield running


async def ended_run(server: Served, *, key: str = "echo") -> ActorId:
    """A run that has ended."""
    await server.client.post("/api/agents", json={"key": key, "displayName": key, "model": "offline/demo"})
    begun = (await server.client.post(f"/api/agents/{key}/runs", json={"prompt": "hi"})).json()
    await server.client.get(begun["events"], timeout=20)
    return ActorId(RUN, ScopeId("dev"), begun["runId"])


async def put(server: Served, run: ActorId, data: bytes, media_type: str) -> str:
    return (await server.runtime.blobs.put(run, data, media_type)).blob_id


async def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_blob_is_given_to_who_may_read_its_run(server: Served) -> None:
    run = await ended_run(server)
    path = f"/api/runs/{run.key}/blobs/{await put(server, run, b'PNG', 'image/png')}"
    answer = await server.client.get(path)
    assert (answer.status_code, answer.content) == (200, b"PNG")
    assert await told(await server.client.get(path, headers={"x-caller": "bob"})) == (403, "permission_denied")
    assert await told(await server.client.get(path, headers={"x-caller": "eve"})) == (404, "run_not_found")


@pytest.mark.parametrize(
    ("stored", "answered"),
    [
        ("image/png", "image/png"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("text/html", "application/octet-stream"),
        ("IMAGE/SVG+XML", "application/octet-stream"),
        ("application/x-protobuf", "application/octet-stream"),
    ],
)
async def test_what_a_blob_claims_to_be_runs_nothing_in_a_browser(server: Served, stored: str, answered: str) -> None:
    run = await ended_run(server)
    blob_id = await put(server, run, b"<script>alert(1)</script>", stored)
    headers = (await server.client.get(f"/api/runs/{run.key}/blobs/{blob_id}")).headers
    assert (
        headers["content-type"],
        headers["x-content-type-options"],
        headers["content-disposition"],
        headers["content-security-policy"],
    ) == (answered, "nosniff", "attachment", "default-src 'none'; sandbox")


async def test_a_blob_of_another_run_is_not_found_under_this_one(server: Served) -> None:
    one, other = await ended_run(server, key="one"), await ended_run(server, key="other")
    blob_id = await put(server, other, b"data", "text/plain")
    answer = await server.client.get(f"/api/runs/{one.key}/blobs/{blob_id}")
    assert await told(answer) == (404, "blob_not_found")


@pytest.mark.parametrize("blob_id", ["x", "a" * 64, "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "%00", "a" * 63 + "%0a"])
async def test_what_names_no_blob_is_not_found(server: Served, blob_id: str) -> None:
    run = await ended_run(server)
    answer = await server.client.get(f"/api/runs/{run.key}/blobs/{blob_id}")
    assert answer.status_code == 404


async def test_a_blob_of_a_run_that_is_not_there_is_not_found(server: Served) -> None:
    answer = await server.client.get(f"/api/runs/nobody/blobs/{'a' * 64}")
    assert await told(answer) == (404, "run_not_found")
