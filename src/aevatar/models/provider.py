"""The large providers, each spoken to through its own SDK by way of pydantic-ai, which is used as a wire driver only.

Importing this module costs little: the driver takes over a second to load and is loaded by the first call.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal

import anyio.to_thread

from aevatar.models.credential import Credential, fetched
from aevatar.models.listing import ModelEntry, entries_of
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.models.outbound import answer, json_body, provider_client
from aevatar.models.port import ModelCall
from aevatar.models.wire import with_content

if TYPE_CHECKING:
    from aevatar.models.provider_driver import Driver

ProviderType = Literal["openai", "anthropic", "google", "bedrock", "groq", "mistral"]

_LIST_URLS: Final = {
    "openai": ("https://api.openai.com/v1", "/models"),
    "anthropic": ("https://api.anthropic.com", "/v1/models?limit=1000"),
}
LISTING_TYPES: Final = frozenset(_LIST_URLS)
"""The types whose own list of models can be read."""


class ProviderModel:
    """The models of one provider. `request.model` is the bare name that the provider knows."""

    def __init__(self, name: str, kind: ProviderType, *, credential: Credential, base_url: str | None = None) -> None:
        self._name = name
        self._kind = kind
        self._base_url = base_url
        self._credential = credential
        self._client = provider_client()
        self._driver: Driver | None = None

    async def aclose(self) -> None:
        """Closes idle connections. Streams under way break."""
        if self._driver is not None:
            await self._driver.aclose()
        await self._client.aclose()

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`. Raises: Misassembled, when the extra `providers` is not installed."""
        driver = self._driver or await self._load()
        deltas = driver.stream(await with_content(request, call), await fetched(self._credential, call))
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta

    async def models(self, call: ModelCall) -> list[ModelEntry]:
        """What the provider itself says it offers; for `LISTING_TYPES` only. Raises: ModelError."""
        base_url, path = _LIST_URLS[self._kind]
        secret = await fetched(self._credential, call)
        url = (self._base_url or base_url).rstrip("/") + path
        # The version is Anthropic's demand; the others overlook it.
        headers = {"authorization": f"Bearer {secret}", "anthropic-version": "2023-06-01"}
        async with answer(self._client, url, secret=secret, headers=headers) as response:
            return entries_of(self._name, await json_body(response))

    async def _load(self) -> Driver:
        # In a thread: the event loop, and every stream on it, would stand still for the time of the import.
        await anyio.to_thread.run_sync(import_module, "aevatar.models.provider_driver")
        from aevatar.models.provider_driver import Driver

        self._driver = Driver(self._name, self._kind, base_url=self._base_url, client=self._client)
        return self._driver
