"""Whom a run works for, written down: approvers, timers and other actors move it on, and it stays its starter's."""

from __future__ import annotations

from aevatar.agents.runs_pb2 import Caller
from aevatar.identity import Principal, ScopeId


def caller_of(principal: Principal) -> Caller:
    """A principal as it is recorded."""
    return Caller(subject=principal.subject, permissions=sorted(principal.permissions))


def principal_of(caller: Caller, scope: ScopeId) -> Principal:
    """The principal in whose name a run of a scope acts."""
    return Principal(scope, caller.subject, frozenset(caller.permissions))
