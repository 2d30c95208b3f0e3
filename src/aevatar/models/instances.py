"""The smallest value a JSON Schema admits. Enough of the language for schemas that describe tools and replies.

It does not validate, and does not look at patterns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

_DEEPEST: Final = 32


@dataclass(frozen=True, slots=True)
class Filling:
    """What goes where a schema leaves the choice."""

    text: str = ""
    number: int = 0
    boolean: bool = False


def instance(schema: object, filling: Filling = Filling()) -> Any:
    """A value that `schema` admits: only what is required, null where it may be null, else the first alternative."""
    root = schema if isinstance(schema, dict) else {}
    return _value(root, root, filling, _DEEPEST)


def _value(schema: Any, root: dict[str, Any], filling: Filling, depth: int) -> Any:
    if not isinstance(schema, dict) or depth == 0:
        return None
    if "const" in schema:
        return schema["const"]
    if enum := schema.get("enum"):
        return None if None in enum else enum[0]
    if isinstance(reference := schema.get("$ref"), str):
        return _value(_referred(reference, root), root, filling, depth - 1)
    for alternatives in ("anyOf", "oneOf"):
        if listed := schema.get(alternatives):
            if any(isinstance(item, dict) and item.get("type") == "null" for item in listed):
                return None
            return _value(listed[0], root, filling, depth - 1)
    if listed := schema.get("allOf"):
        return _value(_merged(schema, listed, root), root, filling, depth - 1)
    return _of_type(schema, root, filling, depth)


def _of_type(schema: dict[str, Any], root: dict[str, Any], filling: Filling, depth: int) -> Any:
    match _type(schema):
        case "object":
            properties = schema.get("properties") or {}
            required = schema.get("required") or ()
            return {name: _value(properties.get(name, {}), root, filling, depth - 1) for name in required}
        case "array":
            count = schema.get("minItems") or 0
            return [_value(schema.get("items", {}), root, filling, depth - 1) for _ in range(count)]
        case "string":
            return filling.text[: schema.get("maxLength")].ljust(schema.get("minLength") or 0, "x")
        case "integer" | "number":
            return _number(schema, filling.number)
        case "boolean":
            return filling.boolean
    return None


def _type(schema: dict[str, Any]) -> str:
    stated = schema.get("type")
    if isinstance(stated, list):
        return "null" if "null" in stated or not stated else stated[0]
    if isinstance(stated, str):
        return stated
    return "object" if "properties" in schema else "null"


def _number(schema: dict[str, Any], wished: int) -> Any:
    step = 1 if _type(schema) == "integer" else 0.5
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if (above := schema.get("exclusiveMinimum")) is not None:
        lowest = above + step
    if (below := schema.get("exclusiveMaximum")) is not None:
        highest = below - step
    if lowest is not None and wished < lowest:
        return lowest
    return highest if highest is not None and wished > highest else wished


def _merged(schema: dict[str, Any], listed: list[Any], root: dict[str, Any]) -> dict[str, Any]:
    whole = {name: value for name, value in schema.items() if name != "allOf"}
    for item in listed:
        part = _referred(item["$ref"], root) if "$ref" in item else item
        properties = {**whole.get("properties", {}), **part.get("properties", {})}
        required = [*whole.get("required", ()), *part.get("required", ())]
        whole |= part
        if properties:
            whole |= {"properties": properties, "required": required}
    return whole


def _referred(reference: str, root: dict[str, Any]) -> Any:
    """What a reference inside the document points to; nothing, for any other."""
    found: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found if reference.startswith("#") else None
