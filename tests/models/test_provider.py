"""What the provider adapter makes of a request, and when it loads what it needs for that."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from aevatar.errors import Misassembled
from aevatar.models import ModelEntry, ModelError
from aevatar.models.credential import of_environment
from aevatar.models.models_pb2 import (
    ROLE_ASSISTANT,
    ROLE_DEVELOPER,
    ROLE_SYSTEM,
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
from aevatar.models.provider import ProviderModel, ProviderType
from tests.models.fake_provider import Document, FakeProvider, Reply, fake_provider
from tests.models.replies import CALL, asking, done, streamed, text

HELLO = Reply((*text("Hi."), *done()))
KEY = of_environment({"KEY": "key"}, "KEY")
PNG = "data:image/png;base64,YjE="
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
SEE = ToolSpec(name="see", description="Sees.", schema=json.dumps(SCHEMA), strict=True)
HEAR = ToolSpec(name="hear", description="Hears.", schema='{"type": "object", "properties": {}}')
CONVERSATION = [
    Message(role=ROLE_SYSTEM, parts=[Part(text="Be kind.")]),
    Message(role=ROLE_DEVELOPER, parts=[Part(text="Be brief.")]),
    Message(role=ROLE_USER, parts=[Part(text="Look:"), Part(image=Media(uri=PNG, media_type="image/png"))]),
    Message(
        role=ROLE_ASSISTANT,
        parts=[Part(text="Looking.")],
        tool_calls=[ToolCall(call_id="c1", name="see", arguments='{"a":1}')],
    ),
    Message(role=ROLE_TOOL, tool_call_id="c1", parts=[Part(text="A cat.")]),
]


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with fake_provider() as known:
        yield known


async def sent(provider: FakeProvider, kind: ProviderType, request: ModelRequest) -> dict[str, object]:
    """The body that the provider got for `request`."""
    provider.answers.append(HELLO)
    base_url = f"{provider.base_url}/v1" if kind == "openai" else provider.base_url
    request.model = "gpt-5" if kind == "openai" else "some-model"
    async with aclosing(ProviderModel("fake", kind, credential=KEY, base_url=base_url)) as adapter:
        await streamed(adapter, request)
    return dict(provider.requests[-1].body)


async def test_a_conversation_is_written_for_openai(provider: FakeProvider) -> None:
    body = await sent(provider, "openai", ModelRequest(messages=CONVERSATION, tools=[SEE]))
    image = {"type": "input_image", "image_url": PNG, "detail": "auto"}
    assert body["input"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"text": "Look:", "type": "input_text"}, image]},
        {"role": "assistant", "content": "Looking."},
        {"type": "function_call", "call_id": "c1", "name": "see", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "A cat."},
    ]
    tool = {"type": "function", "name": "see", "description": "Sees.", "parameters": SCHEMA, "strict": True}
    assert (body["tools"], body["store"]) == ([tool], False)


async def test_a_conversation_is_written_for_anthropic(provider: FakeProvider) -> None:
    body = await sent(provider, "anthropic", ModelRequest(messages=CONVERSATION, tools=[SEE]))
    result = [{"text": "A cat.", "type": "text"}]
    source = {"type": "base64", "media_type": "image/png", "data": "YjE="}
    assert body["messages"] == [
        {"role": "user", "content": [{"text": "Look:", "type": "text"}, {"type": "image", "source": source}]},
        {
            "role": "assistant",
            "content": [
                {"text": "Looking.", "type": "text"},
                {"type": "tool_use", "id": "c1", "name": "see", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c1", "content": result, "is_error": False}],
        },
    ]
    assert body["system"] == "Be kind.\n\nBe brief."


@pytest.mark.parametrize("uri", [PNG, "https://pictures.example/cat.png"])
async def test_how_closely_to_look_is_said_where_it_is_understood(provider: FakeProvider, uri: str) -> None:
    part = Part(image=Media(uri=uri, media_type="image/png", detail="high"))
    body = await sent(provider, "openai", asking(messages=[Message(role=ROLE_USER, parts=[part])]))
    assert body["input"][0]["content"] == [{"type": "input_image", "image_url": uri, "detail": "high"}]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (
            Part(image=Media(uri="https://pictures.example/cat.png", media_type="image/png")),
            {"type": "image", "source": {"type": "url", "url": "https://pictures.example/cat.png"}},
        ),
        (
            Part(file=Media(uri="https://papers.example/a.pdf", media_type="application/pdf")),
            {"type": "document", "source": {"type": "url", "url": "https://papers.example/a.pdf"}},
        ),
        (
            Part(file=Media(inline=b"%PDF", media_type="application/pdf")),
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}},
        ),
    ],
)
async def test_every_kind_of_content_is_written(provider: FakeProvider, part: Part, written: dict[str, object]) -> None:
    body = await sent(provider, "anthropic", asking(messages=[Message(role=ROLE_USER, parts=[part])]))
    assert body["messages"] == [{"role": "user", "content": [written]}]


@pytest.mark.parametrize(
    "part", [Part(image=Media(uri="data:image/png,plain")), Part(audio=Media(uri="https://a.example/a.mp3"))]
)
async def test_content_that_cannot_be_sent_is_an_invalid_request(provider: FakeProvider, part: Part) -> None:
    with pytest.raises(ModelError) as raised:
        await sent(provider, "anthropic", asking(messages=[Message(role=ROLE_USER, parts=[part])]))
    assert (raised.value.code, provider.connections) == ("invalid_request", 0)


async def test_options_are_passed_on(provider: FakeProvider) -> None:
    request = asking(max_output_tokens=99, reasoning=ReasoningOptions(effort="low", summary="concise"))
    body = await sent(provider, "openai", request)
    assert (body["max_output_tokens"], body["reasoning"]) == (99, {"effort": "low", "summary": "concise"})


async def test_how_wordy_to_be_is_told_to_models_that_take_it(provider: FakeProvider) -> None:
    body = await sent(provider, "openai", asking(verbosity="low"))
    assert body["text"] == {"verbosity": "low"}
    assert "verbosity" not in str(await sent(provider, "anthropic", asking(verbosity="low")))


async def test_sampling_options_are_passed_on_where_there_are_any(provider: FakeProvider) -> None:
    body = await sent(provider, "anthropic", asking(temperature=0, top_p=0.5, stop=["END"], max_output_tokens=99))
    assert {name: body[name] for name in ("temperature", "top_p", "stop_sequences", "max_tokens")} == {
        "temperature": 0,
        "top_p": 0.5,
        "stop_sequences": ["END"],
        "max_tokens": 99,
    }


async def test_options_that_a_provider_is_known_to_ignore_are_left_out(provider: FakeProvider) -> None:
    body = await sent(provider, "anthropic", asking(presence_penalty=0.5))
    assert "presence_penalty" not in body


async def test_stop_sequences_that_would_not_be_kept_are_refused(provider: FakeProvider) -> None:
    with pytest.raises(ModelError) as raised:
        await sent(provider, "openai", asking(stop=["END"]))
    assert (raised.value.code, provider.requests) == ("invalid_request", [])


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice(), "auto"),
        (ToolChoice(mode=ToolChoice.MODE_NONE), "none"),
        (ToolChoice(mode=ToolChoice.MODE_REQUIRED), "required"),
        (ToolChoice(mode=ToolChoice.MODE_REQUIRED, names=["see"]), {"type": "function", "name": "see"}),
        (
            ToolChoice(names=["see"]),
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "see"}]},
        ),
    ],
)
async def test_the_choice_of_tools_is_passed_on(provider: FakeProvider, choice: ToolChoice, written: object) -> None:
    body = await sent(provider, "openai", asking(tools=[SEE, HEAR], tool_choice=choice))
    assert body["tool_choice"] == written


async def test_a_wished_form_is_passed_on(provider: FakeProvider) -> None:
    wished = TextFormat(kind=TextFormat.KIND_JSON_SCHEMA, name="cat", schema=json.dumps(SCHEMA), strict=True)
    body = await sent(provider, "openai", asking(text_format=wished))
    assert body["text"] == {"format": {"type": "json_schema", "name": "cat", "schema": SCHEMA, "strict": True}}


async def test_a_wish_for_any_object_is_passed_on(provider: FakeProvider) -> None:
    body = await sent(provider, "openai", asking(text_format=TextFormat(kind=TextFormat.KIND_JSON_OBJECT)))
    assert body["text"] == {"format": {"type": "json_object"}}


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_the_providers_own_list_is_read(provider: FakeProvider, kind: ProviderType) -> None:
    provider.answers.append(Document({"data": [{"id": "one", "owned_by": "them"}]}))
    base_url = f"{provider.base_url}/v1" if kind == "openai" else provider.base_url
    async with aclosing(ProviderModel("fake", kind, credential=KEY, base_url=base_url)) as adapter:
        assert await adapter.models(CALL) == [ModelEntry("fake/one", "them")]
    assert provider.requests[0].path.startswith("/v1/models")
    assert provider.requests[0].headers["authorization"] == "Bearer key"


@pytest.mark.parametrize(
    ("kind", "base_url"),
    [
        ("google", "http://127.0.0.1:9"),
        ("groq", "http://127.0.0.1:9"),
        ("mistral", "http://127.0.0.1:9"),
        ("bedrock", "https://bedrock-runtime.eu-west-1.localhost:9"),
    ],
)
async def test_every_other_type_reaches_out_too(kind: ProviderType, base_url: str) -> None:
    async with aclosing(ProviderModel("fake", kind, credential=KEY, base_url=base_url)) as adapter:
        with pytest.raises(ModelError) as raised:
            await streamed(adapter, asking(model="some-model"))
    assert raised.value.code == "unavailable"


async def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "groq", None)
    monkeypatch.delitem(sys.modules, "pydantic_ai.providers.groq", raising=False)
    async with aclosing(ProviderModel("fake", "groq", credential=KEY)) as adapter:
        with pytest.raises(Misassembled) as raised:
            await streamed(adapter, asking(model="some-model"))
    assert str(raised.value) == "Models of type 'groq' need their SDK: install aevatar[providers]."


def test_importing_the_models_loads_no_sdk() -> None:
    heavy = ("anthropic", "boto3", "google.genai", "groq", "mistralai", "openai", "pydantic_ai")
    loaded = "import sys, aevatar.models; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert [name for name in heavy if name in done.stdout.split()] == []
