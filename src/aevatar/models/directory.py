"""Every configured model behind one port: takes full ids, finds the adapter, and holds it to the contract."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from aevatar.models import credential
from aevatar.models.catalogue import Catalogue, ListedProvider
from aevatar.models.checked import DEFAULT_LIMITS, StreamLimits, checked
from aevatar.models.configuration import CALLER, ModelsSettings, ProviderSettings
from aevatar.models.credential import Credential
from aevatar.models.gateway import GatewayModel
from aevatar.models.listing import ModelEntry, Price
from aevatar.models.metering import Meter
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.models.offline import OFFLINE_MODEL, OfflineModel
from aevatar.models.port import ModelCall, ModelError, ModelPort
from aevatar.models.provider import ProviderModel
from aevatar.models.routing import ModelId, ProviderRoutes, Routes, split

_OFFLINE_PROVIDER, _, _OFFLINE_NAME = OFFLINE_MODEL.partition("/")
_OFFLINE_ENTRY: Final = ModelEntry(OFFLINE_MODEL, owned_by="aevatar", supports_tools=True)


@dataclass(frozen=True, slots=True)
class _Provider:
    port: ModelPort
    routes: ProviderRoutes
    listed: ListedProvider
    fixed_temperature: tuple[str, ...] = ()


class ModelDirectory:
    """A `ModelPort` over all configured providers and the offline model, with their routes and their catalogue.

    `environment` holds the variables that credentials name; `clock` gives seconds that never go back; `ports` are
    further providers by name, which take any model. `meter` counts what is used. Close it when the application ends.
    """

    def __init__(
        self,
        settings: ModelsSettings,
        *,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        offline_delay: float = 0,
        ports: Mapping[str, ModelPort] | None = None,
        limits: StreamLimits = DEFAULT_LIMITS,
    ) -> None:
        self._limits = limits
        self.meter = Meter()
        self._adapters = {provider.name: _adapter(provider, environment) for provider in settings.providers}
        self._providers = {_OFFLINE_PROVIDER: _offline(offline_delay)}
        self._providers |= {
            provider.name: _configured(provider, self._adapters[provider.name]) for provider in settings.providers
        }
        self._providers |= {name: _foreign(name, port) for name, port in (ports or {}).items()}
        self.routes = Routes({name: known.routes for name, known in self._providers.items()}, dict(settings.aliases))
        self.catalogue = Catalogue(tuple(known.listed for known in self._providers.values()), clock=clock)

    def price(self, model_id: str) -> Price | None:
        """What is configured of the price of a model, by its full id."""
        provider = self._providers.get(model_id.partition("/")[0])
        return provider.listed.prices.get(model_id) if provider else None

    async def aclose(self) -> None:
        """Closes the connections of all adapters. Streams under way break."""
        for adapter in self._adapters.values():
            await adapter.aclose()

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`; `request.model` is a full id. Raises: ModelError."""
        model = split(request.model)
        provider = self._providers.get(model.provider) if model else None
        if model is None or provider is None:
            raise ModelError("model_not_found", f"There is no model {request.model!r} here.")
        prepared = _prepared(request, model, provider)
        async with aclosing(
            checked(provider.port.stream(prepared, call), prepared, call, limits=self._limits)
        ) as deltas:
            async for delta in deltas:
                if delta.HasField("usage"):
                    self.meter.count(request.model, delta.usage, self.price(request.model))
                yield delta


def _prepared(request: ModelRequest, model: ModelId, provider: _Provider) -> ModelRequest:
    prepared = ModelRequest()
    prepared.CopyFrom(request)
    prepared.model = model.model
    if any(fnmatchcase(model.model, pattern) for pattern in provider.fixed_temperature):
        prepared.ClearField("temperature")
    return prepared


def _adapter(settings: ProviderSettings, environment: Mapping[str, str]) -> GatewayModel | ProviderModel:
    secret: Credential = credential.no_credential
    if settings.credential == CALLER:
        secret = credential.of_caller
    elif settings.variable:
        secret = credential.of_environment(environment, settings.variable)
    if settings.type == "openai_compatible":
        return GatewayModel(settings.name, base_url=settings.base_url or "", credential=secret)
    return ProviderModel(settings.name, settings.type, credential=secret, base_url=settings.base_url)


def _configured(settings: ProviderSettings, adapter: GatewayModel | ProviderModel) -> _Provider:
    return _Provider(
        port=adapter,
        routes=ProviderRoutes(
            models=frozenset(model.id for model in settings.models),
            discovers=settings.discover,
            fallback=settings.fallback,
        ),
        listed=ListedProvider(
            settings.name,
            configured=_entries(settings),
            lister=adapter if settings.discover else None,
            per_caller=settings.credential == CALLER,
            prices=_prices(settings),
        ),
        fixed_temperature=settings.fixed_temperature,
    )


def _entries(settings: ProviderSettings) -> tuple[ModelEntry, ...]:
    return tuple(
        ModelEntry(
            id=f"{settings.name}/{model.id}",
            owned_by=settings.name,
            context_length=model.context_length,
            max_output_tokens=model.max_output_tokens,
            modalities=model.modalities,
            supports_tools=model.supports_tools,
        )
        for model in settings.models
    )


def _prices(settings: ProviderSettings) -> dict[str, Price]:
    return {
        f"{settings.name}/{model}": Price(stated.input, stated.output, stated.cached_input)
        for model, stated in settings.prices.items()
    }


def _offline(delay: float) -> _Provider:
    return _Provider(
        OfflineModel(delay=delay),
        ProviderRoutes(frozenset({_OFFLINE_NAME})),
        ListedProvider(_OFFLINE_PROVIDER, configured=(_OFFLINE_ENTRY,)),
    )


def _foreign(name: str, port: ModelPort) -> _Provider:
    return _Provider(port, ProviderRoutes(discovers=True), ListedProvider(name))
