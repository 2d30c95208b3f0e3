"""The server of these tests: really listening, with the whole platform behind it, and the real client before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pydantic import BaseModel

from aevatar.actors import Runtime
from aevatar.blobs import BlobStore, MemoryBlobs
from aevatar.credentials import MemoryVault
from aevatar.journal.port import Journal
from aevatar.models import ModelPort
from aevatar.platform import Platform, PlatformSettings
from aevatar.responses import Responses
from aevatar.responses.capability import responses
from aevatar.server import Authenticator, Capability, Services, Settings
from aevatar.testing import VirtualClock
from aevatar.tools import ToolSource
from tests.responses.published import Checked
from tests.server.kit import Served, served

OFFLINE = "offline/demo"
BANNER = "[offline demonstration: no language model is configured]"


@dataclass(frozen=True)
class World:
    """A server, the official client of its API, and what the client sends its requests with."""

    served: Served
    client: AsyncOpenAI
    checked: Checked

    @property
    def runtime(self) -> Runtime:
        return self.served.runtime

    @property
    def responses(self) -> Responses:
        found: Responses = self.served.application.state.services[Responses]
        return found


@asynccontextmanager
async def serving(
    data: Path,
    *,
    journal: Journal | None = None,
    blobs: BlobStore | None = None,
    models: dict[str, ModelPort] | None = None,
    sources: Sequence[ToolSource] = (),
    authenticator: Authenticator | None = None,
    api_key: str = "unused",
    environment: dict[str, str] | None = None,
    abandoned_after: float = 30.0,
    **settings: Any,
) -> AsyncIterator[World]:
    platform = Platform(
        PlatformSettings(config=data / "aevatar.yaml", **settings),
        ports=models,
        extra_sources=sources,
        environment=environment or {},
    )
    capabilities = (*without_responses(platform), responses(abandoned_after=abandoned_after))
    async with served(data, *capabilities, journal=journal, blobs=blobs, authenticator=authenticator) as running:
        checked = Checked()
        async with client_of(running, checked, api_key=api_key) as client:
            yield World(running, client, checked)
        assert checked.faults == []


@asynccontextmanager
async def in_virtual_time(
    data: Path,
    *,
    journal: Journal,
    blobs: BlobStore | None = None,
    models: dict[str, ModelPort] | None = None,
    sources: Sequence[ToolSource] = (),
) -> AsyncIterator[Services]:
    """The same services without HTTP, on a clock that tests can move."""
    settings = PlatformSettings(config=data / "aevatar.yaml")
    platform = Platform(settings, ports=models, extra_sources=sources, environment={})
    capabilities = (*without_responses(platform), responses())
    clock = VirtualClock()
    vault = MemoryVault(clock)
    runtime = Runtime(
        kinds=[kind for capability in capabilities for kind in capability.kinds],
        effects=[effect for capability in capabilities for effect in capability.effects],
        journal=journal,
        vault=vault,
        blobs=blobs or MemoryBlobs(clock),
        clock=clock,
    )
    services = Services(runtime, vault, Settings(data=data))
    for capability in capabilities:
        for service in capability.services(services):
            services.offer(service)
    async with runtime:
        yield services


def others(platform: Platform) -> list[Capability]:
    """All capabilities but the one that these tests put together themselves."""
    return [each for each in platform.capabilities() if each.name != "responses"]


def client_of(running: Served, checked: Checked, *, api_key: str = "unused") -> AsyncOpenAI:
    """The official client, with everything that it is sent held to the published description."""
    http = DefaultAsyncHttpxClient(transport=checked)
    address = f"{str(running.client.base_url).rstrip('/')}/v1"
    return AsyncOpenAI(base_url=address, api_key=api_key, max_retries=0, timeout=20, http_client=http)


def without_responses(platform: Platform) -> Iterator[Capability]:
    """The other capabilities, so that a test may bring responses of its own making."""
    return (capability for capability in platform.capabilities() if capability.name != "responses")


def told(model: BaseModel) -> dict[str, Any]:
    """What the client was told, nothing added. Items of ours are unknown to its types, which would warn."""
    return model.model_dump(mode="json", exclude_unset=True, warnings="none")
