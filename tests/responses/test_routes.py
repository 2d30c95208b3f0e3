"""What can be done with a response besides creating and reading it."""

from __future__ import annotations

from typing import Any

import pytest
from openai import APIStatusError, NotFoundError

from aevatar.journal.memory import MemoryJournal
from aevatar.models import ModelPort
from aevatar.testing.scripted_model import ScriptedModel, hangs, says
from tests.responses.kit import BANNER, OFFLINE, World, serving, told


async def refused(call: Any) -> tuple[int, str | None, str | None]:
    with pytest.raises(APIStatusError) as error:
        await call
    return error.value.status_code, error.value.code, error.value.param


@pytest.fixture
def slow(tmp_path: Any) -> Any:
    """A world with a model that never finishes."""
    models: dict[str, ModelPort] = {"slow": ScriptedModel([hangs("one ", "two ")] * 8)}
    return serving(tmp_path, models=models, journal=MemoryJournal())


async def first_text(world: World, response_id: str, text: str = "one two ") -> None:
    """Waits until so much was said."""
    said = ""
    async with await world.client.responses.retrieve(response_id, stream=True) as stream:
        async for event in stream:
            said += event.delta if event.type == "response.output_text.delta" else ""
            if said.startswith(text):
                return


# Cancelling


async def test_a_response_under_way_is_cancelled_and_keeps_what_was_said(slow: Any) -> None:
    async with slow as world:
        begun = await world.client.responses.create(model="slow/one", input="count", background=True)
        await first_text(world, begun.id)
        cancelled = await world.client.responses.cancel(begun.id)
        (message,) = cancelled.output
        assert (cancelled.status, cancelled.output_text, message.status) == ("cancelled", "one two ", "incomplete")
        assert told(await world.client.responses.cancel(begun.id)) == told(cancelled)


async def test_the_stream_of_a_cancelled_response_ends_without_success(slow: Any) -> None:
    async with slow as world:
        begun = await world.client.responses.create(model="slow/one", input="count", background=True)
        await first_text(world, begun.id)
        cancelled = await world.client.responses.cancel(begun.id)
        events = [event async for event in await world.client.responses.retrieve(begun.id, stream=True)]
        last = events[-1]
        assert last.type == "response.incomplete"
        assert (last.response.status, told(last.response)) == ("cancelled", told(cancelled))


async def test_an_ended_response_is_answered_as_it_is_when_it_is_cancelled(world: World) -> None:
    ended = await world.client.responses.create(model=OFFLINE, input="hello")
    assert told(await world.client.responses.cancel(ended.id)) == told(ended)


# Deleting


async def test_a_deleted_response_is_gone(world: World) -> None:
    created = await world.client.responses.create(model=OFFLINE, input="hello")
    answer = await world.served.client.delete(f"/v1/responses/{created.id}")
    assert answer.json() == {"id": created.id, "object": "response.deleted", "deleted": True}
    for call in (world.client.responses.retrieve, world.client.responses.cancel, world.client.responses.delete):
        assert await refused(call(created.id)) == (404, "response_not_found", "response_id")
    follow = world.client.responses.create(model=OFFLINE, input="x", previous_response_id=created.id)
    assert await refused(follow) == (404, "previous_response_not_found", "previous_response_id")


async def test_a_response_under_way_is_cancelled_when_it_is_deleted(slow: Any) -> None:
    async with slow as world:
        begun = await world.client.responses.create(model="slow/one", input="count", background=True)
        async with await world.client.responses.retrieve(begun.id, stream=True) as stream:
            kinds = []
            async for event in stream:
                kinds.append(event.type)
                if event.type == "response.output_text.delta" and "deleted" not in kinds:  # a second piece may come
                    await world.client.responses.delete(begun.id)
                    kinds.append("deleted")
        assert kinds[-1] == "response.incomplete"
        with pytest.raises(NotFoundError):
            await world.client.responses.retrieve(begun.id)


async def test_a_response_that_another_goes_on_from_can_be_deleted_meanwhile(tmp_path: Any) -> None:
    script = ScriptedModel([says("first"), hangs("sec")])
    async with serving(tmp_path, models={"slow": script}) as world:
        first = await world.client.responses.create(model="slow/one", input="one")
        second = await world.client.responses.create(
            model="slow/one", input="two", previous_response_id=first.id, background=True
        )
        await world.client.responses.delete(first.id)
        await first_text(world, second.id, "sec")
        with pytest.raises(NotFoundError):
            await world.client.responses.retrieve(first.id)
    texts = [part.text for message in script.requests[1].messages for part in message.parts]
    assert texts == ["one", "first", "two"]


async def test_a_response_under_way_cannot_be_continued_yet(slow: Any) -> None:
    async with slow as world:
        begun = await world.client.responses.create(model="slow/one", input="count", background=True)
        follow = world.client.responses.create(model="slow/one", input="x", previous_response_id=begun.id)
        assert await refused(follow) == (409, "previous_response_active", "previous_response_id")


# Input items


async def test_input_items_are_what_the_request_said(world: World) -> None:
    told_items: Any = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "b", "annotations": []}]},
        {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "seen"},
        {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,aGk="}]},
    ]
    created = await world.client.responses.create(model=OFFLINE, input=told_items)
    listed = [item async for item in world.client.responses.input_items.list(created.id, order="asc", limit=2)]
    assert [(item.type, getattr(item, "role", None)) for item in listed] == [
        ("message", "developer"),
        ("message", "user"),
        ("message", "assistant"),
        ("function_call", None),
        ("function_call_output", None),
        ("message", "user"),
    ]
    assert told(listed[5])["content"] == [
        {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,aGk="}
    ]
    newest = [item async for item in world.client.responses.input_items.list(created.id)]
    assert [item.id for item in newest] == [item.id for item in reversed(listed)]


async def test_input_items_can_be_listed_while_the_response_goes_on(slow: Any) -> None:
    async with slow as world:
        begun = await world.client.responses.create(model="slow/one", input="count", background=True)
        (item,) = [item async for item in world.client.responses.input_items.list(begun.id)]
        assert told(item)["content"] == [{"type": "input_text", "text": "count"}]


async def test_a_list_cannot_go_on_after_what_is_not_in_it(world: World) -> None:
    created = await world.client.responses.create(model=OFFLINE, input="hello")
    listing = world.client.responses.input_items.list(created.id, after="msg_nonsense")
    assert await refused(listing) == (400, "invalid_cursor", "after")


async def test_an_item_can_be_referred_to(world: World) -> None:
    first = await world.client.responses.create(model=OFFLINE, input="hello")
    (asked,) = [item async for item in world.client.responses.input_items.list(first.id)]
    reference: Any = [
        {"type": "item_reference", "id": asked.id},
        {"id": first.output[0].id},
        {"role": "user", "content": "again"},
    ]
    second = await world.client.responses.create(model=OFFLINE, input=reference)
    assert second.output_text == "You said: again. This is message 2."
    stray: Any = [{"type": "item_reference", "id": "msg_nonsense"}]
    assert await refused(world.client.responses.create(model=OFFLINE, input=stray)) == (
        404,
        "item_not_found",
        "input[0].id",
    )


# Compaction


async def test_a_talk_is_compacted_into_one_item_that_stands_for_it(world: World) -> None:
    first = await world.client.responses.create(model=OFFLINE, input="hello")
    compacted = await world.client.responses.compact(model=OFFLINE, input="more", previous_response_id=first.id)
    (item,) = compacted.output
    assert (compacted.object, item.type) == ("response.compaction", "compaction")
    sealed: Any = [told(item), {"role": "user", "content": "and on"}]
    second = await world.client.responses.create(model=OFFLINE, input=sealed)
    assert second.output_text == f"{BANNER}\nYou said: and on. This is message 2."
    listed = [each async for each in world.client.responses.input_items.list(second.id, order="asc")]
    assert [each.type for each in listed] == ["compaction", "message"]


async def test_a_compacted_talk_is_in_the_next_prompt(tmp_path: Any) -> None:
    script = ScriptedModel([says("they greeted"), says("done")])
    async with serving(tmp_path, models={"s": script}) as world:
        compacted = await world.client.responses.compact(model="s/one", input="hello")
        sealed: Any = [told(compacted.output[0]), {"role": "user", "content": "go on"}]
        await world.client.responses.create(model="s/one", input=sealed)
    texts = [part.text for message in script.requests[1].messages for part in message.parts]
    assert texts == ["Summary of the conversation so far:\nthey greeted", "go on"]
    assert script.requests[0].max_output_tokens == 1024
    assert [tool.name for tool in script.requests[0].tools] == []


async def test_what_was_not_sealed_here_is_refused(world: World) -> None:
    for sealed in ("nonsense", "aev1.", "aev1.AAAA", "aev1.!!!!", "aev1." + "A" * 64):
        forged: Any = [{"type": "compaction", "encrypted_content": sealed}]
        call = world.client.responses.create(model=OFFLINE, input=forged)
        assert await refused(call) == (400, "invalid_compaction", "input[0].encrypted_content")


async def test_compaction_needs_a_model_and_something_to_compact(world: World) -> None:
    missing = await world.served.client.post("/v1/responses/compact", json={"input": "x"})
    assert (missing.status_code, missing.json()["error"]["code"], missing.json()["error"]["param"]) == (
        400,
        "missing_required_parameter",
        "model",
    )
    assert await refused(world.client.responses.compact(model=OFFLINE)) == (400, "missing_required_parameter", "input")
    failing = world.client.responses.compact(model="nowhere/none", input="x")
    assert await refused(failing) == (404, "model_not_found", "model")


# Models


async def test_models_and_agents_are_listed(world: World) -> None:
    listed = [model async for model in world.client.models.list()]
    assert [(model.id, model.owned_by) for model in listed] == [(OFFLINE, "aevatar")]
    assert (await world.client.models.retrieve(OFFLINE)).id == OFFLINE
    assert await refused(world.client.models.retrieve("offline/none")) == (404, "model_not_found", "model")


# What is told of all this


async def test_the_description_of_the_api_names_every_route(world: World) -> None:
    described = (await world.served.client.get("/openapi.json")).json()
    told_paths = {path: sorted(methods) for path, methods in described["paths"].items() if path.startswith("/v1")}
    assert told_paths == {
        "/v1/chat/completions": ["post"],
        "/v1/models": ["get"],
        "/v1/models/{model_id}": ["get"],
        "/v1/responses": ["post"],
        "/v1/responses/compact": ["post"],
        "/v1/responses/{response_id}": ["delete", "get"],
        "/v1/responses/{response_id}/cancel": ["post"],
        "/v1/responses/{response_id}/input_items": ["get"],
    }
    body = described["components"]["schemas"]["CreateResponse"]["properties"]
    assert {"model", "input", "tools", "stream"} <= body.keys()


async def test_what_is_not_there_is_told_in_the_shape_of_this_api(world: World) -> None:
    answer = await world.served.client.get("/v1/nonsense")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
    assert answer.headers["x-request-id"]
