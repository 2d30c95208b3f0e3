"""What the route policy offers: reading it, replacing it, and deciding by it."""

from __future__ import annotations

import structlog

from aevatar.actors import Runtime
from aevatar.errors import AevatarError, Denied
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.routing.actor import KEY, POLICY, READ_MODEL
from aevatar.routing.resolver import Decision, RouteInput, resolve
from aevatar.routing.routing_pb2 import PolicyChanged, PolicyDocument, PutPolicy, RemoveRule

log = structlog.get_logger("aevatar.routing")


class RoutePolicies:
    """The policies of all scopes."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def get(self, scope: ScopeId) -> PolicyDocument | None:
        """The policy of a scope, if it has one. Wakes no actor."""
        found = await self._runtime.readmodels.get(READ_MODEL, scope, KEY)
        return found.document if found is not None and isinstance(found.document, PolicyDocument) else None

    async def decide(self, scope: ScopeId, asked: RouteInput) -> Decision:
        """What is to be done with a request. A policy that cannot be read has no opinion; it never stops a request."""
        try:
            policy = await self.get(scope)
        except AevatarError as unread:
            log.warning("policy_unread", scope=scope, error=type(unread).__name__)
            policy = None
        return resolve(policy, asked)

    async def put(self, caller: Principal, policy: PutPolicy, *, command_id: str | None = None) -> int:
        """Replaces the policy of the caller's scope; answers its version.

        Raises: Denied; Rejected `invalid_policy`, `version_conflict`.
        """
        return await self._change(caller, policy, command_id)

    async def remove(self, caller: Principal, rule_id: str, *, command_id: str | None = None) -> int:
        """Removes one rule; answers the version. Raises: Denied; Rejected `rule_not_found`, `not_found`."""
        return await self._change(caller, RemoveRule(id=rule_id), command_id)

    async def _change(self, caller: Principal, command: PutPolicy | RemoveRule, command_id: str | None) -> int:
        if not caller.may("routing.manage"):
            raise Denied("permission_denied", "this takes the permission 'routing.manage'")
        target = ActorId(POLICY, caller.scope, KEY)
        outcome = await self._runtime.ask(target, command, command_id=command_id, principal=caller)
        if not isinstance(outcome, PolicyChanged):
            raise TypeError("a policy answers a change with PolicyChanged")
        return outcome.version
