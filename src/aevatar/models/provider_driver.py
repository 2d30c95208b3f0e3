"""Runs one call through pydantic-ai: opens its client, reads its events into ours, names its errors.

The only module, with `provider_prompt`, that knows pydantic-ai; its message types never leave these two.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import httpx2
from anyio import to_thread
from pydantic_ai import exceptions as theirs
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import Model, StreamedResponse, infer_model
from pydantic_ai.providers import Provider
from pydantic_ai.settings import ModelSettings
from pydantic_core import to_json

from aevatar.errors import Misassembled
from aevatar.models import provider_prompt, signatures
from aevatar.models.failures import from_response, from_transport
from aevatar.models.models_pb2 import (
    FINISH_CONTENT_FILTER,
    FINISH_LENGTH,
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ModelDelta,
    ModelRequest,
    Usage,
)
from aevatar.models.port import ModelError
from aevatar.models.scrubbing import scrubbed
from aevatar.models.wire import takes_verbosity

_FINISHES: Final = {
    "stop": FINISH_STOP,
    "length": FINISH_LENGTH,
    "content_filter": FINISH_CONTENT_FILTER,
    "tool_call": FINISH_TOOL_CALLS,
}
# The SDKs that retry on their own; retries belong to whoever makes the call, who counts them.
_RETRYING: Final = frozenset({"openai", "anthropic", "groq"})


class Driver:
    """One provider, as pydantic-ai reaches it."""

    def __init__(self, name: str, kind: str, *, base_url: str | None, client: httpx2.AsyncClient) -> None:
        self._name = name
        self._kind = kind
        self._base_url = base_url
        self._client = client
        self._opened: tuple[str, Provider[Any]] | None = None

    async def aclose(self) -> None:
        """Closes what the SDK opened besides the client it was given."""
        if self._opened is not None:
            async with self._opened[1]:
                self._opened = None

    async def stream(self, request: ModelRequest, secret: str) -> AsyncGenerator[ModelDelta]:
        """The deltas of one reply. Raises: ModelError; Misassembled, when the provider's SDK is not installed."""
        with _errors_named(secret):
            model = await self._model(request.model, secret)
            reader = _ReplyReader(self._name)
            async with model_request_stream(
                model,
                provider_prompt.history(request, provider=self._name, system=model.system),
                model_settings=self._settings(model, request),
                model_request_parameters=provider_prompt.parameters(request),
            ) as events:
                async for event in events:
                    for delta in reader.read(event):
                        yield delta
                for delta in reader.end(events):
                    yield delta

    async def _model(self, name: str, secret: str) -> Model:
        if self._opened is None or self._opened[0] != secret:
            # In a thread, for the same reason as this module: most SDKs take long to load.
            self._opened = (secret, await to_thread.run_sync(self._open, name, secret))
        return self._named_model(name, self._opened[1])

    def _open(self, name: str, secret: str) -> Provider[Any]:
        try:
            provider = _provider(self._kind, secret, self._base_url, self._client)
            self._named_model(name, provider)
        except ImportError as error:
            raise Misassembled(f"Models of type {self._kind!r} need their SDK: install aevatar[providers].") from error
        return provider

    def _named_model(self, name: str, provider: Provider[Any]) -> Model:
        return infer_model(f"{self._kind}:{name}", lambda _: provider)

    def _settings(self, model: Model, request: ModelRequest) -> ModelSettings:
        written: dict[str, Any] = {**provider_prompt.settings(request, ignored=model.unsupported_settings)}
        if self._kind in _RETRYING:
            written["max_retries"] = 0
        if self._kind == "openai":
            # What was said is ours to keep or to erase: nothing is to stay with the provider.
            written["openai_store"] = False
            if request.reasoning.summary:
                written["openai_reasoning_summary"] = request.reasoning.summary
            if request.verbosity and takes_verbosity(request.model):
                written["openai_text_verbosity"] = request.verbosity
        return cast(ModelSettings, written)


def _provider(kind: str, key: str, base_url: str | None, client: httpx2.AsyncClient) -> Provider[Any]:
    # Imported one by one: each needs the SDK of its provider, and few are installed.
    match kind:
        case "openai":
            from pydantic_ai.providers.openai import OpenAIProvider

            # Stated, or the SDK would take an address from the environment.
            base_url = base_url or "https://api.openai.com/v1"
            return OpenAIProvider(api_key=key, base_url=base_url, http_client=client)
        case "anthropic":
            from pydantic_ai.providers.anthropic import AnthropicProvider

            base_url = base_url or "https://api.anthropic.com"
            return AnthropicProvider(api_key=key, base_url=base_url, http_client=client)
        case "google":
            from pydantic_ai.providers.google import GoogleProvider

            return GoogleProvider(api_key=key, base_url=base_url, http_client=client)
        case "groq":
            from pydantic_ai.providers.groq import GroqProvider

            return GroqProvider(api_key=key, base_url=base_url)
        case "mistral":
            from pydantic_ai.providers.mistral import MistralProvider

            return MistralProvider(api_key=key, base_url=base_url, http_client=client)
        case "bedrock":
            from pydantic_ai.providers.bedrock import BedrockProvider

            # What is not given, AWS's own chain of settings and credentials gives.
            place: dict[str, Any] = {"base_url": base_url, "region_name": _aws_region(base_url or "")}
            return BedrockProvider(api_key=key, **place) if key else BedrockProvider(**place)
    raise Misassembled(f"There is no provider of type {kind!r}.")


def _aws_region(base_url: str) -> str | None:
    found = re.search(r"//bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.", base_url)
    return found[1] if found else None


class _ReplyReader:
    """Turns the driver's events into deltas."""

    def __init__(self, provider_name: str) -> None:
        self._provider = provider_name
        self._calls: dict[int, int] = {}
        self._reasoning_ids: dict[int, str | None] = {}
        self._is_thinking = False

    def read(self, event: ModelResponseStreamEvent) -> Iterator[ModelDelta]:
        if isinstance(event, PartStartEvent):
            yield from self._started(event.index, event.part)
        elif isinstance(event, PartDeltaEvent):
            yield from self._continued(event.index, event.delta)

    def end(self, events: StreamedResponse) -> Iterator[ModelDelta]:
        """What closes the reply. No `finished`, if the provider never said that it ended."""
        used = events.usage
        if used.input_tokens or used.output_tokens:
            yield ModelDelta(
                usage=Usage(
                    input_tokens=used.input_tokens,
                    cached_input_tokens=used.cache_read_tokens,
                    output_tokens=used.output_tokens,
                    reasoning_tokens=used.details.get("reasoning_tokens", 0),
                )
            )
        if events.finish_reason == "error":
            raise ModelError("unavailable", "The provider broke the reply off with an error.")
        if events.finish_reason is not None:
            finish = _FINISHES[events.finish_reason]
            yield ModelDelta(finished=FINISH_TOOL_CALLS if self._calls and finish == FINISH_STOP else finish)

    def _started(self, index: int, part: object) -> Iterator[ModelDelta]:
        if isinstance(part, TextPart):
            if part.content:
                yield ModelDelta(text=part.content)
        elif isinstance(part, ThinkingPart):
            self._reasoning_ids[index] = part.id
            # Several summaries of one thought come as parts of their own, and are signed once, after the last.
            yield from self._thought(f"\n\n{part.content}" if self._is_thinking and part.content else part.content)
            yield from self._signed(index, part.signature)
        elif isinstance(part, ToolCallPart):
            self._calls[index] = position = len(self._calls)
            opened = {"index": position, "call_id": part.tool_call_id, "name": part.tool_name}
            yield ModelDelta(call_opened=opened)
            yield from self._argued(index, part.args)

    def _continued(self, index: int, delta: object) -> Iterator[ModelDelta]:
        if isinstance(delta, TextPartDelta):
            if delta.content_delta:
                yield ModelDelta(text=delta.content_delta)
        elif isinstance(delta, ThinkingPartDelta):
            yield from self._thought(delta.content_delta)
            yield from self._signed(index, delta.signature_delta)
        elif isinstance(delta, ToolCallPartDelta):
            yield from self._argued(index, delta.args_delta)

    def _thought(self, text: str | None) -> Iterator[ModelDelta]:
        if text:
            self._is_thinking = True
            yield ModelDelta(reasoning=text)

    def _signed(self, index: int, signature: str | None) -> Iterator[ModelDelta]:
        if signature:
            self._is_thinking = False
            seal = signatures.sealed(self._provider, id=self._reasoning_ids.get(index), signature=signature)
            yield ModelDelta(reasoning_signature=seal)

    def _argued(self, index: int, arguments: str | dict[str, Any] | None) -> Iterator[ModelDelta]:
        if arguments and index in self._calls:
            fragment = arguments if isinstance(arguments, str) else to_json(arguments).decode()
            yield ModelDelta(call_arguments={"index": self._calls[index], "fragment": fragment})


@contextmanager
def _errors_named(secret: str) -> Iterator[None]:
    """Makes ModelErrors of what pydantic-ai and the SDKs below it raise."""
    try:
        yield
        return
    except (ModelError, Misassembled):
        raise
    except Exception as error:  # noqa: BLE001  # seven SDKs share no root; what is none of theirs is told by its class
        named = _named(error, secret)
    # Outside of the handler: an SDK's error knows its request, and the request its credential.
    raise named


def _named(error: Exception, secret: str) -> ModelError:
    if (ours := _caused_by_ours(error)) is not None:
        return ours
    match error:
        case theirs.ModelTimeoutError() | theirs.ModelRequestTimeout():
            return ModelError("timeout", "The provider did not answer in time.")
        case theirs.ModelConnectionError(phase="read"):
            return ModelError("protocol_error", "The connection broke in the middle of the reply.")
        case theirs.ModelConnectionError():
            return ModelError("unavailable", "The provider could not be reached.")
        case theirs.ModelAPIError() if not isinstance(error.__cause__, ValueError):
            return _told(error, secret)
        case theirs.ContentFilterError():
            return ModelError("content_filter", scrubbed(error.message, (secret,)))
        case httpx2.HTTPError():
            return from_transport(error, started=True)
        case RuntimeError() if not isinstance(error, theirs.AgentRunError):
            # What a provider cannot be asked at all: a UserError, a NotImplementedError or a plain one.
            return ModelError("invalid_request", scrubbed(str(error), (secret,)))
    return ModelError("protocol_error", f"The reply could not be read ({type(error).__name__}).")


def _told(error: theirs.ModelAPIError, secret: str) -> ModelError:
    status, headers = None, {}
    if isinstance(error, theirs.ModelHTTPError):
        status, headers = error.status_code, error.headers or {}
    told = {"message": error.message, "code": error.provider_error_code, "type": error.provider_error_type}
    return from_response(status, error.body or told, headers, secrets=(secret,))


def _caused_by_ours(error: BaseException) -> ModelError | None:
    # What our HTTP client refuses reaches us wrapped by the SDK, as if the connection had failed.
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ModelError):
        cause = cause.__cause__
    return cause
