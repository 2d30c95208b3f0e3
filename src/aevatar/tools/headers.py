"""Cleans the name/value pairs a model or a client may attach to what it sends, before trusted values are stamped.

What is left reaches the target as hints that nobody may trust. Dropping a pair is no error; it is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

from aevatar.tools.context import CallContext

PAIR_LIMIT: Final = 32
PAIR_SIZE_LIMIT: Final = 1024
"""Bytes of one pair, name and value together."""

PROTECTED: Final = frozenset(field.name for field in fields(CallContext)) | {
    "access_token",
    "api_key",
    "authorization",
    "cookie",
    "credential_handle_id",
    "forwarded",
    "host",
    "id_token",
    "max_rounds",
    "max_tool_rounds",
    "model_override",
    "org_token",
    "owner_subject",
    "permissions",
    "proxy_authorization",
    "refresh_token",
    "roles",
    "route_preference",
    "scope_id",
    "sender",
    "set_cookie",
    "subject",
    "tenant",
    "traceparent",
    "tracestate",
    "user_id",
    "x_api_key",
}
"""Names that only the server may give a value to. Capabilities add their own where the application is assembled."""

PROTECTED_PREFIXES: Final = ("aevatar_", "x_aevatar_", "x_forwarded_")

_SEPARATORS = re.compile(r"[-. ]")
_PLAIN_NAME = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class CleanedHeaders:
    """The pairs that may travel on, names normalised, and how many were dropped."""

    hints: tuple[tuple[str, str], ...]
    stripped: int


def clean_headers(pairs: Iterable[tuple[str, str]], also_protected: Iterable[str] = ()) -> CleanedHeaders:
    """Drops protected, unreadable and oversized pairs, and those past the 32nd that is left."""
    protected = frozenset(_squeezed(normalised(name)) for name in PROTECTED.union(also_protected))
    given = [(normalised(name), value) for name, value in pairs]
    hints = [(name, value) for name, value in given if _is_harmless(name, value, protected)][:PAIR_LIMIT]
    return CleanedHeaders(hints=tuple(hints), stripped=len(given) - len(hints))


def normalised(name: str) -> str:
    """The one spelling under which a name is compared and travels on."""
    return _SEPARATORS.sub("_", unicodedata.normalize("NFKC", name).strip().lower())


def _is_harmless(name: str, value: str, protected: frozenset[str]) -> bool:
    # Only plain names pass: look-alike letters and invisible characters survive every normalisation.
    return (
        _PLAIN_NAME.fullmatch(name) is not None
        and _squeezed(name) not in protected
        and not _squeezed(name).startswith(_SQUEEZED_PREFIXES)
        and value.isprintable()
        and len(name) + len(value.encode()) <= PAIR_SIZE_LIMIT
    )


def _squeezed(name: str) -> str:
    """`accessToken` and `access__token` are spellings of `access_token`, too."""
    return name.replace("_", "")


_SQUEEZED_PREFIXES = tuple(_squeezed(prefix) for prefix in PROTECTED_PREFIXES)
