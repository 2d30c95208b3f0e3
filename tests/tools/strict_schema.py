"""The rules that providers check before they take a schema as strict, and random values that such a schema allows."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

ALLOWED = {
    "object": {"type", "description", "properties", "required", "additionalProperties"},
    "array": {"type", "description", "items"},
    "string": {"type", "description", "enum", "pattern", "format", "maxLength"},
    "integer": {"type", "description", "minimum", "maximum"},
    "number": {"type", "description", "minimum", "maximum"},
    "boolean": {"type", "description"},
    "null": {"type"},
}


def violations(schema: dict[str, Any]) -> list[str]:
    """What a strict reader would refuse; empty for a schema it takes."""
    root = [] if schema.get("type") == "object" else ["/: the root is not a plain object"]
    return root + list(_violations(schema, ""))


def _violations(schema: dict[str, Any], path: str) -> Iterator[str]:
    allowed = {"anyOf", "description"} if "anyOf" in schema else ALLOWED.get(schema.get("type", ""), set[str]())
    if extra := set(schema) - allowed:
        yield f"{path}: {extra}"
    for place, each in enumerate(schema.get("anyOf", [])):
        yield from _violations(each, f"{path}|{place}")
    if schema.get("type") == "array":
        yield from _violations(schema["items"], f"{path}[]")
    if schema.get("type") == "object":
        yield from _violations_of_object(schema, path)


def _violations_of_object(schema: dict[str, Any], path: str) -> Iterator[str]:
    if schema["additionalProperties"] is not False:
        yield f"{path}: open"
    if schema["required"] != list(schema["properties"]):
        yield f"{path}: not everything is required"
    for name, each in schema["properties"].items():
        yield from _violations(each, f"{path}/{name}")


def instances(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Random values that `schema` allows, in the spelling in which we would write them ourselves."""
    if "anyOf" in schema:
        return st.one_of([instances(each) for each in schema["anyOf"]])
    match schema["type"]:
        case "object":
            return st.fixed_dictionaries({name: instances(each) for name, each in schema["properties"].items()})
        case "array":
            return st.lists(instances(schema["items"]), max_size=3)
        case "integer":
            return st.integers(schema.get("minimum", -(2**63)), schema.get("maximum", 2**63 - 1))
        case "number":
            return _numbers(schema)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return _strings(schema)


def _numbers(schema: dict[str, Any]) -> st.SearchStrategy[float]:
    """Of six digits: as many as single precision keeps."""
    floats = st.floats(schema.get("minimum"), schema.get("maximum"), width=32, allow_nan=False, allow_infinity=False)
    return floats.filter(lambda number: number == 0 or abs(number) > 1e-37).map(lambda number: float(f"{number:.6g}"))


def _strings(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda time: f"{time.replace(microsecond=0).isoformat()}Z")
    if schema.get("format") == "duration":
        return st.integers(0, 10**9).map(lambda seconds: f"PT{seconds}S")
    if schema.get("description", "").endswith("Base64."):
        longest = schema.get("maxLength", 80) // 4 * 3
        return st.binary(max_size=longest).map(lambda data: base64.b64encode(data).decode())
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    return st.text(max_size=schema.get("maxLength", 20))
