"""Querying documents. No query wakes an actor, replays a log, or crosses scopes."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from google.protobuf.message import Message

from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ScopeId
from aevatar.journal.port import Journal
from aevatar.journal.records import Document, DocumentQuery

D = TypeVar("D", bound=Message)

LIST_LIMIT = 200
_CHECK_EVERY = 0.02
"""Seconds between looks at a document that another process is to bring up to date."""


@dataclass(frozen=True, slots=True)
class Versioned(Generic[D]):
    """A document and the version of the actor it shows. `written_at` is in milliseconds since 1970."""

    document: D
    version: int
    key: str
    written_at: int


@dataclass(frozen=True, slots=True)
class Listing(Generic[D]):
    """Some documents, and the cursor to ask for those after them; None when there are no more."""

    items: list[Versioned[D]]
    after: str | None


class ReadModels:
    """The documents of this runtime, for readers."""

    def __init__(self, journal: Journal, types: Mapping[str, type[Message]]) -> None:
        self._journal = journal
        self._types = types

    async def get(
        self, name: str, scope: ScopeId, key: str, *, min_version: int | None = None, timeout: float = 5.0
    ) -> Versioned[Message] | None:
        """The document under this key, or None.

        With `min_version` it waits up to `timeout` seconds until the document shows at least that version.

        Raises: Unavailable `read_model_behind` when it still does not.
        """
        self._type(name)
        document = await self._journal.document(name, scope, key)
        if min_version is not None and (document is None or document.version < min_version):
            document = await self._caught_up(name, scope, key, min_version, timeout)
        return None if document is None else self._versioned(document)

    async def list(
        self,
        name: str,
        scope: ScopeId,
        *,
        where: Mapping[str, str | int] | None = None,
        order: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Listing[Message]:
        """Documents of one scope, by key or by an attribute of their index; `-attribute` for the other direction.

        The cursor names a place, not a page, so it stays right while documents change.

        Raises: Rejected `invalid_limit` or `invalid_cursor`.
        """
        self._type(name)
        if not 1 <= limit <= LIST_LIMIT:
            raise Rejected("invalid_limit", f"a list has 1 to {LIST_LIMIT} items", "limit")
        attribute = order.removeprefix("-") if order else None
        query = DocumentQuery(
            name,
            scope,
            where=where or {},
            order=attribute,
            descending=bool(order) and str(order).startswith("-"),
            after=_place(after, order) if after else None,
            limit=limit + 1,
        )
        found = await self._journal.documents(query)
        more = len(found) > limit
        page = found[:limit]
        cursor = _cursor(order, page[-1][1], page[-1][0].key) if more else None
        return Listing([self._versioned(document) for document, _ in page], cursor)

    async def _caught_up(self, name: str, scope: str, key: str, version: int, timeout: float) -> Document:
        try:
            async with asyncio.timeout(timeout):
                while True:
                    await asyncio.sleep(_CHECK_EVERY)
                    document = await self._journal.document(name, scope, key)
                    if document is not None and document.version >= version:
                        return document
        except TimeoutError as late:
            message = f"{name} of {key!r} does not show version {version} yet"
            raise Unavailable("read_model_behind", message, retry_after=1.0) from late

    def _type(self, name: str) -> type[Message]:
        try:
            return self._types[name]
        except KeyError as unknown:
            raise Rejected("readmodel_unknown", f"there is no read model {name!r}", "name") from unknown

    def _versioned(self, document: Document) -> Versioned[Message]:
        message = self._type(document.name).FromString(document.body)
        return Versioned(message, document.version, document.key, document.written_at)


def _cursor(order: str | None, value: str | int | None, key: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([order, value, key])).decode().rstrip("=")


def _place(cursor: str, order: str | None) -> tuple[str | int | None, str]:
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        made_for, value, key = msgspec.json.decode(data, type=tuple[str | None, str | int | None, str])
    except (binascii.Error, ValueError) as wrong:
        raise _not_of_this_list() from wrong
    if made_for != order:
        raise _not_of_this_list()
    return value, key


def _not_of_this_list() -> Rejected:
    return Rejected("invalid_cursor", "this cursor was not made by this list", "after")
