"""Who calls. An authenticator turns the headers of a request into a principal, or refuses."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from aevatar.errors import Denied, Misassembled
from aevatar.identity import Principal, ScopeId
from aevatar.server.settings import Settings, is_loopback
from aevatar.server.tokens import Tokens


class Unauthenticated(Denied):
    """Nobody known calls; say who you are."""

    def __init__(self, message: str) -> None:
        super().__init__("authentication_required", message)


class Authenticator(Protocol):
    """Recognises callers."""

    async def authenticate(self, headers: Headers) -> Principal:
        """Who calls. Raises: Unauthenticated; Denied."""


def authenticator_of(settings: Settings) -> Authenticator:
    """The authenticator that is configured.

    Raises: Misassembled for `dev` where others can reach the server, and for `oidc` without a provider.
    """
    if settings.auth == "token":
        return TokenAuthenticator(Tokens(settings.tokens))
    if settings.auth == "oidc":
        return _oidc(settings)
    if not is_loopback(settings.host):
        raise Misassembled(
            f"authentication 'dev' lets everybody in, and {settings.host!r} is no loopback address: "
            "use --auth token, or --host 127.0.0.1"
        )
    return DevAuthenticator()


class DevAuthenticator:
    """Lets whoever sits at this machine do everything, as subject `dev` in scope `dev`."""

    async def authenticate(self, headers: Headers) -> Principal:
        # A page in the browser must not get in either: not one from elsewhere, and not one whose name was made to
        # point to this machine.
        for header in ("origin", "host"):
            if (value := headers.get(header)) is not None and not is_loopback(_host_in(value)):
                raise Denied("permission_denied", f"with authentication 'dev' the {header} has to be this machine")
        return Principal(ScopeId("dev"), "dev", frozenset("*"))


class TokenAuthenticator:
    """Knows callers by `Authorization: Bearer <token>`, see `aevatar token create`."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def authenticate(self, headers: Headers) -> Principal:
        known = self._tokens.find(bearer_token(headers))
        if known is None:
            raise Unauthenticated("this token is unknown or was revoked")
        return known.principal


def bearer_token(headers: Headers) -> str:
    """The token somebody brought. Raises: Unauthenticated when there is none."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise Unauthenticated("send Authorization: Bearer <token>")
    return token.strip()


def _oidc(settings: Settings) -> Authenticator:
    from aevatar.server.oidc import OidcAuthenticator, Provider  # not before it is wanted: it loads cryptography

    if settings.oidc_issuer is None or settings.oidc_audience is None:
        raise Misassembled("authentication 'oidc' needs AEVATAR_OIDC_ISSUER and AEVATAR_OIDC_AUDIENCE")
    provider = Provider(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        scope_claim=settings.oidc_scope_claim,
        permissions_claim=settings.oidc_permissions_claim,
    )
    return OidcAuthenticator(provider)


def _host_in(value: str) -> str:
    try:
        return urlsplit(value if "//" in value else f"//{value}").hostname or ""
    except ValueError:
        return ""
