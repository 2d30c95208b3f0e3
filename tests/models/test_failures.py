"""What the answers of providers mean beyond the plain cases that the conformance suite shows."""

from __future__ import annotations

import httpx2
import pytest

from aevatar.models.failures import from_response, from_transport


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (429, {"error": {"code": "insufficient_quota", "message": "Pay first."}}, "permission_denied"),
        (402, {"error": {"message": "Pay first."}}, "permission_denied"),
        (413, {"error": {"message": "Too large."}}, "invalid_request"),
        (400, {"error": {"message": "maximum context length exceeded"}}, "context_length_exceeded"),
        (422, {"detail": "the prompt is too long"}, "context_length_exceeded"),
        (400, [{"error": {"status": "INVALID_ARGUMENT", "message": "Bad."}}], "invalid_request"),
        (408, "", "timeout"),
        (409, "", "unavailable"),
        (418, "", "invalid_request"),
        (503, "overloaded, sorry", "overloaded"),
        (503, "sorry", "unavailable"),
        (599, None, "unavailable"),
        (None, {"error": {"type": "overloaded_error", "message": ""}}, "overloaded"),
        (None, {"message": "Something."}, "unavailable"),
    ],
)
def test_an_answer_has_its_code(status: int | None, body: object, code: str) -> None:
    assert from_response(status, body, {}).code == code


def test_an_answer_without_words_is_told_by_its_status() -> None:
    assert from_response(500, {}, {}).message == "The provider answered 500."


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert from_response(429, "", headers).retry_after == seconds


@pytest.mark.parametrize(
    ("error", "started", "code"),
    [
        (httpx2.ConnectError(""), False, "unavailable"),
        (httpx2.ConnectTimeout(""), False, "timeout"),
        (httpx2.ReadError(""), False, "unavailable"),
        (httpx2.ReadError(""), True, "protocol_error"),
        (httpx2.ReadTimeout(""), True, "timeout"),
    ],
)
def test_a_broken_connection_has_its_code(error: httpx2.HTTPError, started: bool, code: str) -> None:
    assert from_transport(error, started=started).code == code
