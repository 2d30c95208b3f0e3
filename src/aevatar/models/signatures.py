"""What an adapter must give back with a model's reasoning, packed into the one opaque text that is recorded.

The provider's name is inside: reasoning of one provider is never shown to another, which would refuse it.
"""

from __future__ import annotations

import json


def sealed(provider: str, **fields: str | None) -> str:
    """A signature that only the adapter of `provider` will open."""
    return json.dumps({"provider": provider, **{name: value for name, value in fields.items() if value}})


def opened(signature: str, provider: str) -> dict[str, str] | None:
    """The fields in `signature`, or None when it is not of `provider`."""
    try:
        fields = json.loads(signature)
    except ValueError:
        return None
    if not isinstance(fields, dict) or fields.pop("provider", None) != provider:
        return None
    return fields
