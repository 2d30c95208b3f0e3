"""The smallest value that a schema admits."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from aevatar.models.instances import Filling, instance

TREE: dict[str, Any] = {
    "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}},
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, ""),
        ({"type": "string", "minLength": 2}, "xx"),
        ({"type": "integer"}, 0),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "number", "exclusiveMinimum": 3}, 3.5),
        ({"type": "integer", "exclusiveMinimum": 3}, 4),
        ({"type": "integer", "maximum": -1}, -1),
        ({"type": "integer", "exclusiveMaximum": 0}, -1),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": ["string", "null"]}, None),
        ({"type": ["string", "integer"]}, ""),
        ({"const": "only"}, "only"),
        ({"enum": ["red", "blue"]}, "red"),
        ({"enum": ["red", None]}, None),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [False, False]),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, ""),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}, {"a": ""}),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"a": ""}),
        ({"$defs": {"a~b/c": {"type": "boolean"}}, "$ref": "#/$defs/a~0b~1c"}, False),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
                ]
            },
            {"a": "", "b": 0},
        ),
        ({}, None),
    ],
)
def test_the_smallest_value_is_found_and_valid(schema: dict[str, Any], value: object) -> None:
    found = instance(schema)
    assert found == value
    jsonschema.validate(found, schema)


def test_a_filling_goes_where_the_schema_leaves_the_choice() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 3}, "b": {"type": "number"}, "c": {"type": "boolean"}},
        "required": ["a", "b", "c"],
    }
    assert instance(schema, Filling("message", 1, boolean=True)) == {"a": "mes", "b": 1, "c": True}


def test_a_schema_that_never_ends_is_left_at_a_depth() -> None:
    depth, value = 0, instance(TREE)
    while value is not None:
        depth, value = depth + 1, value["next"]
    assert depth == 16


@pytest.mark.parametrize("schema", [True, None, "text", {"$ref": "https://elsewhere.example/schema"}])
def test_what_is_no_schema_of_ours_has_no_value(schema: object) -> None:
    assert instance(schema) is None
