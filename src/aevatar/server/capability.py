"""What the application is assembled from. A capability says what it is made of; it starts nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aevatar.actors import Actor, Effect, Kind, Projector, Runtime
from aevatar.credentials import CredentialVault
from aevatar.errors import Misassembled
from aevatar.server.settings import Settings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from aevatar.server.errors import ErrorShape
    from aevatar.server.metrics import Counter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """What capabilities are given, and what they offer to each other and to their routes, by its type."""

    runtime: Runtime
    vault: CredentialVault
    settings: Settings
    _offered: dict[type, object] = field(default_factory=dict)

    def offer(self, service: object) -> None:
        """Makes `service` available under its type. Raises: Misassembled when that is taken."""
        if type(service) in self._offered:
            raise Misassembled(f"two capabilities offer a {type(service).__qualname__}")
        self._offered[type(service)] = service

    def __getitem__(self, service: type[T]) -> T:
        """The service of that type. Raises: Misassembled when nobody offers it."""
        try:
            return cast("T", self._offered[service])
        except KeyError as missing:
            raise Misassembled(f"no capability offers a {service.__qualname__}") from missing


def _offers_nothing(services: Services) -> Iterable[object]:
    return ()


def _starts_nothing(services: Services) -> AbstractAsyncContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, kw_only=True)
class Capability:
    """One capability as the application sees it. All of it is optional but the name.

    `tool_sources` are what it offers to models, or functions that make one from the runtime, as effects are made; they
    are of `aevatar.tools`, and whoever puts the platform together passes them on. So are `prompt_sections`, of
    `aevatar.agents.runs`: what it adds to the prompts of models. `services` makes what its routes and other
    capabilities use; capabilities are asked in their order. `lifespan` is entered in that order once the runtime runs,
    before the first request, and left before the runtime stops. `troubles` tells why it cannot serve, which turns the
    readiness of the whole process red. `counters` are shown among the metrics. `statuses` gives HTTP statuses to
    refusal codes that the general rules would place wrongly; `error_shapes` gives errors another form below a path.
    """

    name: str
    kinds: Sequence[Kind | type[Actor[Any]]] = ()
    effects: Sequence[Effect[Any, Any] | Callable[[Runtime], Effect[Any, Any]]] = ()
    projectors: Sequence[Projector] = ()
    tool_sources: Sequence[Any] = ()
    prompt_sections: Sequence[Any] = ()
    services: Callable[[Services], Iterable[object]] = _offers_nothing
    lifespan: Callable[[Services], AbstractAsyncContextManager[None]] = _starts_nothing
    routers: Sequence[APIRouter] = ()
    troubles: Callable[[Services], Awaitable[Iterable[str]]] | None = None
    counters: Callable[[Services], Iterable[Counter]] | None = None
    statuses: Mapping[str, int] = field(default_factory=dict)
    error_shapes: Mapping[str, ErrorShape] = field(default_factory=dict)


def load_capability(name: str) -> Capability:
    """The capability at `module:attribute`; the attribute is `capability` where none is named.

    Raises: Misassembled when there is none.
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute or "capability", None)
    except ModuleNotFoundError as missing:
        raise Misassembled(f"the capability {name!r} cannot be loaded: {missing}") from missing
    if not isinstance(found, Capability):
        raise Misassembled(f"{name!r} is no Capability; name it as module:attribute")
    return found
