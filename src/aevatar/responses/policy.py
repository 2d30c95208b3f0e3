"""Where a request to `/v1` goes, decided before a run is started for it.

Who decides is told to the service; here is what a decision looks like, and that of a scope which decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aevatar.identity import ScopeId


@dataclass(frozen=True, slots=True)
class Asked:
    """What a decision may rest on: never metadata, never what a message says."""

    source: str
    model: str | None
    agent_key: str | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """A tool that shall be called first, with the arguments (JSON) that no model can change."""

    tool: str
    arguments: str = ""
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The decision. A `rejection` is the code and the sentence of the refusal; None elsewhere means no opinion."""

    model: str | None = None
    tool_set: str | None = None
    hint: Hint | None = None
    rejection: tuple[str, str] | None = None
    rule_id: str = ""


class RoutePolicy(Protocol):
    """Decides for a scope."""

    async def route(self, scope: ScopeId, asked: Asked) -> Route:
        """Where the request goes. Never fails: a policy that cannot be read has no opinion."""


class NoPolicy:
    """Has no opinion."""

    async def route(self, scope: ScopeId, asked: Asked) -> Route:
        """Wherever the request wants to go."""
        return Route()
