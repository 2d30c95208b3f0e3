"""HTTP to providers: clients that keep no cookie and follow no redirect to elsewhere, answers read or turned to errors.

No client here ever holds a credential; it travels with the one request it was fetched for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx2
import msgspec

from aevatar.models.failures import from_response, from_transport
from aevatar.models.port import ModelError

_CONNECT_SECONDS: Final = 10.0
_REDIRECTS: Final = 3
_ERROR_BODY_LIMIT: Final = 64 * 1024


def provider_client() -> httpx2.AsyncClient:
    """A client for one provider. Only connecting is bounded here: silence is, where the reply is read."""
    return httpx2.AsyncClient(
        # One client serves many callers: a cookie set for one must not travel with the next.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
        follow_redirects=True,
        max_redirects=_REDIRECTS,
        event_hooks={"response": [_refuse_redirects_elsewhere]},
    )


@asynccontextmanager
async def answer(
    client: httpx2.AsyncClient,
    url: str,
    *,
    secret: str,
    headers: Mapping[str, str],
    content: bytes | None = None,
) -> AsyncIterator[httpx2.Response]:
    """The answer to a POST of `content`, or to a GET without one, while it still comes.

    `secret` is cut out of whatever is told about a failure. Raises: ModelError, if the answer is none or an error,
    or breaks off in the block.
    """
    started = False
    try:
        method = "GET" if content is None else "POST"
        async with client.stream(method, url, content=content, headers=dict(headers)) as response:
            if response.status_code != httpx2.codes.OK:
                told = _parsed(await _read(response, _ERROR_BODY_LIMIT))
                raise from_response(response.status_code, told, response.headers, secrets=(secret,))
            started = True
            yield response
            return
    except httpx2.HTTPError as error:
        failure = from_transport(error, started=started)
    # Outside of the handler: the transport's error knows its request, and the request its credential.
    raise failure


async def json_body(response: httpx2.Response, *, limit: int = 8 * 1024 * 1024) -> object:
    """The parsed body, or its text if it is no JSON. Raises: ModelError `protocol_error`, over `limit` bytes."""
    return _parsed(await _read(response, limit))


async def _read(response: httpx2.Response, limit: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > limit:
            raise ModelError("protocol_error", f"The provider's answer is over {limit} bytes.")
    return bytes(content)


def _parsed(content: bytes) -> object:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return content.decode("utf-8", "replace")


async def _refuse_redirects_elsewhere(response: httpx2.Response) -> None:
    if not response.has_redirect_location:
        return
    here, there = response.url, response.url.join(response.headers["location"])
    same_origin = (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)
    # Other redirects than these two would turn the POST into a GET.
    if not same_origin or response.status_code not in (307, 308):
        raise ModelError(
            "invalid_request",
            f"{here.host} redirects to {there.host}, and redirects to another place are refused.",
            status=response.status_code,
        )
