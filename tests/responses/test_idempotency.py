"""The same request again is the same response."""

from __future__ import annotations

import re
from typing import Any

import anyio
import pytest
from openai import ConflictError, NotFoundError

from aevatar.platform import DEV
from tests.responses.kit import OFFLINE, World, told

KEY = {"Idempotency-Key": "order-7"}


async def runs(world: World) -> int:
    listing = await world.runtime.readmodels.list("agents.runs", DEV.scope, limit=200)
    return len(listing.items)


async def test_twenty_posts_at_once_make_one_run(world: World) -> None:
    before = await runs(world)
    answers: list[dict[str, Any]] = []

    async def post() -> None:
        headers = {"Idempotency-Key": "twenty"}
        answers.append(told(await world.client.responses.create(model=OFFLINE, input="hello", extra_headers=headers)))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(post)
    assert answers == [answers[0]] * 20
    assert await runs(world) == before + 1


async def test_a_repeated_stream_plays_from_its_start(world: World) -> None:
    asked: dict[str, Any] = {"model": OFFLINE, "input": "/long 50", "stream": True, "extra_headers": KEY}
    first = [event async for event in await world.client.responses.create(**asked)]
    again = [event async for event in await world.client.responses.create(**asked)]
    assert again == first


async def test_another_body_under_the_same_key_is_refused(world: World) -> None:
    headers = {"Idempotency-Key": "mine"}
    await world.client.responses.create(model=OFFLINE, input="hello", extra_headers=headers)
    with pytest.raises(ConflictError) as refused:
        await world.client.responses.create(model=OFFLINE, input="bye", extra_headers=headers)
    assert (refused.value.code, refused.value.param) == ("idempotency_conflict", "Idempotency-Key")


async def test_other_tools_under_the_same_key_are_another_request(world: World) -> None:
    headers = {"Idempotency-Key": "tools"}
    await world.client.responses.create(model=OFFLINE, input="hello", extra_headers=headers)
    no_tools = {**headers, "Aevatar-Tool-Set": "none"}
    with pytest.raises(ConflictError):
        await world.client.responses.create(model=OFFLINE, input="hello", extra_headers=no_tools)


@pytest.mark.parametrize("more", [{}, {"stream": True}, {"background": True}, {"tools": 7}], ids=str)
async def test_every_answer_tells_its_key(world: World, more: dict[str, Any]) -> None:
    body = {"model": OFFLINE, "input": "hello", **more}
    given = await world.served.client.post("/v1/responses", json=body, headers={"Idempotency-Key": f"told-{more}"})
    made = await world.served.client.post("/v1/responses", json=body)
    assert given.headers.get_list("idempotency-key") == [f"told-{more}"]
    assert re.fullmatch("[0-9a-f]{30}", made.headers["idempotency-key"])


async def test_the_key_that_was_made_for_a_request_leads_to_its_response(world: World) -> None:
    body = {"model": OFFLINE, "input": "hello"}
    first = await world.served.client.post("/v1/responses", json=body)
    again = await world.served.client.post(
        "/v1/responses", json=body, headers={"Idempotency-Key": first.headers["idempotency-key"]}
    )
    assert again.json() == first.json()


async def test_a_key_whose_response_was_deleted_leads_to_nothing(world: World) -> None:
    headers = {"Idempotency-Key": "deleted"}
    first = await world.client.responses.create(model=OFFLINE, input="hello", extra_headers=headers)
    await world.client.responses.delete(first.id)
    with pytest.raises(NotFoundError) as refused:
        await world.client.responses.create(model=OFFLINE, input="hello", extra_headers=headers)
    assert refused.value.code == "response_not_found"


async def test_a_key_that_is_too_long_is_refused(world: World) -> None:
    body = {"model": OFFLINE, "input": "x"}
    headers = {"Idempotency-Key": "k" * 256}
    answer = await world.served.client.post("/v1/responses", json=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "idempotency-key")


async def test_without_a_key_every_request_is_its_own(world: World) -> None:
    ids = {(await world.client.responses.create(model=OFFLINE, input="hello")).id for _ in range(3)}
    assert len(ids) == 3
