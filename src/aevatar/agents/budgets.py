"""The budgets of scopes: set, read, and found for every run that begins."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Final

from aevatar.actors import Runtime
from aevatar.agents.agents_pb2 import BudgetDocument, SetBudget
from aevatar.agents.budget import BUDGET
from aevatar.errors import Denied, Rejected
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.readmodels import Versioned

KEY: Final = "scope"
DOCUMENT: Final = "agents.budgets"
FRESH_SECONDS: Final = 5.0
"""For so long nobody looks again whether a scope without a budget has got one, unless it was set here."""
_REMEMBERED: Final = 4_096


class Budgets:
    """What scopes may spend. A scope that never set a budget has none, and its runs ask nobody."""

    def __init__(self, runtime: Runtime, *, clock: Callable[[], float] = monotonic) -> None:
        self._runtime = runtime
        self._clock = clock
        self._until: dict[ScopeId, float] = {}

    async def of(self, scope: ScopeId) -> str:
        """The budget that new runs of a scope draw on, by the text form of its actor id; empty where there is none."""
        if self._until.get(scope, 0.0) <= self._clock():
            found = await self._runtime.readmodels.get(DOCUMENT, scope, KEY)
            self._remember(scope, has_one=found is not None)
        return ActorId(BUDGET, scope, KEY).text if self._until[scope] == inf else ""

    def _remember(self, scope: ScopeId, *, has_one: bool) -> None:
        self._until.pop(scope, None)
        self._until[scope] = inf if has_one else self._clock() + FRESH_SECONDS  # once set, a budget never goes
        while len(self._until) > _REMEMBERED:
            del self._until[next(iter(self._until))]

    async def get(self, caller: Principal) -> Versioned[BudgetDocument]:
        """The budget of the caller's scope. Raises: Denied; Rejected `budget_not_found` when none was ever set."""
        _require(caller, "runs.read")
        found = await self._runtime.readmodels.get(DOCUMENT, caller.scope, KEY)
        if found is None or not isinstance(found.document, BudgetDocument):
            raise Rejected("budget_not_found", "No budget was ever set for this scope.")
        return Versioned(found.document, found.version, found.key, found.written_at)

    async def set(
        self, caller: Principal, *, tokens: int = 0, usd_micros: int = 0, command_id: str | None = None
    ) -> None:
        """Says what the caller's scope may spend in all, from its first day on; 0 sets no bound.

        Raises: Denied; Rejected `invalid_budget`.
        """
        _require(caller, "budgets.manage")
        command = SetBudget(tokens=tokens, usd_micros=usd_micros)
        await self._runtime.ask(ActorId(BUDGET, caller.scope, KEY), command, command_id=command_id, principal=caller)
        self._remember(caller.scope, has_one=True)


def _require(caller: Principal, permission: str) -> None:
    if not caller.may(permission):
        raise Denied("permission_denied", f"this takes the permission {permission!r}")
