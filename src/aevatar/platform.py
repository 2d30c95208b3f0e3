"""The platform as it is served: the built-in capabilities around one directory of models and one set of tools."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from aevatar.actors import Effect, Runtime
from aevatar.agents import (
    AGENT_KIND,
    BUDGET_KIND,
    THREAD_KIND,
    Agents,
    Lending,
    ModelChoice,
    Persona,
    Runs,
)
from aevatar.agents.http import router as agents_router
from aevatar.agents.runs import (
    RUN,
    Assembler,
    AwaitRunsEffect,
    CallToolEffect,
    CallToolOnceEffect,
    DiscoverToolsEffect,
    FindContinuationsEffect,
    FollowSubRunEffect,
    ModelCallEffect,
    ReconcileToolEffect,
    ReplySink,
    SendReplyEffect,
    SummariseEffect,
    ToolCaller,
    Transcripts,
)
from aevatar.documents import read_yaml
from aevatar.errors import Misassembled, Rejected
from aevatar.identity import Principal, ScopeId
from aevatar.invocation import DEFAULT_SET, Invocations, Looking, default_set, sources
from aevatar.models import (
    AGENT_PROVIDER,
    OFFLINE_MODEL,
    Chosen,
    Meter,
    ModelDirectory,
    ModelError,
    ModelPort,
    ModelsSettings,
    choose,
    models_settings,
    resolve,
)
from aevatar.responses.capability import responses
from aevatar.routing import POLICY_KIND, RoutePolicies
from aevatar.routing.http import router as routing_router
from aevatar.server import Capability, Counter, Services
from aevatar.tools import ToolSets, ToolSource

DEV = Principal(ScopeId("dev"), "dev", frozenset("*"))
SECTIONS = ("models",)


class PlatformSettings(BaseSettings):
    """What the platform is configured with: `AEVATAR_*`, and the file that `config` names."""

    model_config = SettingsConfigDict(env_prefix="AEVATAR_", frozen=True, extra="ignore")

    config: Path = Path("aevatar.yaml")
    """Optional; it says which models there are."""
    model: str | None = None
    """The default model, in place of the file's."""
    offline_delay_ms: int = Field(default=0, ge=0, le=10_000)
    """Milliseconds between two words of the offline model."""
    model_calls: int = Field(default=1_024, ge=1)
    """How many calls of models this process makes at once."""
    model_calls_per_scope: int = Field(default=64, ge=1)
    """How many of them for one scope."""
    model_calls_waiting: int = Field(default=1_000, ge=0)
    """How many more of a scope may wait before it can start no further run."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is made once for each runtime, since effects and services share it."""

    agents: Agents
    tool_sets: ToolSets
    invocations: Invocations
    assembler: Assembler


class Platform:
    """Puts the built-in capabilities together. `ports` are further models, `extra_sources` further tools."""

    def __init__(
        self,
        settings: PlatformSettings | None = None,
        *,
        ports: Mapping[str, ModelPort] | None = None,
        extra_sources: Sequence[ToolSource] = (),
        sinks: Mapping[str, ReplySink] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings or PlatformSettings()
        self._ports = ports
        self._extra_sources = extra_sources
        self._sinks = sinks or {}
        self._environment = os.environ if environment is None else environment
        self._sources_of_others: list[Any] = []
        self._sections_of_others: list[Any] = []
        self._built: dict[Runtime, _Parts] = {}

    @cached_property
    def models_settings(self) -> ModelsSettings:
        """What the file says of models. Raises: Misassembled, with a sentence that names the place."""
        return models_settings(_sections(self.settings.config).get("models"))

    @cached_property
    def models(self) -> ModelDirectory:
        """All configured models. Raises: Misassembled when the configuration is wrong."""
        return ModelDirectory(
            self.models_settings,
            environment=self._environment,
            clock=monotonic,
            offline_delay=self.settings.offline_delay_ms / 1000,
            ports=self._ports,
        )

    @cached_property
    def default_model(self) -> Chosen:
        """The model that answers when nobody says which, as a full id, and who wished it.

        Raises: Misassembled when there is no such model.
        """
        wished = choose(configured_default=self._configured_default)
        try:
            model = resolve(wished.name, self.models.routes)
        except ModelError:
            model = None
        if model is None or model.provider == AGENT_PROVIDER:
            known = ", ".join(sorted(self.models.routes.providers))
            raise Misassembled(
                f"the default model is {wished.name!r}, and there is none: write <provider>/<model>; providers: {known}"
            )
        return Chosen(str(model), wished.reason)

    @cached_property
    def choice(self) -> ModelChoice:
        """Chooses among them."""
        return ModelChoice(self.models, default=self._configured_default)

    @property
    def _configured_default(self) -> str | None:
        return self.settings.model or self.models_settings.default

    def capabilities(self, *more: Capability) -> list[Capability]:
        """The built-in capabilities, in the order in which they need each other, then `more`.

        What those offer to models is in the set `workspace.default`, and their sections are in every prompt.

        Raises: Misassembled when the configuration is wrong.
        """
        _ = self.default_model
        self._sources_of_others = [source for capability in more for source in capability.tool_sources]
        self._sections_of_others = [section for capability in more for section in capability.prompt_sections]
        return [self.agents(), _routing(), responses(), *more]

    def agents(self) -> Capability:
        """Agents, runs and the tools that reach them."""
        return Capability(
            name="agents",
            kinds=(RUN, AGENT_KIND, THREAD_KIND, BUDGET_KIND),
            effects=self._effects(),
            services=self._services,
            lifespan=self._running,
            counters=lambda _: model_counters(self.models.meter),
            routers=(agents_router,),
            statuses={
                "agent_not_found": 404,
                "run_not_found": 404,
                "approval_not_found": 404,
                "blob_corrupted": 500,
                "agent_exists": 409,
                "version_conflict": 412,
                "approval_already_resolved": 409,
                "run_ended": 409,
                "agent_disabled": 409,
                "thread_busy": 409,
                "thread_queue_full": 429,
            },
        )

    def _effects(self) -> list[Effect[Any, Any] | Callable[[Runtime], Effect[Any, Any]]]:
        return [
            self._model_call,
            lambda runtime: SummariseEffect(self.models, self._parts(runtime).assembler),
            lambda runtime: DiscoverToolsEffect(self._parts(runtime).tool_sets),
            *(self._of_tools(effect) for effect in (CallToolEffect, CallToolOnceEffect, ReconcileToolEffect)),
            lambda runtime: FollowSubRunEffect(runtime.sessions),
            AwaitRunsEffect,
            FindContinuationsEffect,
            SendReplyEffect(self._sinks),
        ]

    def _model_call(self, runtime: Runtime) -> ModelCallEffect:
        effect = ModelCallEffect(self.models, self._parts(runtime).assembler)
        effect.concurrency = self.settings.model_calls
        effect.concurrency_per_scope = self.settings.model_calls_per_scope
        effect.waiting_per_scope = self.settings.model_calls_waiting
        return effect

    def _of_tools(self, effect: Callable[[ToolCaller], Effect[Any, Any]]) -> Callable[[Runtime], Effect[Any, Any]]:
        return lambda runtime: effect(ToolCaller(self._parts(runtime).tool_sets, runtime.blobs))

    def _parts(self, runtime: Runtime) -> _Parts:
        if (built := self._built.get(runtime)) is None:
            agents = Agents(runtime, self.choice)
            invocations = Invocations(agents)
            own = sources(invocations, Looking(runtime.readmodels, runtime.sessions))
            offered = [*own, *self._extra_sources, *_made(self._sources_of_others, runtime)]
            sections = _made(self._sections_of_others, runtime)
            assembler = Assembler(Transcripts(runtime.readmodels, runtime.blobs), sections)
            tool_sets = ToolSets(offered, [default_set(offered)])
            built = self._built[runtime] = _Parts(agents, tool_sets, invocations, assembler)
        return built

    def _services(self, services: Services) -> list[object]:
        parts = self._parts(services.runtime)
        offered = [parts.agents, parts.agents.budgets, parts.tool_sets, parts.invocations]
        lending = Lending(services.runtime, services.vault)
        return [*offered, lending, Runs(services.runtime, lending), self.choice, self.models]

    @asynccontextmanager
    async def _running(self, services: Services) -> AsyncIterator[None]:
        watching = asyncio.create_task(services[Lending].watch(), name="lent credentials")
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await self.models.aclose()


def welcome() -> Capability:
    """Gives a fresh journal somebody to talk to. For servers that let in whoever sits at this machine."""

    @asynccontextmanager
    async def lifespan(services: Services) -> AsyncIterator[None]:
        await welcome_agents(services[Agents])
        yield

    return Capability(name="welcome", lifespan=lifespan)


async def welcome_agents(agents: Agents) -> None:
    """Gives a fresh journal of the `dev` scope somebody to talk to. Harmless when repeated."""
    assistant = Persona(
        display_name="Assistant",
        description="Answers, and reaches the other agents of this workspace as tools.",
        instructions="You are a helpful assistant. Other agents of this workspace can be reached with your tools.",
        tool_set=DEFAULT_SET,
    )
    echo = Persona(display_name="Echo", description="Says what it is told, offline.", model=OFFLINE_MODEL)
    for key, persona in (("assistant", assistant), ("echo", echo)):
        try:
            await agents.create(DEV, key, persona, command_id=f"welcome:{key}")
        except Rejected:  # it is there already, perhaps changed by now
            continue


def _made(parts: Sequence[Any], runtime: Runtime) -> list[Any]:
    return [part(runtime) if callable(part) else part for part in parts]


def model_counters(meter: Meter) -> Iterator[Counter]:
    """What models have been used for, by provider and model."""
    labels = {model: (("provider", model.partition("/")[0]), ("model", model)) for model in meter.used}
    yield Counter("models_calls", {labels[model]: used.calls for model, used in meter.used.items()})
    kinds = ("input", "cached_input", "output", "reasoning")
    yield Counter(
        "models_tokens",
        {
            (*labels[model], ("kind", kind)): getattr(used, f"{kind}_tokens")
            for model, used in meter.used.items()
            for kind in kinds
        },
    )
    yield Counter("models_dollars", {labels[model]: float(used.dollars) for model, used in meter.used.items()})


def _routing() -> Capability:
    return Capability(
        name="routing",
        kinds=(POLICY_KIND,),
        services=lambda services: [RoutePolicies(services.runtime)],
        routers=(routing_router,),
        statuses={"version_conflict": 412, "rule_not_found": 404},
    )


def _sections(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    try:
        document = read_yaml(path.read_text(encoding="utf-8"), what=str(path))
    except (OSError, UnicodeDecodeError) as unreadable:
        raise Misassembled(f"{path} cannot be read: {unreadable}") from unreadable
    except Rejected as wrong:
        raise Misassembled(wrong.message) from wrong
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise Misassembled(f"{path} is no mapping of sections to what they say")
    if unknown := [name for name in document if name not in SECTIONS]:
        raise Misassembled(f"{path} has a section {unknown[0]!r}, and there is only {', '.join(SECTIONS)}")
    return document
