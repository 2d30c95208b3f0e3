"""What was expected in place of what came: the faults that validation finds, in words for whoever sent them.

Pydantic's own words speak of inputs, tags and instances of classes, which are nobody's business outside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

_LONGEST_PATH: Final = 200
_KINDS: Final = {
    "bool": "true or false",
    "bytes": "text",
    "dict": "an object",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "an object",
    "string": "text",
}
_BOUNDS: Final = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_SENTENCES: Final = {
    "extra_forbidden": "There is no such field here.",
    "finite_number": "Expected a finite number.",
    "json_invalid": "The body is not JSON.",
    "missing": "This field is required.",
    "string_unicode": "Expected text of valid Unicode.",
}


def sentence_of(fault: Mapping[str, Any]) -> str:
    """One fault, as pydantic lists it in `errors()`, as a sentence that says what was expected."""
    kind, details = fault["type"], fault.get("ctx", {})
    if (sentence := _SENTENCES.get(kind)) is not None:
        return sentence
    if (expected := _expected(kind, details)) is not None:
        return f"Expected {expected}."
    return f"{fault['msg'].removeprefix('Value error, ').rstrip('.')}."


def path_of(parts: Sequence[str | int]) -> str:
    """The place of a fault: `items[1].name`. A name that a caller made up may be long, so a path has an end."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return re.sub(r"^\.", "", path)[:_LONGEST_PATH]


def without_most_unknown(model: type[BaseModel], value: Any) -> Any:
    """What validation is given of an object: a fault is told once, so one unknown name stands for a million of them."""
    if not isinstance(value, dict) or len(value) <= 2 * len(model.model_fields):
        return value
    known = {name for field, info in model.model_fields.items() for name in (field, info.alias)}
    kept = {name: each for name, each in value.items() if name in known}
    unknown = next(name for name in value if name not in known)
    return {**kept, unknown: value[unknown]}


def _expected(kind: str, details: Mapping[str, Any]) -> str | None:
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"{words} {_number(details[name])}"
    match kind:
        case "literal_error" | "enum":
            return str(details["expected"])
        case "string_pattern_mismatch":
            return f"text that matches {details['pattern']}"
        case "string_too_short" | "too_short":
            return f"at least {_counted(details['min_length'], details)}"
        case "string_too_long" | "too_long":
            return f"at most {_counted(details['max_length'], details)}"
    subject, _, problem = kind.partition("_")
    return _KINDS.get(subject) if problem.endswith(("type", "parsing", "from_float", "parsing_size")) else None


def _counted(number: int, details: Mapping[str, Any]) -> str:
    unit = {"Dictionary": "entries", None: "characters"}.get(details.get("field_type"), "items")
    return f"{number} {unit}" if number != 1 else f"1 {unit.removesuffix('s').replace('entrie', 'entry')}"


def _number(bound: object) -> str:
    return str(int(bound)) if isinstance(bound, float) and bound.is_integer() else str(bound)
