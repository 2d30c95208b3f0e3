"""What every adapter does alike, against a provider that can be told to say anything."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

import anyio
import pytest

from aevatar.models import ModelError, ModelPort, StreamLimits
from aevatar.models.checked import DEFAULT_LIMITS
from aevatar.models.credential import of_environment
from aevatar.models.gateway import GatewayModel
from aevatar.models.models_pb2 import (
    FINISH_CONTENT_FILTER,
    FINISH_LENGTH,
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ROLE_ASSISTANT,
    Message,
    ModelDelta,
    ModelRequest,
    Part,
    ReasoningPart,
    ToolSpec,
    Usage,
)
from aevatar.models.provider import ProviderModel
from aevatar.testing.scripted_model import Pause, ScriptedModel, Step
from tests.models.fake_provider import FakeProvider, Reply, fake_provider
from tests.models.replies import USAGE, Whole, asking, called, done, streamed, text, thought, user, whole
from tests.models.wires import Refusal

KEY = "marker-key-0123456789"
WEATHER = ToolSpec(name="get_weather", description="Weather.", schema='{"type": "object", "properties": {}}')

# What each provider says for each of our codes: OpenAI's formats first, then Anthropic's.
REFUSALS = {
    "authentication_failed": (
        Refusal(401, f"Incorrect API key provided: {KEY}.", "invalid_api_key", "invalid_request_error"),
        Refusal(401, f"invalid x-api-key {KEY}", type="authentication_error"),
    ),
    "permission_denied": (
        Refusal(403, "No access to this model.", None, "permission_error"),
        Refusal(403, "Your key may not use this.", type="permission_error"),
    ),
    "model_not_found": (
        Refusal(404, "The model does not exist.", "model_not_found", "invalid_request_error"),
        Refusal(404, "model: m", type="not_found_error"),
    ),
    "invalid_request": (
        Refusal(400, "Bad value for temperature.", None, "invalid_request_error"),
        Refusal(400, "temperature: out of range", type="invalid_request_error"),
    ),
    "context_length_exceeded": (
        Refusal(400, "This model's maximum context length is 8 tokens.", "context_length_exceeded"),
        Refusal(400, "prompt is too long: 9 tokens > 8 maximum", type="invalid_request_error"),
    ),
    "content_filter": (
        Refusal(400, "The response was filtered.", "content_filter"),
        Refusal(400, "Output blocked by content filtering policy", type="invalid_request_error"),
    ),
    "rate_limited": (
        Refusal(429, "Slow down.", "rate_limit_exceeded", "requests", headers=(("retry-after", "7"),)),
        Refusal(429, "Slow down.", type="rate_limit_error", headers=(("retry-after", "7"),)),
    ),
    "overloaded": (
        Refusal(503, "The engine is currently overloaded.", None, "server_error_overloaded"),
        Refusal(529, "Overloaded", type="overloaded_error"),
    ),
    "unavailable": (
        Refusal(500, "The server had an error.", None, "server_error"),
        Refusal(500, "Internal server error", type="api_error"),
    ),
    "timeout": (
        Refusal(504, "Gateway timeout."),
        Refusal(504, "Request timed out", type="timeout_error"),
    ),
}
IN_STREAM = {
    "rate_limited": Refusal(200, "Slow down.", "rate_limit_exceeded", "rate_limit_error"),
    "overloaded": Refusal(200, "Overloaded", "server_is_overloaded", "overloaded_error"),
    "unavailable": Refusal(200, "It broke.", "server_error", "api_error"),
}


@dataclass(slots=True)
class Subject:
    """An adapter, and the provider it talks to; the scripted model is its own provider."""

    name: str
    port: ModelPort
    provider: FakeProvider
    steps: list[Step] = field(default_factory=list)

    async def streamed(self, request: ModelRequest, limits: StreamLimits = DEFAULT_LIMITS) -> list[ModelDelta]:
        # A name that OpenAI's driver knows as one that signs its reasoning; the others ask for no name in particular.
        request.model = "gpt-5" if self.name == "openai" else "some/model"
        steps, self.steps = self.steps, []
        port = ScriptedModel(steps) if self.name == "scripted" else self.port
        return await streamed(port, request, limits=limits)

    @property
    def is_anthropic(self) -> bool:
        return self.name == "anthropic"

    def refuses(self, code: str) -> Refusal:
        refusal = REFUSALS[code][self.is_anthropic]
        self.provider.answers.append(refusal)
        retry_after = float(dict(refusal.headers).get("retry-after", 0)) or None
        message = refusal.message.replace(KEY, "sk-" + KEY)
        self.steps.append(Step((ModelError(code, message, retry_after=retry_after, status=refusal.status),)))
        return refusal

    def replies(
        self,
        *deltas: list[ModelDelta],
        end: Literal["complete", "cut", "closed", "hang"] = "complete",
        slow: bool = False,
        error: Refusal | None = None,
    ) -> None:
        reply = tuple(chain(*deltas))
        self.provider.answers.append(Reply(reply, end, slow, error))
        self.steps.append(Step((*reply, Pause()) if end == "hang" else reply))


@asynccontextmanager
async def opened_subject(name: str) -> AsyncIterator[Subject]:
    credential = of_environment({"KEY": KEY}, "KEY")
    async with fake_provider() as provider:
        adapter: GatewayModel | ProviderModel
        match name:
            case "openai":
                adapter = ProviderModel("fake", "openai", credential=credential, base_url=f"{provider.base_url}/v1")
            case "anthropic":
                adapter = ProviderModel("fake", "anthropic", credential=credential, base_url=provider.base_url)
            case _:
                adapter = GatewayModel("fake", base_url=f"{provider.base_url}/v1", credential=credential)
        yield Subject(name, adapter, provider)
        await adapter.aclose()


@pytest.fixture(params=["openai", "anthropic", "gateway"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """An adapter that reaches its provider by HTTP."""
    async with opened_subject(request.param) as known:
        yield known


@pytest.fixture(params=["openai", "anthropic", "gateway", "scripted"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """Any adapter whose replies can be chosen."""
    async with opened_subject(request.param) as known:
        yield known


async def test_text_comes_piece_by_piece(subject: Subject) -> None:
    subject.replies(text("Good ", "morning", "."), done())
    assert await subject.streamed(asking()) == [*text("Good ", "morning", "."), *done()]


async def test_text_may_hold_every_character(subject: Subject) -> None:
    everything = 'line\nbreak \u2028 \x85 "quotes" \\ 漢字 🙂'
    subject.replies(text(everything), done())
    assert await subject.streamed(asking()) == [*text(everything), *done()]


async def test_parallel_calls_keep_their_ids_and_arguments_apart(subject: Subject) -> None:
    first = called(0, "call_a", "get_weather", '{"place": ', '"Oslo"}')
    second = called(1, "call_b", "get_weather", '{"place": "Rome"}')
    subject.replies(text("Looking."), first, second, done(FINISH_TOOL_CALLS))
    assert whole(await subject.streamed(asking(tools=[WEATHER]))) == Whole(
        text="Looking.",
        calls=[("call_a", "get_weather", '{"place": "Oslo"}'), ("call_b", "get_weather", '{"place": "Rome"}')],
        usage=USAGE,
        finish=FINISH_TOOL_CALLS,
    )


async def test_reasoning_is_kept_apart_and_its_signature_goes_back_unread(served: Subject) -> None:
    served.replies(thought("It is ", "morning.", signature="opaque=="), text("Good morning."), done())
    reply = whole(await served.streamed(asking()))
    assert (reply.reasoning, reply.text, len(reply.signatures)) == ("It is morning.", "Good morning.", 1)

    spoken = Message(
        role=ROLE_ASSISTANT,
        parts=[Part(text=reply.text)],
        reasoning=[ReasoningPart(text=reply.reasoning, signature=reply.signatures[0])],
    )
    served.replies(text("Yes."), done())
    await served.streamed(asking(messages=[user("Hello"), spoken, user("Really?")]))
    sent = str(served.provider.requests[-1].body)
    assert "It is morning." in sent
    assert ("opaque==" in sent) == (served.name != "gateway")  # its format has no place for a signature


async def test_reasoning_of_another_provider_stays_behind(served: Subject) -> None:
    spoken = Message(
        role=ROLE_ASSISTANT,
        parts=[Part(text="Good morning.")],
        reasoning=[ReasoningPart(text="A thought.", signature='{"provider": "other", "signature": "opaque=="}')],
    )
    served.replies(text("Yes."), done())
    await served.streamed(asking(messages=[user("Hello"), spoken, user("Really?")]))
    sent = str(served.provider.requests[-1].body)
    assert ("A thought." in sent, "opaque==" in sent, "Good morning." in sent) == (False, False, True)


async def test_usage_counts_cached_and_reasoning_tokens(served: Subject) -> None:
    reasoning = 0 if served.is_anthropic else 3  # that format does not tell them apart
    usage = Usage(input_tokens=20, cached_input_tokens=5, output_tokens=7, reasoning_tokens=reasoning)
    served.replies(text("Hi."), done(usage=usage))
    assert whole(await served.streamed(asking())).usage == usage


async def test_usage_that_nobody_reported_is_estimated(subject: Subject) -> None:
    subject.replies(text("twelve chars"), [ModelDelta(finished=FINISH_STOP)])
    expected = Usage(input_tokens=2, output_tokens=3, estimated=True)
    assert whole(await subject.streamed(asking())).usage == expected


@pytest.mark.parametrize("finish", [FINISH_STOP, FINISH_LENGTH, FINISH_CONTENT_FILTER])
async def test_the_reason_to_end_is_the_providers(subject: Subject, finish: int) -> None:
    subject.replies(text("Well"), done(finish))
    assert whole(await subject.streamed(asking())).finish == finish


@pytest.mark.parametrize("code", REFUSALS)
async def test_each_refusal_has_its_code_and_hides_the_key(subject: Subject, code: str) -> None:
    refusal = subject.refuses(code)
    with pytest.raises(ModelError) as raised:
        await subject.streamed(asking())
    error = raised.value
    assert (error.code, error.status) == (code, refusal.status)
    assert error.retry_after == (7 if code == "rate_limited" else None)
    assert error.message == refusal.message.replace(KEY, "[removed]")
    assert len(subject.provider.requests) == (subject.name != "scripted")  # nobody below us tries again


@pytest.mark.parametrize("code", IN_STREAM)
async def test_an_error_inside_the_stream_has_its_code_too(served: Subject, code: str) -> None:
    served.replies(text("Well"), error=IN_STREAM[code], end="closed")
    with pytest.raises(ModelError) as raised:
        await served.streamed(asking())
    assert raised.value.code == code


async def test_a_provider_that_is_not_there_is_unavailable(served: Subject) -> None:
    served.provider.stop()
    with pytest.raises(ModelError) as raised:
        await served.streamed(asking())
    assert raised.value.code == "unavailable"


async def test_bytes_that_come_one_by_one_make_the_same_reply(served: Subject) -> None:
    served.replies(
        text("Grüße, ", "漢字"), called(0, "call_a", "get_weather", "{}"), done(FINISH_TOOL_CALLS), slow=True
    )
    assert whole(await served.streamed(asking(tools=[WEATHER]))) == Whole(
        text="Grüße, 漢字", calls=[("call_a", "get_weather", "{}")], usage=USAGE, finish=FINISH_TOOL_CALLS
    )


@pytest.mark.parametrize("end", ["cut", "closed"])
async def test_a_reply_that_ends_in_the_middle_is_a_protocol_error(
    subject: Subject, end: Literal["cut", "closed"]
) -> None:
    subject.replies(text("Well, "), end=end)
    with pytest.raises(ModelError) as raised:
        await subject.streamed(asking())
    assert raised.value.code == "protocol_error"


async def test_silence_after_a_delta_is_a_timeout_and_closes_the_socket(served: Subject) -> None:
    served.replies(text("Well, "), end="hang")
    with pytest.raises(ModelError) as raised:
        await served.streamed(asking(), limits=StreamLimits(first_byte=30, idle=0.1))
    assert raised.value.code == "timeout"
    with anyio.fail_after(1):
        await served.provider.hung_up.wait()


async def test_cancelling_closes_the_socket_within_a_second(served: Subject) -> None:
    served.replies(text("Well, "), end="hang")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(served.streamed, asking())
        await served.provider.hanging.wait()
        tasks.cancel_scope.cancel()
    with anyio.fail_after(1):
        await served.provider.hung_up.wait()


async def test_an_adapter_serves_again_after_a_failure(subject: Subject) -> None:
    subject.replies(text("Well, "), end="cut")
    with pytest.raises(ModelError):
        await subject.streamed(asking())
    subject.replies(text("Hi."), done())
    assert whole(await subject.streamed(asking())).text == "Hi."


async def test_the_key_travels_in_one_header_and_is_in_no_log(
    served: Subject, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    served.refuses("authentication_failed")
    with pytest.raises(ModelError):
        await served.streamed(asking())
    [received] = served.provider.requests
    assert [name for name, value in received.headers.items() if KEY in value] == ["authorization"]
    assert [record.name for record in caplog.records if KEY in f"{record.getMessage()}{record.__dict__}"] == []
