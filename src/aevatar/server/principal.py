"""The guard at the door, and what routes learn of their caller from it.

It stands before routing, so that a request is refused before its body is read and before anything is looked up, and so
that no route can forget it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Final

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from aevatar.credentials import Secret
from aevatar.errors import Denied
from aevatar.identity import Principal
from aevatar.server.authentication import Authenticator

_SCOPED = re.compile(r"/api/scopes/([^/]*)")
_SECRETS: Final = (b"authorization", b"cookie", b"proxy-authorization", b"x-gateway-authorization")


class Guard:
    """Lets nobody in whom the authenticator does not know, and nobody into a scope that is not theirs."""

    def __init__(self, app: ASGIApp, *, authenticator: Authenticator, public: Collection[str]) -> None:
        self._app = app
        self._authenticator = authenticator
        self._public = frozenset(public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] in self._public:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        principal = await self._authenticator.authenticate(headers)
        scope["state"]["principal"] = principal
        wanted = _SCOPED.match(scope["path"])
        if wanted is not None and wanted[1] != principal.scope:
            raise Denied("scope_access_denied", "this scope is not yours")
        scope["state"]["caller_secret"] = _secret_in(headers)
        # Nothing behind this line can log, record or pass on what it never sees.
        kept = [(name, value) for name, value in scope["headers"] if name not in _SECRETS]
        await self._app({**scope, "headers": kept}, receive, send)


def _secret_in(headers: Headers) -> Secret | None:
    for name in ("x-gateway-authorization", "authorization"):
        if value := headers.get(name, "").strip():
            kind, _, rest = value.partition(" ")
            return Secret(rest.strip() if kind.lower() == "bearer" else value)
    return None


async def _caller(connection: HTTPConnection) -> Principal:
    principal: Principal = connection.state.principal
    return principal


async def _caller_secret(connection: HTTPConnection) -> Secret | None:
    secret: Secret | None = connection.state.caller_secret
    return secret


Caller = Annotated[Principal, Depends(_caller)]
"""Who calls: the parameter of a route that wants to know."""

CallerSecret = Annotated[Secret | None, Depends(_caller_secret)]
"""The credential the caller brought, to be exchanged for a handle and then forgotten."""


def require(caller: Principal, permission: str) -> None:
    """Goes on if the caller holds `permission`. Raises: Denied `permission_denied`."""
    if not caller.may(permission):
        raise Denied("permission_denied", f"this takes the permission {permission!r}")
