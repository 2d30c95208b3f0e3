"""Places for effects of one type: so many at once, so many of them for one scope, and a fair order for those who wait.

Scopes that wait are served in turn, one place each. So however many of one scope wait, another's never waits for more
than one of them to be served before it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict

from aevatar.identity import ScopeId


class Places:
    """`total` places, of which one scope has at most `per_scope`."""

    def __init__(self, total: int, per_scope: int) -> None:
        self._free = total
        self._per_scope = per_scope
        self._taken: Counter[ScopeId] = Counter()
        self._queues: dict[ScopeId, dict[asyncio.Future[None], None]] = {}
        """Those who wait, by scope and in order; in a dict, so that whoever leaves is found at once."""
        self._next: OrderedDict[ScopeId, None] = OrderedDict()
        """Scopes that could take a place if there were one, in the order of their turns."""

    @property
    def all_waiting(self) -> int:
        """How many wait for a place."""
        return sum(len(queue) for queue in self._queues.values())

    def waiting(self, scope: ScopeId) -> int:
        """How many of a scope wait for a place."""
        return len(self._queues.get(scope, ()))

    async def take(self, scope: ScopeId) -> None:
        """Waits for a place, to be given back. Cancelling whoever waits leaves nothing behind."""
        if self._free and self._taken[scope] < self._per_scope:  # then nobody waits who could have it
            self._grant(scope)
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(scope, {})[granted] = None
        self._line_up(scope)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.cancelled():
                self._leave(scope, granted)
            else:  # both came at once: the place goes to somebody else
                self.give_back(scope)
            raise

    def give_back(self, scope: ScopeId) -> None:
        """Has whoever is next take the place."""
        self._free += 1
        self._taken[scope] -= 1
        if not self._taken[scope]:
            del self._taken[scope]
        self._line_up(scope)
        while self._free and self._next:
            self._serve(self._next.popitem(last=False)[0])

    def _grant(self, scope: ScopeId) -> None:
        self._free -= 1
        self._taken[scope] += 1

    def _serve(self, scope: ScopeId) -> None:
        granted = next(iter(self._queues[scope]))
        self._leave(scope, granted)
        if not granted.done():  # else whoever waits is being cancelled right now
            self._grant(scope)
            granted.set_result(None)
        self._line_up(scope)

    def _line_up(self, scope: ScopeId) -> None:
        if scope in self._queues and self._taken[scope] < self._per_scope and scope not in self._next:
            self._next[scope] = None

    def _leave(self, scope: ScopeId, granted: asyncio.Future[None]) -> None:
        queue = self._queues.get(scope, {})
        queue.pop(granted, None)
        if not queue:
            self._queues.pop(scope, None)
            self._next.pop(scope, None)
