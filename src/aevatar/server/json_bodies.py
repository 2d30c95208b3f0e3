"""Bodies that say they are JSON are let in only if they mean the same to everybody.

What stands behind this line parses them once more and in its own way, takes NaN for a number and half a character for
text, and fails on them where nobody expects it: in a message, a digest, or the journal.

Source: RFC 8259, sections 4 to 9.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aevatar.errors import Rejected

DEPTH_LIMIT: Final = 100
"""Lists and objects inside each other."""
_PLAINER: Final = {
    "Input data was truncated": "it ends too early, or with half a character",
    "Integer value out of range": "a number is too large",
    "Number out of range": "a number is too large",
}

_decode = msgspec.json.Decoder().decode


class JsonBodies:
    """Refuses bodies that are no JSON, or nested too deep. Whole bodies are held, so it stands behind their limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_json(Headers(scope=scope).get("content-type", "")):
            await self._app(scope, receive, send)
            return
        body, last = await _whole(receive)
        if body and last["type"] == "http.request":
            check(body)
        messages = iter(({**last, "body": body} if last["type"] == "http.request" else last,))

        async def replayed() -> Message:
            message = next(messages, None)
            return message if message is not None else await receive()

        await self._app(scope, replayed, send)


async def _whole(receive: Receive) -> tuple[bytes, Message]:
    """The body, and the message that ended it: its last part, or that the client has left."""
    pieces = []
    while (message := await receive())["type"] == "http.request":
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(pieces), message


def check(body: bytes) -> None:
    """Goes on if `body` is JSON. Raises: Rejected `invalid_json`."""
    try:
        value = _decode(body)
    except UnicodeDecodeError:
        raise Rejected("invalid_json", "The body is not UTF-8.") from None
    except msgspec.DecodeError as wrong:
        told = str(wrong).removeprefix("JSON is malformed: ").partition(" - at ")[0]
        raise Rejected("invalid_json", f"The body is not JSON: {_PLAINER.get(told, told)}.") from wrong
    except RecursionError:
        raise _too_deep() from None
    # Few bodies have so many brackets that it is worth a look.
    if body.count(b"[") + body.count(b"{") > DEPTH_LIMIT and _is_deeper(value, DEPTH_LIMIT):
        raise _too_deep()


def _too_deep() -> Rejected:
    return Rejected("invalid_json", f"The body is nested more than {DEPTH_LIMIT} deep.")


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [each for container in level for each in _inside(container)]
        if not level:
            return False
    return True


def _inside(container: Any) -> list[Any]:
    values = container.values() if isinstance(container, dict) else container if isinstance(container, list) else ()
    return [value for value in values if isinstance(value, dict | list)]


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("application/") and kind.endswith(("/json", "+json"))
