"""Offers: what programs, and other capabilities, can do with probes. It knows actors and documents, and no HTTP."""

from __future__ import annotations

from typing import cast

from aevatar import ActorId, Principal, Rejected, Runtime
from aevatar.readmodels import Listing, Versioned
from examples.probe.actor import Probe
from examples.probe.probe_pb2 import AbortLaunch, PlanLaunch, ProbeDocument
from examples.probe.projection import PROBES


class Probes:
    """The probes of all scopes; a caller sees those of their own."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def id_of(self, caller: Principal, name: str) -> ActorId:
        """Which actor the caller means by `name`."""
        return ActorId(Probe.kind, caller.scope, name)

    async def plan(self, caller: Principal, name: str, plan: PlanLaunch, *, command_id: str) -> None:
        """Starts a countdown; repeating a command id is harmless.

        Raises: Rejected `already_planned`, `unknown_destination`.
        """
        await self._runtime.ask(self.id_of(caller, name), plan, command_id=command_id, principal=caller)

    async def abort(self, caller: Principal, name: str, *, command_id: str) -> None:
        """Stops a probe on the ground. Raises: Rejected `not_found`, `not_on_the_ground`."""
        await self._runtime.ask(self.id_of(caller, name), AbortLaunch(), command_id=command_id, principal=caller)

    async def get(self, caller: Principal, name: str) -> Versioned[ProbeDocument]:
        """How a probe is doing. Reads its document and wakes nobody. Raises: Rejected `not_found`."""
        found = await self._runtime.readmodels.get(PROBES, caller.scope, name)
        if found is None:
            raise Rejected("not_found", f"There is no probe {name!r}.")
        return cast("Versioned[ProbeDocument]", found)

    async def list(
        self, caller: Principal, *, phase: str | None, after: str | None, limit: int
    ) -> Listing[ProbeDocument]:
        """The probes of the caller's scope, by name; those of one phase, if one is named."""
        where = {"phase": phase} if phase else {}
        found = await self._runtime.readmodels.list(PROBES, caller.scope, where=where, after=after, limit=limit)
        return cast("Listing[ProbeDocument]", found)
