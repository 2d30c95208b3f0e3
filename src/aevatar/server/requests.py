"""Around every request: its id, its line in the log, its bound, and an answer whatever happens inside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

import anyio
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aevatar.actors.nature import RandomIdentifiers
from aevatar.server.errors import ErrorAnswers

BODY_LIMIT: Final = 16 * 1024 * 1024
"""In bytes."""
_PATIENCE: Final = 1.0
"""Seconds for which the rest of a body that is too long is read and thrown away."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_QUIET = ("/health/live", "/health/ready", "/metrics")

log = structlog.get_logger("aevatar.requests")


class Requests:
    """Gives every request an id (the caller's own, if it is one), answers its errors, and logs how it ended."""

    def __init__(self, app: ASGIApp, *, errors: ErrorAnswers) -> None:
        self._app = app
        self._errors = errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else RandomIdentifiers().new()
        scope.setdefault("state", {})["request_id"] = request_id
        sending = _Sending(send, scope["state"])
        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            answer = self._errors.answer(scope, error)
            if sending.status is None:
                await answer(scope, receive, sending)
        _log(scope, request_id, sending.status, perf_counter() - began)


class _Sending:
    """Passes an answer on, adds what it is known by, and remembers its status."""

    def __init__(self, send: Send, state: Mapping[str, Any]) -> None:
        self._send = send
        self._state = state
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._state["request_id"]
            if (key := self._state.get("idempotency_key")) is not None:
                headers["idempotency-key"] = key
        elif message["type"] == "websocket.accept":
            self.status = 101
        await self._send(message)


def _log(scope: Scope, request_id: str, status: int | None, seconds: float) -> None:
    principal = scope["state"].get("principal")
    write = log.debug if scope["path"] in _QUIET else log.info
    write(
        "request",
        request_id=request_id,
        method=scope.get("method", "WEBSOCKET"),
        path=scope["path"],  # without its query, which may hold what nobody should read
        status=status,
        seconds=round(seconds, 4),
        scope=principal and str(principal.scope),
        subject=principal and principal.subject,
    )


class BodyLimit:
    """Refuses bodies of more than `limit` bytes: by what they announce, or as soon as they are longer."""

    def __init__(self, app: ASGIApp, *, limit: int = BODY_LIMIT) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._limit:
            if "expect" not in headers:  # else the body comes only if we ask for it
                await self._discard(receive)
            raise self._too_large()
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                await self._discard(receive)
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    async def _discard(self, receive: Receive) -> None:
        # A connection that is closed while its client still writes is reset, and the answer may be lost with it.
        left = 2 * self._limit
        with anyio.move_on_after(_PATIENCE):
            while left > 0 and (message := await receive()).get("more_body"):
                left -= len(message["body"])

    def _too_large(self) -> HTTPException:
        # The framework passes its own errors through while it reads a body, and takes any other for a broken body.
        return HTTPException(413, f"a body has at most {self._limit} bytes", headers={"connection": "close"})
