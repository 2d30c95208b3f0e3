from __future__ import annotations

import re

import pytest

from aevatar.server.idempotency import command_id_of
from tests.server.kit import Served


async def test_the_same_request_again_gets_the_first_answer(serving: Served) -> None:
    path, headers = "/api/scopes/dev/tallies/same/add", {"idempotency-key": "k-1"}
    answers = [await serving.client.post(path, json={"by": 2}, headers=headers) for _ in range(2)]
    assert [(answer.json(), answer.headers["idempotency-key"]) for answer in answers] == [({"total": 2}, "k-1")] * 2


async def test_the_same_key_for_another_request_is_a_conflict(serving: Served) -> None:
    path, headers = "/api/scopes/dev/tallies/other/add", {"idempotency-key": "k-1"}
    await serving.client.post(path, json={"by": 2}, headers=headers)
    answer = await serving.client.post(path, json={"by": 3}, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (409, "idempotency_conflict", "Idempotency-Key")


async def test_without_a_key_every_request_counts_and_is_told_the_key_it_got(serving: Served) -> None:
    path = "/api/scopes/dev/tallies/keyless/add"
    first, second = [await serving.client.post(path, json={"by": 1}) for _ in range(2)]
    assert (first.json(), second.json()) == ({"total": 1}, {"total": 2})
    keys = {answer.headers["idempotency-key"] for answer in (first, second)}
    assert len(keys) == 2
    assert all(re.fullmatch("[0-9a-f]{30}", key) for key in keys)


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
async def test_a_key_that_can_be_none_is_refused(serving: Served, key: str) -> None:
    answer = await serving.client.post(
        "/api/scopes/dev/tallies/keyed/add", json={"by": 1}, headers={"idempotency-key": key}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (400, "invalid_argument", "idempotency-key")


def test_a_command_id_is_the_subject_and_the_key() -> None:
    assert command_id_of("ann", "k-1") == "ann:k-1"


def test_no_two_callers_share_a_command_id() -> None:
    assert command_id_of("a:b", "c") != command_id_of("a", "b:c")
    assert command_id_of("a%3Ab", "c") != command_id_of("a:b", "c")
    assert command_id_of("ann maría", "k") == "ann%20mar%C3%ADa:k"


def test_a_key_that_leaves_no_room_for_the_subject_becomes_a_digest() -> None:
    first, second = command_id_of("ann", "x" * 255), command_id_of("bob", "x" * 255)
    assert (len(first), first.startswith("sha256:"), first != second) == (71, True, True)
