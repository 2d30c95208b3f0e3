"""Takes what looks like a secret out of text that others wrote, before it is recorded or shown.

A safety net for provider messages, which love to echo the key they refuse. It is no licence to put secrets into text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

LIMIT: Final = 500
"""Messages are cut to this many characters."""

_REMOVED: Final = "[removed]"
_READ_AT_MOST: Final = 20_000
_NAMES: Final = r"(?:x-)?api[-_ ]?key|(?:access[-_ ]?)?token|secret|password|authorization"
_SECRETS: Final = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=*-]{6,}"), rf"\1 {_REMOVED}"),
    (re.compile(r"://[^/\s@]+@"), f"://{_REMOVED}@"),
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]+){1,4}"), _REMOVED),
    (re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|ghs|glpat|xox[abprs])[-_][\w*-]{6,}"), _REMOVED),
    (re.compile(r"\b(?:AIza[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{12,})"), _REMOVED),
    (re.compile(rf'(?i)"({_NAMES})"(\s*:\s*)"[^"]*"'), rf'"\1"\2"{_REMOVED}"'),
    (re.compile(rf"(?i)\b({_NAMES})(\s*[:=]\s*)(?!\[removed\]|bearer\b|basic\b)[^\s\",;&]+"), rf"\1\2{_REMOVED}"),
)


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given `secrets` and without anything that looks like one, at most `LIMIT` characters long."""
    text = text[:_READ_AT_MOST]
    for secret in secrets:
        if secret:
            text = text.replace(secret, _REMOVED)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
