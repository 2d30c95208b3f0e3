"""What the gateway adapter sends, whose credential it sends, and where it does not go."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from aevatar.errors import Rejected
from aevatar.models import ModelCall, ModelEntry, ModelError
from aevatar.models.credential import no_credential, of_caller, of_environment
from aevatar.models.gateway import GatewayModel
from aevatar.models.models_pb2 import (
    ROLE_ASSISTANT,
    ROLE_DEVELOPER,
    ROLE_TOOL,
    ROLE_USER,
    Media,
    Message,
    ModelRequest,
    Part,
    ReasoningOptions,
    TextFormat,
    ToolCall,
    ToolChoice,
    ToolSpec,
)
from tests.models.fake_provider import Document, FakeProvider, Reply, fake_provider
from tests.models.replies import asking, done, streamed, text, user

HELLO = Reply((*text("Hi."), *done()))


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with fake_provider() as known:
        yield known


@pytest.fixture
async def gateway(provider: FakeProvider) -> AsyncIterator[GatewayModel]:
    adapter = GatewayModel("fake", base_url=f"{provider.base_url}/v1/", credential=of_caller)
    yield adapter
    await adapter.aclose()


def brought(secret: str) -> ModelCall:
    async def give() -> str:
        return secret

    return ModelCall("c", secret=give)


async def test_each_call_travels_with_its_own_callers_credential(gateway: GatewayModel, provider: FakeProvider) -> None:
    provider.answers += [HELLO, HELLO]
    await streamed(gateway, asking(), brought("key-of-ann"))
    await streamed(gateway, asking(), brought("key-of-bob"))
    assert [received.headers["authorization"] for received in provider.requests] == [
        "Bearer key-of-ann",
        "Bearer key-of-bob",
    ]


async def test_a_caller_without_a_credential_is_refused_before_anything_is_sent(
    gateway: GatewayModel, provider: FakeProvider
) -> None:
    with pytest.raises(ModelError) as raised:
        await streamed(gateway, asking())
    assert (raised.value.code, provider.connections) == ("credential_unavailable", 0)


async def test_a_variable_that_is_not_set_is_named(provider: FakeProvider) -> None:
    credential = of_environment({}, "MY_KEY")
    async with aclosing(GatewayModel("fake", base_url=provider.base_url, credential=credential)) as gateway:
        with pytest.raises(ModelError) as raised:
            await streamed(gateway, asking())
    assert raised.value.code == "credential_unavailable"
    assert raised.value.message == "The environment variable MY_KEY is not set."


async def test_a_provider_that_wants_no_key_gets_none(provider: FakeProvider) -> None:
    provider.answers.append(HELLO)
    async with aclosing(GatewayModel("fake", base_url=provider.base_url, credential=no_credential)) as gateway:
        await streamed(gateway, asking())
    assert "authorization" not in provider.requests[0].headers


@pytest.mark.parametrize("secret", ["marker\u00e9", "marker\nx-other: 1"])
async def test_a_credential_that_fits_no_header_is_refused_without_being_told(
    gateway: GatewayModel, provider: FakeProvider, secret: str
) -> None:
    with pytest.raises(ModelError) as raised:
        await streamed(gateway, asking(), brought(secret))
    assert (raised.value.code, "marker" in str(raised.value), provider.connections) == (
        "credential_unavailable",
        False,
        0,
    )


async def test_space_around_a_credential_is_no_part_of_it(gateway: GatewayModel, provider: FakeProvider) -> None:
    provider.answers.append(HELLO)
    await streamed(gateway, asking(), brought(" key\n"))
    assert provider.requests[0].headers["authorization"] == "Bearer key"


async def test_a_cookie_set_for_one_caller_does_not_travel_with_the_next(
    gateway: GatewayModel, provider: FakeProvider
) -> None:
    provider.answers += [Document({"data": []}, headers=(("set-cookie", "session=ann; Path=/"),)), HELLO]
    await gateway.models(brought("key-of-ann"))
    await streamed(gateway, asking(), brought("key-of-bob"))
    assert "cookie" not in provider.requests[1].headers


async def test_a_finished_reply_leaves_its_connection_to_the_next(
    gateway: GatewayModel, provider: FakeProvider
) -> None:
    provider.answers += [HELLO, HELLO, HELLO]
    for _ in range(3):
        await streamed(gateway, asking(), brought("key"))
    assert provider.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host_is_refused(
    gateway: GatewayModel, provider: FakeProvider, status: int
) -> None:
    async with fake_provider() as other:
        elsewhere = other.base_url.replace("127.0.0.1", "localhost")
        provider.answers.append(Document("", status, (("location", f"{elsewhere}/v1/chat/completions"),)))
        with pytest.raises(ModelError) as raised:
            await streamed(gateway, asking(), brought("key"))
        assert (raised.value.code, other.connections) == ("invalid_request", 0)
        assert raised.value.message == "127.0.0.1 redirects to localhost, and redirects to another place are refused."


async def test_a_redirect_to_another_port_is_another_place_too(gateway: GatewayModel, provider: FakeProvider) -> None:
    async with fake_provider() as other:
        provider.answers.append(Document("", 307, (("location", f"{other.base_url}/v1/chat/completions"),)))
        with pytest.raises(ModelError):
            await streamed(gateway, asking(), brought("key"))
        assert other.connections == 0


async def test_a_redirect_within_the_host_is_followed(gateway: GatewayModel, provider: FakeProvider) -> None:
    provider.answers += [Document("", 308, (("location", "/v2/chat/completions"),)), HELLO]
    await streamed(gateway, asking(), brought("key"))
    assert [received.path for received in provider.requests] == ["/v1/chat/completions", "/v2/chat/completions"]
    assert provider.requests[1].headers["authorization"] == "Bearer key"


async def test_an_answer_that_is_no_stream_is_a_protocol_error(gateway: GatewayModel, provider: FakeProvider) -> None:
    provider.answers.append(Document({"choices": []}))
    with pytest.raises(ModelError) as raised:
        await streamed(gateway, asking(), brought("key"))
    assert raised.value.code == "protocol_error"


async def test_an_error_that_is_no_json_is_told_too(gateway: GatewayModel, provider: FakeProvider) -> None:
    provider.answers.append(Document("<h1>Bad gateway, key was marker</h1>", 502))
    with pytest.raises(ModelError) as raised:
        await streamed(gateway, asking(), brought("marker"))
    assert (raised.value.code, raised.value.message) == ("unavailable", "<h1>Bad gateway, key was [removed]</h1>")


async def test_no_error_leads_back_to_the_request_that_held_the_key(
    gateway: GatewayModel, provider: FakeProvider
) -> None:
    provider.stop()
    with pytest.raises(ModelError) as raised:
        await streamed(gateway, asking(), brought("key"))
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


async def test_the_whole_request_is_written_in_the_format(gateway: GatewayModel, provider: FakeProvider) -> None:
    provider.answers.append(HELLO)
    schema = {"type": "object", "properties": {"place": {"type": "string"}}}
    picture = Media(blob_id="b1", media_type="image/png")
    await streamed(
        gateway,
        ModelRequest(
            model="some/model",
            messages=[
                Message(role=ROLE_DEVELOPER, parts=[Part(text="Be kind.")]),
                Message(role=ROLE_USER, parts=[Part(text="Look:"), Part(image=picture)]),
                Message(role=ROLE_ASSISTANT, tool_calls=[ToolCall(call_id="c1", name="see", arguments='{"a":1}')]),
                Message(role=ROLE_TOOL, tool_call_id="c1", parts=[Part(text="A cat.")]),
            ],
            tools=[ToolSpec(name="see", description="Sees.", schema=json.dumps(schema), strict=True)],
            tool_choice=ToolChoice(mode=ToolChoice.MODE_REQUIRED, names=["see"]),
            parallel_tool_calls=False,
            temperature=0,
            top_p=0.5,
            presence_penalty=0.25,
            frequency_penalty=-0.5,
            max_output_tokens=99,
            reasoning=ReasoningOptions(effort="low"),
            text_format=TextFormat(kind=TextFormat.KIND_JSON_SCHEMA, name="cat", schema="{}", strict=True),
            stop=["END"],
            metadata={"trace": "t"},
            verbosity="low",
        ),
        ModelCall("c", secret=brought("key").secret, blob=blob),
    )
    function = {"name": "see", "description": "Sees.", "parameters": schema, "strict": True}
    assert provider.requests[0].body == {
        "model": "some/model",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look:"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,YjE="}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "see", "arguments": '{"a":1}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "A cat."},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": "see"}},
        "parallel_tool_calls": False,
        "temperature": 0.0,
        "top_p": 0.5,
        "presence_penalty": 0.25,
        "frequency_penalty": -0.5,
        "max_tokens": 99,
        "reasoning_effort": "low",
        "verbosity": "low",
        "response_format": {"type": "json_schema", "json_schema": {"name": "cat", "schema": {}, "strict": True}},
        "stop": ["END"],
    }


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (
            Part(image=Media(uri="https://pictures.example/cat.png")),
            {"type": "image_url", "image_url": {"url": "https://pictures.example/cat.png"}},
        ),
        (
            Part(image=Media(inline=b"b1", media_type="image/png", detail="low")),
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,YjE=", "detail": "low"}},
        ),
        (
            Part(file=Media(inline=b"text", media_type="text/plain", name="note.txt")),
            {"type": "file", "file": {"filename": "note.txt", "file_data": "data:text/plain;base64,dGV4dA=="}},
        ),
        (
            Part(audio=Media(inline=b"hi", media_type="audio/mp3")),
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
        ),
    ],
)
async def test_every_kind_of_content_is_written(
    gateway: GatewayModel, provider: FakeProvider, part: Part, written: dict[str, object]
) -> None:
    provider.answers.append(HELLO)
    await streamed(gateway, asking(messages=[Message(role=ROLE_USER, parts=[part])]), brought("key"))
    assert provider.requests[0].body["messages"] == [{"role": "user", "content": [written]}]


@pytest.mark.parametrize("part", [Part(audio=Media(uri="https://a.example/a.mp3")), Part(image=Media(blob_id="lost"))])
async def test_content_that_cannot_be_sent_is_an_invalid_request(
    gateway: GatewayModel, provider: FakeProvider, part: Part
) -> None:
    with pytest.raises(ModelError) as raised:
        await streamed(gateway, asking(messages=[Message(role=ROLE_USER, parts=[part])]), brought("key"))
    assert (raised.value.code, provider.connections) == ("invalid_request", 0)


@pytest.mark.parametrize(
    ("choice", "written", "offered"),
    [
        (ToolChoice(), "auto", ["a", "b", "c"]),
        (ToolChoice(mode=ToolChoice.MODE_NONE), "none", ["a", "b", "c"]),
        (ToolChoice(mode=ToolChoice.MODE_REQUIRED), "required", ["a", "b", "c"]),
        (ToolChoice(names=["b"]), "auto", ["b"]),
        (ToolChoice(mode=ToolChoice.MODE_REQUIRED, names=["b", "c"]), "required", ["b", "c"]),
    ],
)
async def test_allowed_tools_are_the_only_ones_offered(
    gateway: GatewayModel, provider: FakeProvider, choice: ToolChoice, written: str, offered: list[str]
) -> None:
    provider.answers.append(HELLO)
    tools = [ToolSpec(name=name, schema="{}") for name in "abc"]
    await streamed(gateway, asking(tools=tools, tool_choice=choice), brought("key"))
    body = provider.requests[0].body
    assert (body["tool_choice"], [tool["function"]["name"] for tool in body["tools"]]) == (written, offered)


@pytest.mark.parametrize(
    ("model", "takes"),
    [("gpt-5-mini", True), ("qwen3", True), ("gpt-4o", False), ("openai/gpt-4.1-mini", False), ("o3-mini", False)],
)
async def test_a_model_that_is_known_not_to_take_it_is_not_told_how_wordy_to_be(
    gateway: GatewayModel, provider: FakeProvider, model: str, takes: bool
) -> None:
    provider.answers.append(HELLO)
    await streamed(gateway, asking(model=model, verbosity="high"), brought("key"))
    assert ("verbosity" in provider.requests[0].body) is takes


async def test_long_call_ids_travel_under_a_short_name_that_is_the_same_twice(
    gateway: GatewayModel, provider: FakeProvider
) -> None:
    provider.answers.append(HELLO)
    long = "call_run_0123456789abcdefghijklmnop:r12_0"
    asked = Message(role=ROLE_ASSISTANT, tool_calls=[ToolCall(call_id=long, name="see")])
    result = Message(role=ROLE_TOOL, tool_call_id=long, parts=[Part(text="A cat.")])
    await streamed(gateway, ModelRequest(messages=[user("Look"), asked, result]), brought("key"))
    _, call, answer = provider.requests[0].body["messages"]
    assert call["tool_calls"][0]["id"] == answer["tool_call_id"]
    assert len(answer["tool_call_id"]) <= 40


async def test_what_tools_show_is_shown_by_a_user_after_all_of_them(
    gateway: GatewayModel, provider: FakeProvider
) -> None:
    provider.answers.append(HELLO)
    calls = [ToolCall(call_id=call_id, name="see") for call_id in ("c1", "c2")]
    cat = [Part(text="A cat."), Part(image=Media(blob_id="b1", media_type="image/png"))]
    results = [
        Message(role=ROLE_TOOL, tool_call_id="c1", parts=cat),
        Message(role=ROLE_TOOL, tool_call_id="c2", parts=[Part(text="A dog.")]),
    ]
    asked = Message(role=ROLE_ASSISTANT, tool_calls=calls)
    call = ModelCall("c", secret=brought("key").secret, blob=blob)
    await streamed(gateway, ModelRequest(messages=[user("Look"), asked, *results]), call)
    assert provider.requests[0].body["messages"][2:] == [
        {"role": "tool", "tool_call_id": "c1", "content": "A cat."},
        {"role": "tool", "tool_call_id": "c2", "content": "A dog."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Shown by the tools:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,YjE="}},
            ],
        },
    ]


@pytest.mark.parametrize("code", ["blob_not_found", "blob_corrupted"])
async def test_where_a_blob_is_lost_the_model_is_told_so(
    gateway: GatewayModel, provider: FakeProvider, code: str
) -> None:
    provider.answers.append(HELLO)

    async def lost(blob_id: str) -> bytes:
        raise Rejected(code, f"{blob_id} is lost")

    parts = [Part(text="Look:"), Part(file=Media(blob_id="b1", name="plan.pdf"))]
    call = ModelCall("c", secret=brought("key").secret, blob=lost)
    await streamed(gateway, asking(messages=[Message(role=ROLE_USER, parts=parts)]), call)
    told = {"code": code, "message": "What was here cannot be shown any more: plan.pdf.", "retryable": False}
    said, error = provider.requests[0].body["messages"][0]["content"].split("\n")
    assert (said, json.loads(error)) == ("Look:", {"error": told})


async def test_the_servers_own_list_is_read(gateway: GatewayModel, provider: FakeProvider) -> None:
    listed = [
        {"id": "z/big", "owned_by": "them", "context_length": 8000, "supported_parameters": ["tools"]},
        {"id": "a", "architecture": {"input_modalities": ["text", "image"]}, "max_model_len": 100},
        {"name": "no id"},
    ]
    provider.answers.append(Document({"object": "list", "data": listed}))
    assert await gateway.models(brought("key")) == [
        ModelEntry("fake/a", "fake", context_length=100, modalities=("text", "image")),
        ModelEntry("fake/z/big", "them", context_length=8000, supports_tools=True),
    ]


async def test_a_list_that_is_none_is_a_protocol_error(gateway: GatewayModel, provider: FakeProvider) -> None:
    provider.answers.append(Document({"models": []}))
    with pytest.raises(ModelError) as raised:
        await gateway.models(brought("key"))
    assert raised.value.code == "protocol_error"


async def blob(blob_id: str) -> bytes:
    return blob_id.encode()
