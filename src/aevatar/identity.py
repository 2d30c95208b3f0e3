"""Who is addressed and who calls: scopes, actor ids and principals.

The text form of an actor id is made and parsed here and nowhere else; everybody else treats it as opaque.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Self
from urllib.parse import quote, unquote

from aevatar.errors import Rejected

SHARDS: Final = 256
"""How many shards there are. Fixed for ever: rows carry their shard from the first schema on."""

_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KIND = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_KEY_LIMIT: Final = 200


class ScopeId(str):
    """A tenant: 1 to 64 of `[A-Za-z0-9._-]`, starting with a letter or digit.

    Raises: Rejected `invalid_scope`.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not _SCOPE.fullmatch(value):
            problem = f"{value!r} is not 1 to 64 of [A-Za-z0-9._-] with a letter or digit first"
            raise Rejected("invalid_scope", problem, "scope")
        return super().__new__(cls, value)


def is_kind(value: str) -> bool:
    """Whether `value` is spelled like the name of a kind, `<module>.<entity>`."""
    return _KIND.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class ActorId:
    """Names one actor for ever: what it is, whose it is, which one it is.

    Raises: Rejected `invalid_actor_id` when kind or key is not well formed.
    """

    kind: str
    scope: ScopeId
    key: str
    text: str = field(init=False, repr=False, compare=False)
    shard: int = field(init=False, repr=False, compare=False)
    """Which of the `SHARDS` it belongs to: stable over releases, machines and languages."""

    def __post_init__(self) -> None:
        if not isinstance(self.scope, ScopeId):
            object.__setattr__(self, "scope", ScopeId(self.scope))
        if not is_kind(self.kind):
            raise Rejected("invalid_actor_id", f"{self.kind!r} is not a kind: <module>.<entity>", "kind")
        if not 1 <= len(self.key) <= _KEY_LIMIT or not self.key.isprintable():
            raise Rejected("invalid_actor_id", f"a key is 1 to {_KEY_LIMIT} printable characters", "key")
        place = f"{self.scope}/{_escape(self.key)}"
        object.__setattr__(self, "text", f"{self.kind}/{place}")
        object.__setattr__(self, "shard", _shard_of(place))

    def __str__(self) -> str:
        return self.text

    @staticmethod
    def parse(text: str) -> ActorId:
        """The id whose text form is `text`. Raises: Rejected `invalid_actor_id` for any other spelling of it."""
        return _parsed(text)


def _shard_of(place: str) -> int:
    # The kind is left out, so that renaming a kind moves nobody.
    return blake2b(place.encode(), digest_size=1).digest()[0]


def _escape(key: str) -> str:
    try:
        return quote(key, safe="")
    except UnicodeEncodeError as unpaired:
        raise Rejected("invalid_actor_id", "a key holds an unpaired surrogate", "key") from unpaired


@lru_cache(maxsize=16_384)
def _parsed(text: str) -> ActorId:
    parts = text.split("/")
    if len(parts) != 3:
        raise Rejected("invalid_actor_id", f"{text!r} is not kind/scope/key", "actor_id")
    kind, scope, key = parts
    parsed = ActorId(kind, ScopeId(scope), unquote(key))
    if parsed.text != text:  # one actor, one spelling: otherwise two texts would name one actor
        raise Rejected("invalid_actor_id", f"{text!r} is not the text form of an actor id", "actor_id")
    return parsed


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, in which scope, and what they may do. Never carries a secret.

    `via` names the actor through which the principal acts, when a command was sent by an actor.
    """

    scope: ScopeId
    subject: str
    permissions: frozenset[str] = frozenset()
    via: ActorId | None = None

    def may(self, permission: str) -> bool:
        """Whether this principal holds `permission`, or the wildcard `*`."""
        return permission in self.permissions or "*" in self.permissions

    def acting_through(self, actor: ActorId) -> Principal:
        """The same principal, as it appears in commands that `actor` sends on its behalf."""
        return Principal(self.scope, self.subject, self.permissions, actor)
