from __future__ import annotations

import re
from collections.abc import AsyncIterator

import anyio
import pytest
from structlog.testing import capture_logs

from aevatar.server.requests import BODY_LIMIT
from tests.server.kit import Served

PATH = "/api/scopes/dev/tallies/a/add"


async def test_every_answer_has_a_request_id(serving: Served) -> None:
    answers = [await serving.client.get(path) for path in ("/api/me", "/nothing", "/health/live")]
    identifiers = {answer.headers["x-request-id"] for answer in answers}
    assert len(identifiers) == 3
    assert all(re.fullmatch(r"[0-9a-f]{30}", identifier) for identifier in identifiers)


async def test_a_request_keeps_the_id_its_caller_gave_it(serving: Served) -> None:
    answer = await serving.client.get("/api/me", headers={"x-request-id": "caller-1"})
    assert answer.headers["x-request-id"] == "caller-1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\tb", 'a"b'])
async def test_an_id_that_could_break_a_log_is_replaced(serving: Served, given: str) -> None:
    answer = await serving.client.get("/api/me", headers={"x-request-id": given})
    assert re.fullmatch(r"[0-9a-f]{30}", answer.headers["x-request-id"])


async def test_a_body_that_announces_too_much_is_refused_before_it_is_sent(serving: Served) -> None:
    async with await anyio.connect_tcp("127.0.0.1", serving.client.base_url.port or 0) as raw:
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        await raw.send(f"{head}Expect: 100-continue\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n".encode())
        answer = await raw.receive()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"payload_too_large"' in answer


@pytest.mark.parametrize("length", [BODY_LIMIT + 1, BODY_LIMIT * 3 // 2])
async def test_who_sends_too_much_all_the_same_gets_the_answer(serving: Served, length: int) -> None:
    answer = await serving.client.post(PATH, content=b" " * length, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")


async def test_a_body_that_grows_too_long_is_refused(serving: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 1024 * 1024

    answer = await serving.client.post(PATH, content=endless(), headers={"content-type": "application/json"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (413, "payload_too_large")
    assert error["message"] == "a body has at most 16777216 bytes"


async def test_a_body_of_exactly_the_limit_is_read(serving: Served) -> None:
    body = b'{"by":1}'.rjust(BODY_LIMIT)
    answer = await serving.client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"total": 1})


async def test_a_request_is_one_line_in_the_log_and_its_query_none(serving: Served) -> None:
    with capture_logs() as logged:
        await serving.client.get("/api/me?token=s3cr3t-marker", headers={"x-request-id": "r-1"})
    [line] = [entry for entry in logged if entry["event"] == "request"]
    assert line.pop("seconds") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "request_id": "r-1",
        "method": "GET",
        "path": "/api/me",
        "status": 200,
        "scope": "dev",
        "subject": "dev",
    }


async def test_looking_after_the_health_fills_no_log(serving: Served) -> None:
    with capture_logs() as logged:
        await serving.client.get("/health/live")
    assert [entry["log_level"] for entry in logged if entry["event"] == "request"] == ["debug"]
