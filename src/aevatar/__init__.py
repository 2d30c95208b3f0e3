"""Durable multi-agent systems: virtual actors with one ordered log each, and all that stands on it."""

from aevatar.actors import Actor, Kind, Pending, Projection, Runtime, applies, command, question, signal
from aevatar.errors import AevatarError, Conflict, Denied, Internal, Misassembled, Rejected, Unavailable
from aevatar.identity import ActorId, Principal, ScopeId

__all__ = [
    "Actor",
    "ActorId",
    "AevatarError",
    "Conflict",
    "Denied",
    "Internal",
    "Kind",
    "Misassembled",
    "Pending",
    "Principal",
    "Projection",
    "Rejected",
    "Runtime",
    "ScopeId",
    "Unavailable",
    "applies",
    "command",
    "question",
    "signal",
]
