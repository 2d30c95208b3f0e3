"""`/v1/models`: what can be asked, models and agents alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aevatar.actors import Runtime
from aevatar.agents import AgentDocument, ModelChoice
from aevatar.credentials import Secret
from aevatar.errors import Rejected
from aevatar.identity import Principal
from aevatar.models import AGENT_PROVIDER, ModelCall, ModelEntry, ModelError
from aevatar.responses.beginning import require
from aevatar.responses.codec import Body

AGENTS_AT_ONCE: Final = 200
_UNKNOWN: Final = 0
"""Nobody tells when a model was made, and the shape wants a time."""


class Models:
    """The models and agents of a scope, under the names by which requests ask for them."""

    def __init__(self, runtime: Runtime, choice: ModelChoice) -> None:
        self._runtime = runtime
        self._choice = choice

    async def offered(self, caller: Principal, secret: Secret | None) -> Body:
        """All of them, models first. A provider that fails takes nothing away from the others. Raises: Denied."""
        require(caller, "models.use")
        call = ModelCall(call_id="models", secret=_revealing(secret))
        listing = await self._choice.offered(caller, call)
        data = [_model(entry) for entry in listing.entries]
        return {"object": "list", "data": [*data, *await self._agents(caller)]}

    async def get(self, caller: Principal, secret: Secret | None, model_id: str) -> Body:
        """One of them. Raises: Denied; Rejected `model_not_found`."""
        listed = await self.offered(caller, secret)
        for model in listed["data"]:
            if model["id"] == model_id:
                found: Body = model
                return found
        raise Rejected("model_not_found", f"There is no model {model_id!r} here.", "model")

    async def _agents(self, caller: Principal) -> list[Body]:
        agents, after = [], None
        while True:
            page = await self._runtime.readmodels.list("agents.agents", caller.scope, after=after, limit=AGENTS_AT_ONCE)
            agents += [
                _agent(item.key, item.document)
                for item in page.items
                if isinstance(item.document, AgentDocument) and not item.document.is_disabled
            ]
            if (after := page.after) is None:
                return agents


def _revealing(secret: Secret | None) -> Callable[[], Awaitable[str]]:
    async def reveal() -> str:
        if secret is None:
            raise ModelError("credential_unavailable", "The caller brought no credential for this provider.")
        return secret.reveal()

    return reveal


def _model(entry: ModelEntry) -> Body:
    known: dict[str, Any] = {
        "context_length": entry.context_length,
        "max_output_tokens": entry.max_output_tokens,
        "supports_tools": entry.supports_tools,
        "stale": entry.stale or None,
    }
    if entry.price is not None:
        known["price"] = entry.price.told()
    return {
        "id": entry.id,
        "object": "model",
        "created": _UNKNOWN,
        "owned_by": entry.owned_by,
        "modalities": list(entry.modalities),
        **{name: value for name, value in known.items() if value is not None},
    }


def _agent(key: str, document: AgentDocument) -> Body:
    return {
        "id": f"{AGENT_PROVIDER}/{key}",
        "object": "model",
        "created": document.created_at // 1000,
        "owned_by": "aevatar",
        "name": document.persona.display_name or key,
    }
