"""What a tool knows about who calls it and where, made by the server and by nobody else.

It is handed on explicitly and is never ambient. No argument of a tool says anything about identity or credentials:
the names of these fields are exactly what is removed from whatever a model may write.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aevatar.errors import Unavailable
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.tools.tools_pb2 import BlobRef


class RevealsSecret(Protocol):
    """A secret that shows itself only when asked outright."""

    def reveal(self) -> str:
        """The secret itself. Only for the adapter that puts it into a request."""
        ...


class KeepsBytes(Protocol):
    """Keeps bytes for as long as the run, to be named in the parts of a result. Raises: Rejected; Unavailable."""

    async def __call__(self, data: bytes, media_type: str, name: str = "") -> BlobRef: ...


async def keep_nothing(data: bytes, media_type: str, name: str = "") -> BlobRef:
    """Stands in where nothing can be kept. Raises: Unavailable."""
    raise Unavailable("blobs_unavailable", "bytes cannot be kept here")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """One tool call, seen from the server.

    `effect_id` is the key that makes a repeat harmless where the far side takes one; `call_id` is the model's and
    empty while tools are only being discovered. `session` is the id of the session the run shows itself in, whose
    owner is `run`. `sub_runs_left` is how many more runs that one may follow. `secret()` redeems the caller's
    credential; it raises Unavailable `credential_unavailable`. `keep()` takes an image or a file that the result shows.
    """

    principal: Principal
    scope: ScopeId
    request_id: str
    response_id: str | None
    run: ActorId
    root_run: ActorId
    parent_run: ActorId | None
    depth: int
    lineage: tuple[str, ...] = ()
    sub_runs_left: int = 0
    call_id: str
    effect_id: str
    session: str
    model: str
    deadline: datetime
    budget: ActorId | None
    credential_handle: str | None = field(repr=False)
    secret: Callable[[], Awaitable[RevealsSecret]] = field(repr=False, compare=False)
    keep: KeepsBytes = field(default=keep_nothing, repr=False, compare=False)
