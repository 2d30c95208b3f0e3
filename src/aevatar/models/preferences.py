"""What a scope wishes as its model when nobody nearer to the request says so. Kept elsewhere, asked for here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import structlog

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Preferred:
    """A scope's default model, and the provider its bare names are looked up with."""

    model: str | None = None
    provider: str | None = None


class ModelPreferences(Protocol):
    """Where scopes keep their wishes."""

    async def preferred(self, scope: str) -> Preferred:
        """The wishes of `scope`, read from its read model."""
        ...


async def preferred_or_none(preferences: ModelPreferences, scope: str) -> Preferred:
    """The wishes of `scope`, or none when they cannot be read: a model call never fails for want of a preference."""
    try:
        return await preferences.preferred(scope)
    except Exception as error:  # noqa: BLE001  # whatever a read model's adapter raises, it falls through alike
        _log.warning("models.preferences_unread", scope=scope, error=type(error).__name__)
        return Preferred()
