"""Any server that speaks chat completions, reached with a credential that is fetched per call and kept nowhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

import anyio
import httpx2
import msgspec

from aevatar.models import chat_completions
from aevatar.models.credential import Credential, fetched
from aevatar.models.listing import ModelEntry, entries_of
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.models.outbound import answer, json_body, provider_client
from aevatar.models.port import ModelCall
from aevatar.models.wire import with_content

_DRAIN_SECONDS: Final = 0.2


class GatewayModel:
    """The models of one OpenAI-compatible server. `request.model` is the bare name that the server knows."""

    def __init__(self, name: str, *, base_url: str, credential: Credential) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._credential = credential
        self._client = provider_client()

    async def aclose(self) -> None:
        """Closes idle connections. Streams under way break."""
        await self._client.aclose()

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`."""
        body = chat_completions.body(await with_content(request, call), self._name)
        secret = await fetched(self._credential, call)
        reader = chat_completions.ReplyReader(self._name)
        async with answer(
            self._client,
            f"{self._base_url}/chat/completions",
            secret=secret,
            headers={"content-type": "application/json", "accept": "text/event-stream", **_authorization(secret)},
            content=msgspec.json.encode(body),
        ) as response:
            events = aiter(httpx2.EventSource(response))
            async for event in events:
                if event.data == "[DONE]":
                    break
                for delta in reader.read(event.data):
                    yield delta
            # Read to the very end, the connection serves the next call; a server that dawdles loses it.
            with anyio.move_on_after(_DRAIN_SECONDS):
                async for _ in events:
                    pass
        for delta in reader.end():
            yield delta

    async def models(self, call: ModelCall) -> list[ModelEntry]:
        """What the server itself says it offers. Raises: ModelError."""
        secret = await fetched(self._credential, call)
        headers = _authorization(secret)
        async with answer(self._client, f"{self._base_url}/models", secret=secret, headers=headers) as response:
            return entries_of(self._name, await json_body(response))


def _authorization(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"} if secret else {}
