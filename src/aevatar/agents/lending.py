"""Credentials that callers lend to runs: handles made at the door, and ended with the last run that may use them.

A handle belongs to the run at the root, and all runs below use the same one. So it ends with the root, or, where runs
that were only to be started live on (`wait: ack`), with the last of those. That happens in the process that holds the
secret, and is never recorded: a process that dies takes its secrets with it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from aevatar.actors import Runtime
from aevatar.agents.agent import RUN
from aevatar.agents.runs import SESSION
from aevatar.agents.runs.facts import STATUS
from aevatar.agents.runs_pb2 import RunDocument
from aevatar.credentials import Binding, CredentialVault, Secret
from aevatar.errors import Unavailable
from aevatar.identity import ActorId

USES: Final = 256
PAGE: Final = 200


class Lending:
    """Hands out handles for runs, and ends them in time."""

    def __init__(self, runtime: Runtime, vault: CredentialVault) -> None:
        self._runtime = runtime
        self._vault = vault
        self._lingering: dict[ActorId, None] = {}
        self._ended: asyncio.Queue[ActorId] = asyncio.Queue()

    def lend(self, secret: Secret, root: ActorId, *, seconds: float) -> str:
        """A handle for `secret`, for the runs of one root, one use for each effect, at most `seconds` long."""
        return self._vault.mint(secret, _binding(root), ttl=seconds, uses=USES)

    def take_back(self, handle_id: str) -> None:
        """Ends one handle. Harmless if it is unknown."""
        self._vault.revoke(handle_id)

    async def watch(self) -> None:
        """Ends handles as runs end. Runs until it is cancelled."""
        self._runtime.sessions.hub.on_end(self._noticed)
        while True:
            ended = await self._ended.get()
            with suppress(Unavailable):  # the handle expires, whatever happens
                await self._settle(ended)

    def _noticed(self, owner: str, session: str) -> None:
        if session == SESSION and ((run := ActorId.parse(owner)) in self or self._lingering):
            self._ended.put_nowait(run)

    def __contains__(self, root: ActorId) -> bool:
        return self._vault.holds(_binding(root))

    async def _settle(self, ended: ActorId) -> None:
        root = ended if ended in self else await self._lingering_root(ended)
        if root is None:
            return
        if await self._is_in_use(root):
            self._lingering[root] = None
        else:
            self._lingering.pop(root, None)
            self._vault.revoke_session(_binding(root))

    async def _lingering_root(self, run: ActorId) -> ActorId | None:
        if self._lingering and (oldest := next(iter(self._lingering))) not in self:  # it has expired
            del self._lingering[oldest]
        found = await self._runtime.readmodels.get("agents.runs", run.scope, run.key)
        if found is None or not isinstance(found.document, RunDocument) or not found.document.root_run:
            return None
        root = ActorId.parse(found.document.root_run)
        return root if root in self._lingering else None

    async def _is_in_use(self, root: ActorId) -> bool:
        """Whether a run below the root goes on."""
        waiting = [root.text]
        while waiting:
            parent, after = waiting.pop(), None
            while True:
                page = await self._runtime.readmodels.list(
                    "agents.runs", root.scope, where={"parent": parent}, after=after, limit=PAGE
                )
                for child in page.items:
                    if isinstance(child.document, RunDocument) and child.document.status not in STATUS:
                        return True
                    waiting.append(ActorId(RUN, root.scope, child.key).text)
                if (after := page.after) is None:
                    break
        return False


def _binding(root: ActorId) -> Binding:
    return Binding(root.scope, root, SESSION)
