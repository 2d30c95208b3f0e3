"""A reader cut at random places, over a server that is killed, misses nothing and sees nothing twice."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from subprocess import PIPE
from typing import Any

import anyio
import httpx2
import pytest

from tests.responses.published import events_in

KILLS = 2
"""One more during the same call, and the response would be given up as interrupted."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port: int = chosen.getsockname()[1]
        return port


@asynccontextmanager
async def process(data: Path, port: int) -> AsyncIterator[Any]:
    """A server until the block is left; then it is killed, if it was not before."""
    command = [sys.executable, "-m", "tests.responses.process", str(data), str(port)]
    async with await anyio.open_process(command, stdout=PIPE, stderr=None) as server:
        try:
            assert server.stdout is not None
            with anyio.fail_after(30):
                assert (await server.stdout.receive()).startswith(b"ready")
            yield server
        finally:
            server.kill()


async def read_some(client: httpx2.AsyncClient, path: str, after: int, *, most: float) -> list[dict[str, Any]]:
    """The events after a number, until the stream ends or is cut after `most` events."""
    seen = b""
    headers = {"last-event-id": str(after)} if after >= 0 else {}
    try:
        async with client.stream("GET", f"{path}?stream=true", headers=headers) as answer:
            async for chunk in answer.aiter_bytes():
                seen += chunk
                if seen.count(b"\n\n") >= most:
                    break
    except httpx2.HTTPError:  # the server is dead: what came is still good
        pass
    return events_in(seen)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_reader_cut_at_random_over_kills_has_every_event_once_and_in_order(tmp_path: Path, seed: int) -> None:
    random, port = Random(seed), free_port()
    events: list[dict[str, Any]] = []
    path = ""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for _ in range(KILLS):
            async with process(tmp_path, port):
                if not path:
                    body = {"model": "offline/demo", "input": "/long 1500", "background": True}
                    begun = (await client.post("/v1/responses", json=body)).json()
                    path = f"/v1/responses/{begun['id']}"
                for _ in range(random.randint(1, 2)):
                    events += await read_some(client, path, last(events), most=random.randint(2, 6))
        async with process(tmp_path, port):
            while not events or events[-1]["type"] != "response.completed":
                events += await read_some(client, path, last(events), most=random.randint(5, 50))
            whole = await read_some(client, path, -1, most=float("inf"))
            answer = (await client.get(path)).json()
    assert events == whole
    assert answer == whole[-1]["response"]
    assert len(answer["output"]) == 1
    assert "word1500" in answer["output"][0]["content"][0]["text"]


def last(events: list[dict[str, Any]]) -> int:
    return int(events[-1]["sequence_number"]) if events else -1
