"""The description of the API, made honest: errors are described as they are answered, not as the framework would."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "requestId"],
            "properties": {
                "code": {"type": "string", "description": "Stable, to be told apart by programs."},
                "message": {"type": "string", "description": "For people; it may change."},
                "field": {
                    "type": "string",
                    "description": "The path of what is to blame, if one part of the request is.",
                },
                "requestId": {"type": "string", "description": "The `x-request-id` of the answer."},
            },
        }
    },
}
_ANSWER = {
    "description": "The request was refused, or failed.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def describe_errors(described: dict[str, Any], other_shapes: Collection[str]) -> None:
    """Puts our errors into a description, but not below the paths of `other_shapes`. Harmless when repeated."""
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Error"] = _ERROR
    for path, operations in described["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            if not path.startswith(tuple(other_shapes)):
                operation["responses"]["default"] = _ANSWER
