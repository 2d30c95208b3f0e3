"""What says it is JSON and is not, or means something else to everybody, goes no further than the door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.server.kit import Served

PATH = "/api/scopes/dev/tallies/a/add"
JSON = "application/json"


async def refusal(serving: Served, content: bytes, kind: str = JSON) -> tuple[int, str, str]:
    answer = await serving.client.post(PATH, content=content, headers={"content-type": kind})
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "The body is not JSON: it ends too early, or with half a character."),
        (b'{"by":NaN}', "The body is not JSON: invalid character (byte 6)."),
        (b'{"by":-Infinity}', "The body is not JSON: invalid character (byte 7)."),
        (b'{"by":1e999}', "The body is not JSON: a number is too large."),
        (b'{"by":' + b"9" * 5000 + b"}", "The body is not JSON: a number is too large."),
        (b'{"by":1}{}', "The body is not JSON: trailing characters (byte 9)."),
        (b'{"by":"\\ud800 "}', "The body is not JSON: it ends too early, or with half a character."),
        (b'{"\\udfff":1}', "The body is not JSON: invalid utf-16 surrogate pair (byte 8)."),
        (b'{"by":"\xff"}', "The body is not UTF-8."),
        (b'{"by":"\xed\xa0\x80"}', "The body is not UTF-8."),
        ('{"by":1}'.encode("utf-16"), "The body is not JSON: invalid character (byte 0)."),
        (b"[" * 100_000 + b"]" * 100_000, "The body is nested more than 100 deep."),
        (b'{"by":' + b'{"x":' * 100 + b"1" + b"}" * 101, "The body is nested more than 100 deep."),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_body_that_is_no_json_is_refused(serving: Served, content: bytes, message: str) -> None:
    assert await refusal(serving, content) == (400, "invalid_json", message)


async def test_a_body_may_be_nested_and_long(serving: Served) -> None:
    nested = b'{"by":1,"x":' + b"[" * 98 + b"{}," * 1000 + b"[]" + b"]" * 98 + b"}"
    assert await refusal(serving, nested) == (400, "invalid_argument", "There is no such field here.")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
)
async def test_every_kind_of_json_is_looked_at(serving: Served, kind: str) -> None:
    assert (await refusal(serving, b'{"by":NaN}', kind))[:2] == (400, "invalid_json")


async def test_a_body_in_pieces_is_read_whole(serving: Served) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"by"', b":", b"2}"):
            yield piece

    path = "/api/scopes/dev/tallies/pieces/add"
    answer = await serving.client.post(path, content=pieces(), headers={"content-type": JSON})
    assert (answer.status_code, answer.json()) == (200, {"total": 2})


async def test_of_many_faults_one_is_looked_for(serving: Served) -> None:
    many = b'{"by":1' + b"".join(b',"x%d":1' % number for number in range(200_000)) + b"}"
    assert await refusal(serving, many) == (400, "invalid_argument", "There is no such field here.")
