"""Read-model documents: how attributes are written so that one index orders them, and how lists are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aevatar.errors import Rejected
from aevatar.journal.postgres.sql import Part
from aevatar.journal.records import DocumentQuery

_NUMBER: Final = "0"
_WORD: Final = "1"
_OFFSET: Final = 1 << 63
_LARGEST: Final = 1 << 64
_PAST_ALL: Final = "\U0010ffff"
"""The last code point, which no name may hold."""


def encoded(value: str | int) -> str:
    """`value` as text that sorts as it does: numbers first, by size, then words, by code points.

    Raises: Rejected for a number beyond 64 bits.
    """
    if isinstance(value, str):
        # PostgreSQL has no U+0000 in text; the escape keeps the order.
        return _WORD + value.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")
    if not -_OFFSET <= value < _LARGEST:
        raise Rejected("not_storable", f"an attribute is a number of at most 64 bits, not {value}", "index")
    return f"{_NUMBER}{value + _OFFSET:017x}"


def decoded(text: str) -> str | int:
    """The attribute that `encoded` made `text` of."""
    if text.startswith(_WORD):
        return text[1:].replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")
    return int(text[1:], 16) - _OFFSET


def encoded_index(index: Mapping[str, str | int]) -> str:
    """All attributes of a document, as the statement takes them."""
    return msgspec.json.encode({name: encoded(value) for name, value in index.items()}).decode()


def listing(query: DocumentQuery) -> list[Part]:
    """The parts of the statement that answers `query`."""
    matches: list[list[Any]] = [[name, encoded(value)] for name, value in query.where.items()]
    value, key = _place(query)
    order, suffix = "key", "_descending" if query.descending else ""
    begin = [query.name, query.scope, key]
    if query.order is not None:
        form, order = "list_by_value", "value"
        begin += [query.order, value]
    elif matches:
        form = "list_by_match"
        begin += matches.pop(0)
    else:
        form = "list_by_key"
    further = [("list_where", match) for match in matches]
    return [(form + suffix, begin), *further, (f"list_end_by_{order}{suffix}", [query.limit])]


def _place(query: DocumentQuery) -> tuple[str, str]:
    """Value and key that the answer comes after: those of the last document seen, or what no document comes before."""
    if query.after is None:
        return (_PAST_ALL, _PAST_ALL) if query.descending else ("", "")
    value, key = query.after
    return encoded(0 if value is None else value), key
