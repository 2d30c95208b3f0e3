"""Handles that stand in for secrets, and the vault that exchanges them: memory of one process, and nothing else.

Commands, effect requests and state carry the handle. The effect that needs the secret redeems it, where it leaves the
process. What a restart loses is meant to be lost: a dead handle ends in one typed failure.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

import structlog

from aevatar.credentials.secret import Secret
from aevatar.errors import Unavailable
from aevatar.identity import ActorId, ScopeId

log = structlog.get_logger("aevatar.credentials")

TTL: Final = 120.0
LONGEST_TTL: Final = 30 * 60.0
MOST_USES: Final = 256
SWEEP_EVERY: Final = 30.0
"""Seconds. Redeeming looks at the time itself; sweeping only frees memory."""
REMEMBERED: Final = 10 * 60.0
"""Seconds for which a dead handle, its secret gone, is still told apart from one that never was."""


class Reason(Enum):
    """Why a handle cannot be redeemed. For logs and tests: callers see one code."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    ALREADY_USED = "already_used"
    REVOKED = "revoked"
    WRONG_BINDING = "wrong_binding"
    INSTANCE_GONE = "instance_gone"


class CredentialUnavailable(Unavailable):
    """The secret is not to be had any more; whoever holds it has to hand it in again."""

    def __init__(self, reason: Reason) -> None:
        super().__init__("credential_unavailable", "the caller's credential cannot be used any more; send it again")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Binding:
    """What a handle is good for: one session of one owner in one scope."""

    scope: ScopeId
    owner: ActorId
    session_id: str


class CredentialVault(Protocol):
    """Exchanges secrets for handles, and each handle back, once per ticket. A ticket is the id of an effect."""

    def mint(self, secret: Secret, binding: Binding, *, ttl: float = TTL, uses: int = 1) -> str:
        """A handle for `secret`, for `ttl` seconds (at most `LONGEST_TTL`) and `uses` tickets."""

    def redeem(self, handle_id: str, binding: Binding, ticket: str) -> Secret:
        """The secret, once per ticket. Raises: CredentialUnavailable; a wrong binding uses nothing up."""

    def holds(self, binding: Binding) -> bool:
        """Whether there is a handle for a session that has not ended."""

    def revoke(self, handle_id: str) -> None:
        """Ends a handle. Harmless if it is unknown."""

    def revoke_session(self, binding: Binding) -> None:
        """Ends all handles of a session."""


class Clock(Protocol):
    """Tells the time in milliseconds since 1970."""

    def now(self) -> int: ...


@dataclass(slots=True)
class _Entry:
    secret: Secret | None
    binding: Binding
    expires: int
    uses: int
    tickets: set[str] = field(default_factory=set)
    forgotten: int = 0
    """When the handle itself goes; 0: not known yet."""


class MemoryVault:
    """The vault of one process. No adapter of this port may write to a disk."""

    def __init__(self, clock: Clock, new_id: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
        self._clock = clock
        self._new_id = new_id
        self._prefix = f"ch_{new_id()}_"
        self._entries: dict[str, _Entry] = {}
        self._lent: dict[Binding, list[str]] = {}

    def mint(self, secret: Secret, binding: Binding, *, ttl: float = TTL, uses: int = 1) -> str:
        if not 1 <= uses <= MOST_USES:
            raise ValueError(f"a handle has 1 to {MOST_USES} uses, not {uses}")
        handle_id = self._prefix + self._new_id()
        expires = self._clock.now() + round(min(ttl, LONGEST_TTL) * 1000)
        self._entries[handle_id] = _Entry(secret, binding, expires, uses)
        self._lent.setdefault(binding, []).append(handle_id)
        return handle_id

    def redeem(self, handle_id: str, binding: Binding, ticket: str) -> Secret:
        found = self._look_up(handle_id, binding, ticket)
        if isinstance(found, Reason):
            log.info("credential_unavailable", reason=found.value, handle_id=handle_id)
            raise CredentialUnavailable(found)
        return found

    def holds(self, binding: Binding) -> bool:
        return binding in self._lent

    def revoke(self, handle_id: str) -> None:
        if (entry := self._entries.get(handle_id)) is not None:
            self._end(entry)
            self._unlist(handle_id, entry.binding)

    def revoke_session(self, binding: Binding) -> None:
        for handle_id in self._lent.pop(binding, ()):
            self._end(self._entries[handle_id])

    def sweep(self) -> None:
        """Lets go of secrets that have expired, and in the end of their handles."""
        now = self._clock.now()
        for handle_id, entry in list(self._entries.items()):
            if now >= entry.expires and entry.secret is not None:
                self._end(entry)
                self._unlist(handle_id, entry.binding)
            if entry.secret is None and now >= entry.forgotten:
                del self._entries[handle_id]

    def _end(self, entry: _Entry) -> None:
        if entry.secret is not None:
            entry.secret, entry.tickets = None, set()
            entry.forgotten = self._clock.now() + round(REMEMBERED * 1000)

    def _unlist(self, handle_id: str, binding: Binding) -> None:
        lent = [other for other in self._lent.pop(binding, ()) if other != handle_id]
        if lent:
            self._lent[binding] = lent

    def _look_up(self, handle_id: str, binding: Binding, ticket: str) -> Secret | Reason:
        if not handle_id.startswith(self._prefix):
            return Reason.INSTANCE_GONE
        entry = self._entries.get(handle_id)
        if entry is None:
            return Reason.UNKNOWN
        if entry.binding != binding:
            return Reason.WRONG_BINDING
        if self._clock.now() >= entry.expires:
            return Reason.EXPIRED
        if entry.secret is None:
            return Reason.REVOKED
        if ticket in entry.tickets or len(entry.tickets) >= entry.uses:
            return Reason.ALREADY_USED
        entry.tickets.add(ticket)
        return entry.secret
