"""Which models there are: the configured ones, and what providers themselves list, remembered for a while.

A provider that fails takes nothing away from the others; what was last known of it is shown as stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import anyio

from aevatar.models.listing import ModelEntry, ModelLister, Price
from aevatar.models.port import ModelCall, ModelError

FRESH_SECONDS: Final = 300.0
_LISTING_SECONDS: Final = 10.0
_REMEMBERED: Final = 1024
_SHARED: Final = ""


@dataclass(frozen=True, slots=True)
class ListedProvider:
    """What the catalogue knows of one provider. `lister` is None when its models are configured and not discovered.

    `per_caller`: each caller brings a credential of their own, and may see other models than the next. `prices` are by
    full id, and may be of models that only the provider lists.
    """

    name: str
    configured: tuple[ModelEntry, ...] = ()
    lister: ModelLister | None = None
    per_caller: bool = False
    prices: Mapping[str, Price] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """What is offered, sorted by id, and why some providers could not be asked."""

    entries: tuple[ModelEntry, ...]
    failures: Mapping[str, ModelError]


@dataclass(frozen=True, slots=True)
class _Remembered:
    entries: tuple[ModelEntry, ...]
    since: float


class Catalogue:
    """Lists models. `clock` gives seconds that never go back."""

    def __init__(self, providers: tuple[ListedProvider, ...], *, clock: Callable[[], float]) -> None:
        self._providers = providers
        self._clock = clock
        self._remembered: dict[tuple[str, str], _Remembered] = {}

    async def list(self, call: ModelCall, *, owner: str) -> Listing:
        """Everything offered to `owner`, whose credential `call` brings; the providers are asked side by side."""
        found: dict[str, tuple[ModelEntry, ...]] = {}
        failures: dict[str, ModelError] = {}

        async def collect(provider: ListedProvider) -> None:
            try:
                found[provider.name] = await self._entries(provider, call, owner)
            except ModelError as error:
                failures[provider.name] = error
                found[provider.name] = self._last_known(provider, owner)

        async with anyio.create_task_group() as tasks:
            for provider in self._providers:
                tasks.start_soon(collect, provider)
        entries = sorted((entry for listed in found.values() for entry in listed), key=lambda entry: entry.id)
        return Listing(tuple(entries), failures)

    def known(self, provider: str, *, owner: str) -> frozenset[str]:
        """The bare names last listed for `owner`, without asking anybody."""
        entries = (self._last_known(known, owner) for known in self._providers if known.name == provider)
        return frozenset(entry.id.partition("/")[2] for listed in entries for entry in listed)

    def entry(self, model_id: str, *, owner: str) -> ModelEntry | None:
        """What was last known of one model, without asking anybody."""
        name = model_id.partition("/")[0]
        entries = (entry for known in self._providers if known.name == name for entry in self._last_known(known, owner))
        return next((entry for entry in entries if entry.id == model_id), None)

    async def _entries(self, provider: ListedProvider, call: ModelCall, owner: str) -> tuple[ModelEntry, ...]:
        if provider.lister is None:
            return _priced(provider.configured, provider)
        key = _key(provider, owner)
        known = self._remembered.get(key)
        if known is not None and self._clock() - known.since < FRESH_SECONDS:
            return known.entries
        entries = _priced(_completed(await _asked(provider.lister, call), provider.configured), provider)
        self._remember(key, _Remembered(entries, self._clock()))
        return entries

    def _last_known(self, provider: ListedProvider, owner: str) -> tuple[ModelEntry, ...]:
        known = self._remembered.get(_key(provider, owner))
        entries = known.entries if known else _priced(provider.configured, provider)
        return tuple(replace(entry, stale=True) for entry in entries)

    def _remember(self, key: tuple[str, str], remembered: _Remembered) -> None:
        self._remembered.pop(key, None)
        self._remembered[key] = remembered
        while len(self._remembered) > _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]


def _key(provider: ListedProvider, owner: str) -> tuple[str, str]:
    return provider.name, owner if provider.per_caller else _SHARED


async def _asked(lister: ModelLister, call: ModelCall) -> list[ModelEntry]:
    try:
        with anyio.fail_after(_LISTING_SECONDS):
            return await lister.models(call)
    except TimeoutError as error:
        raise ModelError("timeout", "The provider did not list its models in time.") from error
    except ModelError:
        raise
    except Exception as error:
        raise ModelError("protocol_error", f"The list of models could not be read ({type(error).__name__}).") from error


def _priced(entries: tuple[ModelEntry, ...], provider: ListedProvider) -> tuple[ModelEntry, ...]:
    return tuple(replace(entry, price=provider.prices.get(entry.id)) for entry in entries)


def _completed(listed: list[ModelEntry], configured: tuple[ModelEntry, ...]) -> tuple[ModelEntry, ...]:
    # What the configuration says of a model is more, and more reliable, than what most servers list.
    stated = {entry.id: entry for entry in configured}
    entries = {entry.id: entry for entry in listed} | stated
    return tuple(sorted(entries.values(), key=lambda entry: entry.id))
