"""A thin door to a runtime for code that is not async: a script, a notebook.

It runs the runtime on a thread of its own. Only what such code needs is here; everything else is async, and stays so.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from anyio.from_thread import BlockingPortal, start_blocking_portal
from google.protobuf.message import Message

from aevatar.actors import Outcome, Receipt, Runtime
from aevatar.identity import ActorId, Principal
from aevatar.sessions import SessionEvent


@contextmanager
def open(runtime: Runtime) -> Iterator[Actors]:  # noqa: A001 - it is read as `aevatar.sync.open`
    """Starts `runtime` on a thread of its own for the length of the block, and stops it in the end."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(runtime):
        yield Actors(runtime, portal)


class Actors:
    """A runtime, as seen from outside its loop. Any thread may use it; each call waits for its answer."""

    def __init__(self, runtime: Runtime, portal: BlockingPortal) -> None:
        self._runtime = runtime
        self._portal = portal

    def dispatch(
        self, target: ActorId, command: Message, *, command_id: str | None = None, principal: Principal | None = None
    ) -> Receipt:
        """As `Runtime.dispatch`."""
        return self._portal.call(
            partial(self._runtime.dispatch, target, command, command_id=command_id, principal=principal)
        )

    def ask(
        self,
        target: ActorId,
        command: Message,
        *,
        command_id: str | None = None,
        principal: Principal | None = None,
        timeout: float = 30.0,
    ) -> Message:
        """As `Runtime.ask`."""
        return self._portal.call(
            partial(self._runtime.ask, target, command, command_id=command_id, principal=principal, timeout=timeout)
        )

    def outcome(self, target: ActorId, command_id: str) -> Outcome | None:
        """As `Runtime.outcome`."""
        return self._portal.call(self._runtime.outcome, target, command_id)

    def read(
        self, owner: ActorId, session: str = "main", after: int = 0, *, until_terminal: bool = True
    ) -> Iterator[SessionEvent]:
        """As `Sessions.read`, one event after the other as they come. Close the iterator to stop reading early."""
        events = self._runtime.sessions.read(owner, session, after, until_terminal=until_terminal)
        try:
            while (event := self._portal.call(_next, events)) is not None:
                yield event
        finally:
            with suppress(RuntimeError):  # the block has ended before, and the reading with it
                self._portal.call(events.aclose)


async def _next(events: AsyncGenerator[SessionEvent, None]) -> SessionEvent | None:
    return await anext(events, None)
