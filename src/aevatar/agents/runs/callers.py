"""Whom a run works for, written down: approvers, timers and other actors move it on, and it stays its starter's."""

from __future__ import annotations

from hashlib import blake2b

from aevatar.actors.nature import base32
from aevatar.agents.runs_pb2 import Caller
from aevatar.identity import Principal, ScopeId


def caller_of(principal: Principal) -> Caller:
    """A principal as it is recorded."""
    return Caller(subject=principal.subject, permissions=sorted(principal.permissions))


def principal_of(caller: Caller, scope: ScopeId) -> Principal:
    """The principal in whose name a run of a scope acts."""
    return Principal(scope, caller.subject, frozenset(caller.permissions))


def run_key(prefix: str, starter: Principal, command_id: str) -> str:
    """The key of the run that a command of a starter leads to: the same command, the same run."""
    digest = blake2b(f"{starter.scope}/{starter.subject}\0{command_id}".encode(), digest_size=17).digest()
    return f"{prefix}_{base32(digest)}"
