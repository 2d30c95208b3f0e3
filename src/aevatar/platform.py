"""The platform as it is served: the built-in capabilities around one directory of models and one set of tools."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
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
    ModelChoice,
    Persona,
    Runs,
)
from aevatar.agents.http import router as agents_router
from aevatar.agents.runs import (
    RUN,
    CallToolEffect,
    CallToolOnceEffect,
    DiscoverToolsEffect,
    FollowSubRunEffect,
    ModelCallEffect,
    ReconcileToolEffect,
    ReplySink,
    SendReplyEffect,
    ToolCaller,
    Transcripts,
)
from aevatar.documents import read_yaml
from aevatar.errors import Misassembled, Rejected
from aevatar.identity import Principal, ScopeId
from aevatar.invocation import DEFAULT_SET, Invocations, Looking, default_set, sources
from aevatar.models import OFFLINE_MODEL, ModelDirectory, ModelPort, models_settings
from aevatar.server import Capability, Services
from aevatar.tools import ToolSets, ToolSource

DEV = Principal(ScopeId("dev"), "dev", frozenset("*"))


class PlatformSettings(BaseSettings):
    """What the platform is configured with: `AEVATAR_*`, and the file that `config` names."""

    model_config = SettingsConfigDict(env_prefix="AEVATAR_", frozen=True, extra="ignore")

    config: Path = Path("aevatar.yaml")
    """Optional; it says which models there are."""
    model: str | None = None
    """The default model, in place of the file's."""
    offline_delay_ms: int = Field(default=0, ge=0, le=10_000)
    """Milliseconds between two words of the offline model."""


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
        self._built: dict[int, tuple[Agents, ToolSets, Invocations, Looking]] = {}

    @cached_property
    def _configured(self) -> Mapping[str, Any]:
        path = self.settings.config
        if not path.exists():
            return {}
        try:
            document = read_yaml(path.read_text(encoding="utf-8"), what=str(path))
        except Rejected as wrong:
            raise Misassembled(wrong.message) from wrong
        if not isinstance(document, dict):
            raise Misassembled(f"{path} is not a mapping of names to values")
        return document

    @cached_property
    def models(self) -> ModelDirectory:
        """All configured models. Raises: Misassembled when the configuration is wrong."""
        return ModelDirectory(
            models_settings(self._configured.get("models") or {}),
            environment=self._environment,
            clock=monotonic,
            offline_delay=self.settings.offline_delay_ms / 1000,
            ports=self._ports,
        )

    @cached_property
    def choice(self) -> ModelChoice:
        """Chooses among them."""
        configured = models_settings(self._configured.get("models") or {}).default
        return ModelChoice(self.models, default=self.settings.model or configured)

    @property
    def default_model(self) -> str:
        """The model that answers when nothing else is said."""
        return self.settings.model or models_settings(self._configured.get("models") or {}).default or OFFLINE_MODEL

    def capabilities(self) -> list[Capability]:
        """The built-in capabilities, in the order in which they need each other."""
        return [self.agents()]

    def agents(self) -> Capability:
        """Agents, runs and the tools that reach them."""
        return Capability(
            name="agents",
            kinds=(RUN, AGENT_KIND, THREAD_KIND, BUDGET_KIND),
            effects=self._effects(),
            services=self._services,
            routers=(agents_router,),
            statuses={
                "agent_not_found": 404,
                "run_not_found": 404,
                "approval_not_found": 404,
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
            lambda runtime: ModelCallEffect(self.models, Transcripts(runtime.readmodels)),
            lambda runtime: DiscoverToolsEffect(self._parts(runtime)[1]),
            lambda runtime: CallToolEffect(ToolCaller(self._parts(runtime)[1])),
            lambda runtime: CallToolOnceEffect(ToolCaller(self._parts(runtime)[1])),
            lambda runtime: ReconcileToolEffect(ToolCaller(self._parts(runtime)[1])),
            lambda runtime: FollowSubRunEffect(runtime.sessions),
            SendReplyEffect(self._sinks),
        ]

    def _parts(self, runtime: Runtime) -> tuple[Agents, ToolSets, Invocations, Looking]:
        if (built := self._built.get(id(runtime))) is None:
            agents = Agents(runtime, self.choice)
            invocations = Invocations(agents)
            looking = Looking(runtime.readmodels, runtime.sessions)
            offered = [*sources(invocations, looking), *self._extra_sources]
            built = self._built[id(runtime)] = (agents, ToolSets(offered, [default_set(offered)]), invocations, looking)
        return built

    def _services(self, services: Services) -> list[object]:
        agents, tool_sets, invocations, _ = self._parts(services.runtime)
        return [agents, Runs(services.runtime), self.choice, self.models, tool_sets, invocations]


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
