"""Which model answers: the wish nearest to the request, as one id with what comes after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from aevatar.agents.runs_pb2 import PricedModel
from aevatar.errors import Rejected
from aevatar.identity import Principal
from aevatar.models import (
    AGENT_PROVIDER,
    Listing,
    ModelCall,
    ModelDirectory,
    ModelError,
    ModelPreferences,
    Preferred,
    choose,
    fallbacks,
    preferred_or_none,
    resolve,
)


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A full id, why it was taken, what to try after it, and the window of the model in tokens (0 unknown).

    `prices` are those that are known, of it and of what comes after it.
    """

    id: str
    reason: str
    fallbacks: tuple[str, ...]
    context_length: int
    prices: tuple[PricedModel, ...] = ()


class NoPreferences:
    """Stands in where no capability keeps the wishes of scopes."""

    async def preferred(self, scope: str) -> Preferred:
        """No wish."""
        return Preferred()


class ModelChoice:
    """Chooses models. `default` is the configured one, if any."""

    def __init__(
        self,
        directory: Callable[[], ModelDirectory] | ModelDirectory,
        *,
        preferences: ModelPreferences | None = None,
        default: str | None = None,
    ) -> None:
        self._directory = directory
        self._preferences = preferences or NoPreferences()
        self._default = default

    @property
    def directory(self) -> ModelDirectory:
        """All configured models."""
        return self._directory if isinstance(self._directory, ModelDirectory) else self._directory()

    async def offered(self, caller: Principal, call: ModelCall) -> Listing:
        """All models for a caller, whose credential `call` brings; from then on `choose` knows them, too."""
        return await self.directory.catalogue.list(call, owner=_owner(caller))

    async def choose(
        self, caller: Principal, *, request: str | None = None, policy: str | None = None, agent: str | None = None
    ) -> ChosenModel:
        """The model for one run. Raises: Rejected `model_not_found`; no other one is ever taken silently."""
        preferred = await preferred_or_none(self._preferences, caller.scope)
        chosen = choose(
            request=request,
            route_policy=policy,
            agent=agent,
            scope_default=preferred.model,
            configured_default=self._default,
        )
        directory = self.directory
        provider = preferred.provider or ""
        listed = directory.catalogue.known(provider, owner=_owner(caller)) if provider else frozenset()
        try:
            model = resolve(chosen.name, directory.routes, listed=listed, default_provider=preferred.provider)
        except ModelError as unknown:
            raise Rejected(unknown.code, unknown.message, "model") from unknown
        if model.provider == AGENT_PROVIDER:
            raise Rejected("model_not_found", f"{chosen.name!r} is an agent, and a model is wanted here.", "model")
        entry = directory.catalogue.entry(str(model), owner=_owner(caller))
        after = tuple(str(each) for each in fallbacks(model, directory.routes))
        return ChosenModel(
            id=str(model),
            reason=chosen.reason,
            fallbacks=after,
            context_length=(entry.context_length or 0) if entry else 0,
            prices=tuple(_prices(directory, (str(model), *after))),
        )


def _owner(caller: Principal) -> str:
    """Whose list of models it is, where each caller brings a credential of their own."""
    return f"{caller.scope}/{caller.subject}"


def _prices(directory: ModelDirectory, models: Iterable[str]) -> Iterator[PricedModel]:
    for model in models:
        if (price := directory.price(model)) is not None:
            yield PricedModel(model=model, price=price.recorded())
