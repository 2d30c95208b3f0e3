from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from aevatar.server import Problem
from tests.server.kit import ERRORS, Served, sample, served


def told(answer: httpx2.Response) -> tuple[int, dict[str, Any]]:
    """Status and error, once it is clear that the request id is the one in the header."""
    error = answer.json()["error"]
    assert error.pop("requestId") == answer.headers["x-request-id"]
    return answer.status_code, error


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("refused", 409, {"code": "poll_closed", "message": "This poll takes no more votes."}),
        (
            "refused_field",
            400,
            {"code": "bad_color", "message": "There is no such color.", "field": "paint.baseColor"},
        ),
        ("refused_code", 400, {"code": "invalid_color", "message": "invalid_color"}),
        ("refused_missing", 404, {"code": "room_not_found", "message": "There is no such room."}),
        ("refused_large", 413, {"code": "payload_too_large", "message": "Send less."}),
        ("refused_gone", 410, {"code": "gone", "message": "It has retired."}),
        ("refused_own", 418, {"code": "teapot", "message": "It is a teapot."}),
        (
            "refused_reused",
            409,
            {
                "code": "idempotency_conflict",
                "message": "This key was used with another request.",
                "field": "Idempotency-Key",
            },
        ),
        ("denied", 403, {"code": "permission_denied", "message": "You may not."}),
        (
            "conflict",
            409,
            {"code": "version_conflict", "message": "it is at version 5, not 3: read again, then decide"},
        ),
        ("overloaded", 429, {"code": "overloaded", "message": "Too much."}),
        ("unavailable", 503, {"code": "unavailable", "message": "The journal does not answer."}),
        (
            "internal",
            500,
            {"code": "internal", "message": "something went wrong; quote the request id when you report it"},
        ),
        (
            "bug",
            500,
            {"code": "internal", "message": "something went wrong; quote the request id when you report it"},
        ),
    ],
)
async def test_every_error_has_its_status_and_one_shape(
    serving: Served, name: str, status: int, error: dict[str, str]
) -> None:
    assert told(await serving.client.get(f"/api/scopes/dev/raise/{name}")) == (status, error)


def test_every_error_is_tried() -> None:
    tried = next(mark for mark in test_every_error_has_its_status_and_one_shape.pytestmark).args[1]  # type: ignore[attr-defined]
    assert {case[0] for case in tried} == set(ERRORS)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [("overloaded", "retry-after", "2"), ("unavailable", "retry-after", "1"), ("conflict", "etag", '"5"')],
)
async def test_an_error_says_what_to_do_in_a_header(serving: Served, name: str, header: str, value: str) -> None:
    answer = await serving.client.get(f"/api/scopes/dev/raise/{name}")
    assert answer.headers[header] == value


async def test_a_bug_is_logged_under_the_request_id_and_not_told(serving: Served) -> None:
    with capture_logs() as logged:
        answer = await serving.client.get("/api/scopes/dev/raise/bug")
    assert "s3cr3t-marker" not in answer.text
    failure = next(entry for entry in logged if entry["event"] == "request_failed")
    assert (failure["error"], failure["request_id"]) == ("ZeroDivisionError", answer.headers["x-request-id"])


async def test_a_bug_in_a_turn_is_linked_to_its_command(serving: Served) -> None:
    await serving.client.post("/api/scopes/dev/tallies/a/add", json={"by": 1})
    with capture_logs() as logged:
        answer = await serving.client.post("/api/scopes/dev/tallies/a/break", headers={"idempotency-key": "k-1"})
    assert told(answer)[0] == 500
    failure = next(entry for entry in logged if entry["event"] == "request_failed")
    assert (failure["command_id"], failure["request_id"]) == ("dev:k-1", answer.headers["x-request-id"])


@pytest.mark.parametrize(
    ("path", "body", "message", "field"),
    [
        ("tallies/a/add", {"by": 1001}, "Expected at most 1000.", "by"),
        ("tallies/a/add", {}, "This field is required.", "by"),
        ("tallies/a/add", {"by": 1, "extra": 1}, "There is no such field here.", "extra"),
        ("tallies/a/add", {"by": 1, "sideNote": 3}, "Expected text.", "sideNote"),
        (
            "nested",
            {"someItems": [{"someCount": 1}, {"someCount": "x"}]},
            "Expected a whole number.",
            "someItems[1].someCount",
        ),
    ],
)
async def test_bad_input_is_refused_with_the_path_of_the_field(
    serving: Served, path: str, body: dict[str, Any], message: str, field: str
) -> None:
    answer = await serving.client.post(f"/api/scopes/dev/{path}", json=body)
    assert told(answer) == (400, {"code": "invalid_argument", "message": message, "field": field})


async def test_a_bad_query_names_its_parameter(serving: Served) -> None:
    answer = await serving.client.get("/api/scopes/dev/listed?limit=0")
    message = "Expected at least 1."
    assert told(answer) == (400, {"code": "invalid_argument", "message": message, "field": "limit"})


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (
            b'{"by":',
            "application/json",
            (
                400,
                {
                    "code": "invalid_json",
                    "message": "The body is not JSON: it ends too early, or with half a character.",
                },
            ),
        ),
        (
            b'{"by":1}',
            "text/plain",
            (415, {"code": "unsupported_media_type", "message": "Send the body as application/json."}),
        ),
        (
            b"[1]",
            "application/json",
            (
                400,
                {
                    "code": "invalid_argument",
                    "message": "Expected an object.",
                    "field": "body",
                },
            ),
        ),
    ],
)
async def test_a_body_that_is_no_object_is_refused(
    serving: Served, content: bytes, kind: str, expected: tuple[int, dict[str, str]]
) -> None:
    answer = await serving.client.post("/api/scopes/dev/tallies/a/add", content=content, headers={"content-type": kind})
    assert told(answer) == expected


async def test_an_unknown_path_and_a_wrong_method_have_the_same_shape(serving: Served) -> None:
    unknown = await serving.client.get("/api/nothing")
    wrong = await serving.client.delete("/api/me")
    assert told(unknown) == (404, {"code": "not_found", "message": "There is nothing at this path."})
    assert told(wrong) == (405, {"code": "method_not_allowed", "message": "This path does not take this method."})
    assert wrong.headers["allow"] == "GET"


async def test_a_refusal_by_an_actor_keeps_its_code_and_field(serving: Served) -> None:
    await serving.client.post("/api/scopes/dev/tallies/poor/add", json={"by": 2})
    answer = await serving.client.post("/api/scopes/dev/tallies/poor/take", json={"by": 3})
    assert told(answer) == (400, {"code": "too_little", "message": "there are only 2", "field": "by"})


async def test_an_actor_that_does_not_exist_is_not_found(serving: Served) -> None:
    answer = await serving.client.post("/api/scopes/dev/tallies/nobody/take", json={"by": 3})
    status, error = told(answer)
    assert (status, error["code"]) == (404, "not_found")


async def test_a_key_that_names_no_actor_is_refused(serving: Served) -> None:
    answer = await serving.client.post(f"/api/scopes/dev/tallies/{'x' * 201}/take", json={"by": 3})
    status, error = told(answer)
    assert (status, error["code"], error["field"]) == (400, "invalid_actor_id", "key")


async def test_a_path_may_have_a_shape_of_its_own(tmp_path: Path) -> None:
    def shape(problem: Problem, request_id: str) -> dict[str, Any]:
        return {"oops": problem.code, "param": problem.field}

    async with served(tmp_path, sample(error_shapes={"/v1": shape})) as serving:
        theirs = await serving.client.get("/v1/nothing")
        ours = await serving.client.get("/api/nothing")
    assert (theirs.status_code, theirs.json()) == (404, {"oops": "not_found", "param": None})
    assert ours.json()["error"]["code"] == "not_found"
