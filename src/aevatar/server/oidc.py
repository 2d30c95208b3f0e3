"""Callers known by what an OpenID provider says of them: a signed token, verified here, with no call for each request.

The provider's keys are fetched when they are needed first, and again when a token names a key nobody knew. Nothing is
kept of a token.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import jwt
import msgspec
import structlog
from starlette.datastructures import Headers

from aevatar.errors import Denied, Misassembled, Rejected, Unavailable
from aevatar.identity import Principal, ScopeId
from aevatar.server.authentication import Unauthenticated, bearer_token
from aevatar.server.settings import is_loopback
from aevatar.server.tokens import is_subject

# Only what a provider signs with a key of its own: with HS256 its public key would do as everybody's secret.
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_REQUIRED: Final = ("iss", "aud", "exp", "sub")
_CLOCKS_DIFFER_BY: Final = 30  # seconds
# Seconds from one try at fetching keys to the next: names of keys that are made up must not turn us on the provider.
_PAUSE: Final = 60.0
_PAUSE_WITHOUT_KEYS: Final = 5.0
_TIMEOUT: Final = 5.0
_REASONS: Final = {
    jwt.ExpiredSignatureError: "this token has expired",
    jwt.ImmatureSignatureError: "this token is not valid yet",
    jwt.InvalidAudienceError: "this token was made for somebody else",
    jwt.InvalidIssuerError: "this token is of another provider",
}

log = structlog.get_logger("aevatar.server")


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose tokens are taken, whom they have to be made for, and which claims say what.

    Raises: Misassembled unless the issuer is reached over HTTPS, or on this machine.
    """

    issuer: str
    audience: str
    scope_claim: str
    permissions_claim: str

    def __post_init__(self) -> None:
        if not _is_safe(self.issuer):
            raise Misassembled(f"the OpenID issuer {self.issuer!r} has to be an https address")


class OidcAuthenticator:
    """Knows callers by `Authorization: Bearer <token>` of an OpenID provider."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._keys = _Keys(provider.issuer)

    async def authenticate(self, headers: Headers) -> Principal:
        token = bearer_token(headers)
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as malformed:
            raise Unauthenticated("this is no signed token") from malformed
        key = await self._keys.find(header.get("kid"))
        if key is None:
            raise Unauthenticated("this token is signed with a key that its provider does not name")
        return self._principal(self._claims(token, key))

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._provider.audience,
                issuer=self._provider.issuer,
                leeway=_CLOCKS_DIFFER_BY,
                options={"require": list(_REQUIRED)},
            )
        except jwt.InvalidTokenError as refused:
            raise Unauthenticated(_REASONS.get(type(refused), "this token does not verify")) from refused

    def _principal(self, claims: dict[str, Any]) -> Principal:
        if not is_subject(claims["sub"]):
            raise Unauthenticated("the token's subject is not printable text of at most 128 characters")
        name = self._provider.scope_claim
        try:
            scope = ScopeId(claims[name])
        except (KeyError, TypeError, Rejected) as missing:
            raise Denied("permission_denied", f"the token has no claim {name!r} that names a scope") from missing
        return Principal(scope, claims["sub"], _names(claims.get(self._provider.permissions_claim)))


class _Keys:
    """The keys a provider signs with, by their ids."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._known: dict[str | None, jwt.PyJWK] = {}
        self._tried_at: float | None = None
        self._fetching = asyncio.Lock()

    async def find(self, key_id: object) -> jwt.PyJWK | None:
        """The key of that id. Raises: Unavailable `identity_unavailable` when no key is known and none can be had."""
        name = key_id if isinstance(key_id, str) else None
        if name not in self._known:
            async with self._fetching:  # whoever waited here finds what the first one fetched
                if name not in self._known and self._may_try():
                    await self._fetch()
        if not self._known:
            raise Unavailable("identity_unavailable", "The OpenID provider cannot be asked for its keys.")
        return self._known.get(name)

    def _may_try(self) -> bool:
        pause = _PAUSE if self._known else _PAUSE_WITHOUT_KEYS
        return self._tried_at is None or time.monotonic() - self._tried_at >= pause

    async def _fetch(self) -> None:
        """Learns the keys anew. One that cannot be reached now has not taken back what it said before."""
        self._tried_at = time.monotonic()
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT) as client:
                self._known = await self._listed(client)
        except (httpx2.HTTPError, ValueError, jwt.PyJWTError) as problem:
            log.warning("openid_provider_unusable", issuer=self._issuer, error=type(problem).__name__)

    async def _listed(self, client: httpx2.AsyncClient) -> dict[str | None, jwt.PyJWK]:
        described = await _json(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        place = str(described.get("jwks_uri"))
        if described.get("issuer") != self._issuer or not _is_safe(place):
            raise ValueError("the provider describes itself as another one")
        keys = jwt.PyJWKSet.from_dict(await _json(client, place)).keys
        return {key.key_id: key for key in keys if key.public_key_use in (None, "sig")}


async def _json(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    answer = (await client.get(address)).raise_for_status()
    return msgspec.json.decode(answer.content, type=dict[str, Any])


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme == "http":
        return is_loopback(parts.hostname or "")
    return parts.scheme == "https" and bool(parts.hostname)


def _names(claim: object) -> frozenset[str]:
    """Permissions, whether they come as a list or, like OAuth's, as words in one string."""
    if isinstance(claim, str):
        return frozenset(claim.split())
    return frozenset(name for name in claim if isinstance(name, str)) if isinstance(claim, list) else frozenset()
