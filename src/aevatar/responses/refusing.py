"""What a caller of `/v1` is told about a body that its models do not take: the first fault, by code, path and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aevatar.errors import Rejected
from aevatar.wording import path_of, sentence_of

_CODES = {
    "extra_forbidden": "unsupported_parameter",
    "missing": "missing_required_parameter",
    "json_invalid": "invalid_json",
}
_OWN_CODES = frozenset({"reserved_tool_name", "duplicate_tool_name"})
_SENTENCES = {
    "unsupported_parameter": "There is no such parameter here.",
    "missing_required_parameter": "This parameter is required.",
}
_PLAIN_TAGS = {"<string>": "text", "<list>": "a list"}
"""Tags of what is no object; see `requests.type_of`. Any other is the name of a type in brackets."""


def refusal_of(faults: Sequence[Mapping[str, Any]]) -> Rejected:
    """The refusal for the faults of a request, as pydantic lists them."""
    first = faults[0]
    if isinstance(first["input"], bytes):
        return Rejected("unsupported_media_type", "Send the body as application/json.")
    path = [part for part in first["loc"][1:] if not _is_tag(part)]
    code = _code(first["type"], path)
    return Rejected(code, _sentence(code, first), path_of(path) or None)


def _is_tag(part: str | int) -> bool:
    return isinstance(part, str) and (part == "[key]" or (part.startswith("<") and part.endswith(">")))


def _code(kind: str, path: Sequence[str | int]) -> str:
    field = path[0] if path else ""
    if kind.startswith("union_tag") and field == "input" and len(path) > 1:
        return "unsupported_input_item"
    if kind == "literal_error" and field == "tools" and path[-1] == "type":
        return "unsupported_tool"
    if kind == "literal_error" and field in ("include", "include[]"):
        return "unsupported_include"
    if kind in _OWN_CODES:
        return kind
    return _CODES.get(kind) or ("invalid_type" if kind.endswith("_type") else "invalid_value")


def _sentence(code: str, fault: Mapping[str, Any]) -> str:
    if not fault["type"].startswith("union_tag"):
        return _SENTENCES.get(code) or sentence_of(fault)
    tags = fault["ctx"]["expected_tags"].replace("'", "").split(", ")
    types = [tag.strip("<>") for tag in tags if tag not in _PLAIN_TAGS]
    expected = [_PLAIN_TAGS[tag] for tag in tags if tag in _PLAIN_TAGS]
    if types:
        expected.append(f"an object of type {_either([repr(each) for each in types])}")
    return f"Expected {_either(expected)}."


def _either(choices: Sequence[str]) -> str:
    return " or ".join([", ".join(choices[:-1]), choices[-1]] if len(choices) > 1 else choices)
