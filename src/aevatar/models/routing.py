"""Which model a name means, which of several wishes counts, and what comes after a failure. Pure throughout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from aevatar.models.offline import OFFLINE_MODEL
from aevatar.models.port import ModelError

AGENT_PROVIDER: Final = "agent"
"""`agent/<key>` runs that persona: a model to whoever asks, but of no provider."""

Reason = Literal["request", "route_policy", "agent", "scope_default", "configured_default", "offline"]


@dataclass(frozen=True, slots=True)
class ModelId:
    """`<provider>/<model>`; the model may hold slashes of its own."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The wish that counts, as it was worded, and whose it was."""

    name: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class ProviderRoutes:
    """What routing knows of one provider. One that `discovers` takes any model name and judges it itself."""

    models: frozenset[str] = frozenset()
    discovers: bool = False
    fallback: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def lists(self, model: str) -> bool:
        """Whether `model` is configured, not merely possible."""
        return model in self.models


@dataclass(frozen=True, slots=True)
class Routes:
    """Every configured provider and alias."""

    providers: Mapping[str, ProviderRoutes]
    aliases: Mapping[str, str] = field(default_factory=dict)


def choose(
    *,
    request: str | None = None,
    route_policy: str | None = None,
    agent: str | None = None,
    scope_default: str | None = None,
    configured_default: str | None = None,
) -> Chosen:
    """The first wish there is, nearest to the request first; the offline model when there is none."""
    wishes: tuple[tuple[str | None, Reason], ...] = (
        (request, "request"),
        (route_policy, "route_policy"),
        (agent, "agent"),
        (scope_default, "scope_default"),
        (configured_default, "configured_default"),
    )
    return next((Chosen(name, reason) for name, reason in wishes if name), Chosen(OFFLINE_MODEL, "offline"))


def split(model_id: str) -> ModelId | None:
    """The parts of a full id, or None for a bare name."""
    provider, slash, model = model_id.partition("/")
    return ModelId(provider, model) if slash and provider and model else None


def resolve(name: str, routes: Routes, *, listed: Iterable[str] = (), default_provider: str | None = None) -> ModelId:
    """The model that `name` means: a full id, an alias, or a model of the scope's default provider.

    `listed` are bare names that the default provider is known to offer besides the configured ones.
    Raises: ModelError `model_not_found`; no other model is ever taken silently.
    """
    aliased = routes.aliases.get(name, name)
    if (known := split(aliased)) is not None and _is_offered(known, routes):
        return known
    provider = routes.providers.get(default_provider) if default_provider else None
    if default_provider and provider is not None and (provider.lists(name) or name in set(listed)):
        return ModelId(default_provider, name)
    raise ModelError("model_not_found", f"There is no model {name!r} here.")


def fallbacks(model: ModelId, routes: Routes) -> tuple[ModelId, ...]:
    """What to try in place of `model`, in order. A fall-back's own fall-backs are not followed."""
    provider = routes.providers.get(model.provider)
    names = provider.fallback.get(model.model, ()) if provider else ()
    return tuple(known for name in names if (known := split(name)) is not None and known != model)


def _is_offered(model: ModelId, routes: Routes) -> bool:
    if model.provider == AGENT_PROVIDER:
        return True
    provider = routes.providers.get(model.provider)
    return provider is not None and (provider.discovers or provider.lists(model.model))
