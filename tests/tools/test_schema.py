"""What a model is told about arguments, and which messages cannot be told."""

from __future__ import annotations

import pytest

from aevatar.errors import Misassembled
from aevatar.tools import schema_of
from tests.tools.protos import compiled
from tests.tools.strict_schema import violations

TRIP = """
enum TravelMode { TRAVEL_MODE_UNSPECIFIED = 0; TRAVEL_MODE_BY_RAIL = 1; TRAVEL_MODE_ON_FOOT = 2; }
message Place { oneof place { string name = 1; Point point = 2; } }
message Point { double latitude = 1 [(aevatar.tools.field) = {min: -90 max: 90}]; float longitude = 2; }
message Trip {
  string title = 1 [(aevatar.tools.field) = {description: "What to call it." max_length: 40 pattern: "^[a-z ]*$"}];
  optional TravelMode mode = 2 [(aevatar.tools.field).description = "How to get there."];
  repeated Place stops = 3;
  optional int64 budget = 4;
  uint32 people = 5 [(aevatar.tools.field) = {min: 1 max: 9.5}];
  bytes map_image = 6 [(aevatar.tools.field) = {description: "A picture." max_length: 10}];
  google.protobuf.Timestamp start = 7;
  optional google.protobuf.Duration length = 8;
  bool is_flexible = 9;
  uint64 ticket = 10;
}
"""


def test_a_message_becomes_a_closed_object_that_requires_everything() -> None:
    point = {
        "type": "object",
        "properties": {
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
            "longitude": {"type": "number"},
        },
        "required": ["latitude", "longitude"],
        "additionalProperties": False,
    }
    assert schema_of(compiled(TRIP).Trip.DESCRIPTOR) == {
        "type": "object",
        "properties": {
            "title": {"description": "What to call it.", "type": "string", "maxLength": 40, "pattern": "^[a-z ]*$"},
            "mode": {
                "description": "How to get there.",
                "anyOf": [{"type": "string", "enum": ["by_rail", "on_foot"]}, {"type": "null"}],
            },
            "stops": {
                "type": "array",
                "items": {
                    "anyOf": [
                        {
                            "type": "object",
                            "properties": {"name": {"type": "string"}},
                            "required": ["name"],
                            "additionalProperties": False,
                        },
                        {
                            "type": "object",
                            "properties": {"point": point},
                            "required": ["point"],
                            "additionalProperties": False,
                        },
                    ]
                },
            },
            "budget": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "people": {"type": "integer", "minimum": 1, "maximum": 9.5},
            "map_image": {"description": "A picture. Base64.", "type": "string", "maxLength": 16},
            "start": {"type": "string", "format": "date-time"},
            "length": {"anyOf": [{"type": "string", "format": "duration"}, {"type": "null"}]},
            "is_flexible": {"type": "boolean"},
            "ticket": {"type": "integer", "minimum": 0},
        },
        "required": [
            "title", "mode", "stops", "budget", "people", "map_image", "start", "length", "is_flexible", "ticket",
        ],
        "additionalProperties": False,
    }  # fmt: skip


def test_a_schema_is_strict() -> None:
    assert violations(schema_of(compiled(TRIP).Trip.DESCRIPTOR)) == []


def test_a_tool_without_arguments_takes_an_empty_object() -> None:
    schema = schema_of(compiled("message Nothing {}").Nothing.DESCRIPTOR)
    assert schema == {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert violations(schema) == []


def test_one_message_may_stand_at_many_places_as_long_as_it_is_not_inside_itself() -> None:
    sample = compiled("message Name { string text = 1; } message Pair { Name first = 1; Name second = 2; }")
    assert violations(schema_of(sample.Pair.DESCRIPTOR)) == []


def test_the_strictness_check_sees_what_a_provider_would_refuse() -> None:
    schema = schema_of(compiled(TRIP).Trip.DESCRIPTOR)
    schema["required"].remove("mode")
    schema["properties"]["people"]["multipleOf"] = 2
    assert violations(schema) == [": not everything is required", "/people: {'multipleOf'}"]


def chain(length: int) -> str:
    messages = [f"message M{place} {{ M{place + 1} next = 1; }}" for place in range(1, length)]
    return " ".join([*messages, f"message M{length} {{ string end = 1; }}"])


def wide(width: int) -> str:
    return f"message M1 {{ {' '.join(f'string f{number} = {number};' for number in range(1, width + 1))} }}"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("message M1 { map<string, string> labels = 1; }", "Field {}.M1.labels is a map;"),
        ("message M1 { google.protobuf.Struct data = 1; }", "Field {}.M1.data is a google.protobuf.Struct,"),
        ("message M1 { google.protobuf.Value data = 1; }", "Field {}.M1.data is a google.protobuf.Value,"),
        ("message M1 { repeated google.protobuf.Any data = 1; }", "Field {}.M1.data is a google.protobuf.Any,"),
        ("message M1 { M2 in = 1; } message M2 { repeated M1 out = 1; }", "Field {}.M2.out makes {}.M1 contain itself"),
        ("message M1 { optional M1 next = 1; }", "Field {}.M1.next makes {}.M1 contain itself"),
        ("message M1 { oneof choice { string a = 1; } }", "Message {}.M1 has the oneof 'choice' at the root"),
        ("message M1 { M2 x = 1; } message M2 { oneof c { bool a = 1; } bool b = 2; }", "Field {}.M2.b stands beside"),
        (
            "message M1 { M2 x = 1; } message M2 { oneof c { bool a = 1; } oneof d { bool b = 2; } }",
            "Field {}.M2.b stands beside the oneof 'c'",
        ),
        (chain(9), "Field {}.M8.next nests messages deeper than 8"),
        (wide(101), "Field {}.M1.f101 is past the 100 properties"),
        ("enum E { E_UNSPECIFIED = 0; } message M1 { E e = 1; }", "Field {}.M1.e is an enum that has nothing but"),
        ("message M1 { string s = 1 [(aevatar.tools.field).min = 1]; }", "Field {}.M1.s has min or max,"),
        (
            "message M1 { int32 i = 1 [(aevatar.tools.field) = {min: 2 max: 1}]; }",
            "Field {}.M1.i has a min over its max",
        ),
        ("message M1 { int32 i = 1 [(aevatar.tools.field).max_length = 1]; }", "Field {}.M1.i has max_length,"),
        ('message M1 { bytes b = 1 [(aevatar.tools.field).pattern = "a"]; }', "Field {}.M1.b has a pattern, which"),
        ('message M1 { string s = 1 [(aevatar.tools.field).pattern = "("]; }', "Field {}.M1.s has a pattern that does"),
    ],
)
def test_a_message_that_no_strict_schema_can_tell_stops_the_assembly_and_is_named(body: str, sentence: str) -> None:
    descriptor = compiled(body).M1.DESCRIPTOR
    with pytest.raises(Misassembled) as refused:
        schema_of(descriptor)
    assert sentence.replace("{}", descriptor.file.package) in str(refused.value)


@pytest.mark.parametrize("body", [chain(8), wide(100)])
def test_what_is_just_within_the_limits_is_taken(body: str) -> None:
    assert violations(schema_of(compiled(body).M1.DESCRIPTOR)) == []
