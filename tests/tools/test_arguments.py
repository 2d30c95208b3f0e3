"""From what a model wrote to the message a tool takes, and what the model is told when it does not fit."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aevatar.tools import InvalidArguments, parse_arguments, schema_of, to_json
from aevatar.tools.arguments import DEPTH_LIMIT, SIZE_LIMIT
from tests.tools.protos import compiled
from tests.tools.strict_schema import instances
from tests.tools.test_schema import TRIP

EVERYTHING = compiled(
    """
    enum Size { SIZE_UNSPECIFIED = 0; SIZE_SMALL = 1; SIZE_VERY_LARGE = 2; }
    message Everything {
      bool b = 1; int32 i = 2; uint32 u = 3; int64 l = 4; uint64 ul = 5; float f = 6; double d = 7; string s = 8;
      bytes raw = 9; Size size = 10; google.protobuf.Timestamp at = 11; google.protobuf.Duration span = 12;
      optional bool ob = 13; optional int64 ol = 14; optional string os = 15; optional Size osize = 16;
      optional Inner oinner = 17; repeated string many = 18; repeated Inner inners = 19; repeated Size sizes = 20;
      Choice choice = 21; repeated google.protobuf.Timestamp times = 22; Limits limits = 23; Empty empty = 24;
    }
    message Empty {}
    message Inner { string text = 1; optional float number = 2; }
    message Choice { oneof choice { string text = 1; Inner inner = 2; Size size = 3; Empty empty = 4; } }
    message Limits {
      string name = 1 [(aevatar.tools.field) = {pattern: "^[a-z]{1,5}$" max_length: 5}];
      int32 age = 2 [(aevatar.tools.field) = {min: 1 max: 120}];
      repeated double ratios = 3 [(aevatar.tools.field) = {min: 0 max: 0.5}];
      bytes digest = 4 [(aevatar.tools.field).max_length = 6];
      sfixed64 big = 5; sint32 small = 6; fixed32 flat = 7;
    }
    """
).Everything

SMALL = compiled(
    """
    enum Unit { UNIT_UNSPECIFIED = 0; UNIT_CELSIUS = 1; UNIT_KELVIN = 2; }
    message Small {
      string city = 1 [(aevatar.tools.field) = {max_length: 10 pattern: "^[A-Z]"}];
      optional Unit unit = 2;
      repeated Header headers = 3;
      optional Target target = 4;
      optional int32 days = 5 [(aevatar.tools.field) = {min: 1 max: 14}];
      optional int64 seed = 6;
      optional double scale = 7;
      optional bool is_daily = 8;
      optional bytes key = 9 [(aevatar.tools.field).max_length = 4];
      optional google.protobuf.Timestamp since = 10;
      optional google.protobuf.Duration length = 11;
      optional float ratio = 12;
      repeated int32 hours = 13;
    }
    message Header { string name = 1; string value = 2; }
    message Target { oneof target { string actor_id = 1; string agent_key = 2; Header header = 3; } }
    """
).Small

EXACTLY_ONE = "has to hold exactly one of actor_id, agent_key, header."


def fault(text: str) -> tuple[str | None, str]:
    with pytest.raises(InvalidArguments) as refused:
        parse_arguments(text, SMALL)
    assert refused.value.code == "invalid_arguments"
    return refused.value.field, refused.value.message


def pruned(value: Any) -> Any:
    """A JSON value without what stands for absence."""
    match value:
        case dict():
            return {name: pruned(each) for name, each in value.items() if each is not None and each != []}
        case list():
            return [pruned(each) for each in value]
        case _:
            return value


@given(instances(schema_of(EVERYTHING.DESCRIPTOR)))
@settings(deadline=None, max_examples=150)
def test_whatever_the_schema_allows_is_read_and_written_back_unchanged(instance: dict[str, Any]) -> None:
    message = parse_arguments(json.dumps(instance), EVERYTHING)
    assert json.loads(to_json(message)) == pruned(instance)
    assert parse_arguments(to_json(message), EVERYTHING) == message


@given(st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(sorted(SMALL.DESCRIPTOR.fields_by_name)) | st.text(), inner)
)).map(json.dumps))  # fmt: skip
@settings(deadline=None, max_examples=300)
def test_whatever_else_is_written_ends_in_the_one_typed_error(text: str) -> None:
    with suppress(InvalidArguments):
        parse_arguments(text, SMALL)


def test_what_may_be_absent_may_be_missing_or_null() -> None:
    assert parse_arguments('{"city": "Oslo"}', SMALL) == SMALL(city="Oslo")
    assert parse_arguments('{"city": "Oslo", "unit": null, "target": null}', SMALL) == SMALL(city="Oslo")


def test_an_optional_that_was_given_is_told_from_one_that_was_not() -> None:
    assert parse_arguments('{"city": "Oslo", "scale": 0}', SMALL).HasField("scale")
    assert not parse_arguments('{"city": "Oslo"}', SMALL).HasField("scale")


@pytest.mark.parametrize("text", ["", "  \n", "{}"])
def test_a_tool_without_arguments_may_be_called_with_nothing(text: str) -> None:
    nothing = compiled("message Nothing {}").Nothing
    assert parse_arguments(text, nothing) == nothing()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"days": 3.0', SMALL(city="Oslo", days=3)),
        ('"seed": "-9007199254740993"', SMALL(city="Oslo", seed=-9007199254740993)),
        ('"scale": 2', SMALL(city="Oslo", scale=2.0)),
        ('"headers": []', SMALL(city="Oslo")),
        ('"length": "P1DT2H3M4.5S"', SMALL(city="Oslo", length={"seconds": 93784, "nanos": 500_000_000})),
        ('"length": "-PT0.25S"', SMALL(city="Oslo", length={"nanos": -250_000_000})),
        ('"length": "P2W"', SMALL(city="Oslo", length={"seconds": 1_209_600})),
        ('"since": "1970-01-01T02:00:00.5+02:00"', SMALL(city="Oslo", since={"nanos": 500_000_000})),
        ('"target": {"header": {"name": "", "value": ""}}', SMALL(city="Oslo", target={"header": {}})),
    ],
)
def test_other_spellings_of_one_value_are_read_as_it(written: str, read: Any) -> None:
    assert parse_arguments(f'{{"city": "Oslo", {written}}}', SMALL) == read


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("[]", None, "The arguments have to be an object."),
        ("null", None, "The arguments have to be an object."),
        (
            '{"city": "Os',
            None,
            "The arguments are not JSON: Unterminated string starting at: line 1 column 10 (char 9).",
        ),
        ('{"city": NaN}', None, "The arguments hold a number that JSON does not have or that is too long."),
        (f'{{"days": {"9" * 5000}}}', None, "The arguments hold a number that JSON does not have or that is too long."),
        ("{}", "city", "city is missing."),
        ('{"city": null}', "city", "city has to be a string."),
        ('{"city": "Oslo", "city": "Rome"}', "city", "city is given twice."),
        ('{"city": 5}', "city", "city has to be a string."),
        ('{"city": "oslo"}', "city", "city has to match ^[A-Z]."),
        ('{"city": "Oslooooooooo"}', "city", "city has to be at most 10 characters long."),
        ('{"city": "O\\ud800"}', "city", "city has to be valid Unicode, without unpaired surrogates."),
    ],
)
def test_the_first_fault_is_told_with_its_path(text: str, field: str | None, message: str) -> None:
    assert fault(text) == (field, message)


@pytest.mark.parametrize(
    ("member", "field", "complaint"),
    [
        ('"unit": "rankine"', "unit", "has to be one of celsius, kelvin."),
        ('"unit": "UNIT_KELVIN"', "unit", "has to be one of celsius, kelvin."),
        ('"unit": "unspecified"', "unit", "has to be one of celsius, kelvin."),
        ('"unit": 1', "unit", "has to be one of celsius, kelvin."),
        ('"headers": null', "headers", "has to be a list."),
        ('"headers": {"a": "b"}', "headers", "has to be a list."),
        ('"headers": [{"name": "a", "value": "b"}, {"name": "c"}]', "headers[1].value", "is missing."),
        ('"headers": [{"name": "a", "value": "b", "value": "c"}]', "headers[0].value", "is given twice."),
        ('"headers": [7]', "headers[0]", "has to be an object."),
        ('"hours": [1, true]', "hours[1]", "has to be an integer."),
        ('"target": {}', "target", EXACTLY_ONE),
        ('"target": {"actor_id": "a", "agent_key": ""}', "target", EXACTLY_ONE),
        ('"target": {"actor_id": null}', "target.actor_id", "has to be a string."),
        ('"target": {"header": {"name": "a"}}', "target.header.value", "is missing."),
        ('"target": {"room": "a"}', "target.room", "is unknown; known here: actor_id, agent_key, header."),
        ('"target": "a"', "target", "has to be an object."),
        ('"days": true', "days", "has to be an integer."),
        ('"days": "3"', "days", "has to be an integer."),
        ('"days": 2.5', "days", "has to be an integer."),
        ('"days": 0', "days", "has to be at least 1."),
        ('"days": 15', "days", "has to be at most 14."),
        ('"days": 4294967296', "days", "has to be an integer between -2147483648 and 2147483647."),
        ('"seed": "12a"', "seed", "has to be an integer."),
        ('"seed": 1e19', "seed", "has to be an integer between -9223372036854775808 and 9223372036854775807."),
        ('"scale": "2"', "scale", "has to be a number."),
        ('"scale": 1e400', "scale", "has to be a number that is not that large."),
        (f'"scale": {"9" * 400}', "scale", "has to be a number that is not that large."),
        ('"ratio": 1e39', "ratio", "has to be a number that is not that large."),
        ('"is_daily": "true"', "is_daily", "has to be true or false."),
        ('"key": "a"', "key", "has to be a base64 string."),
        ('"key": "ä==="', "key", "has to be a base64 string."),
        ('"key": "AAAAAAAA"', "key", "has to be at most 4 bytes long."),
        ('"since": "yesterday"', "since", "has to be a date and time like 2026-01-31T08:00:00Z."),
        ('"since": "2026-02-31T08:00:00Z"', "since", "has to be a date and time like 2026-01-31T08:00:00Z."),
        ('"since": "2026-01-31T08:00:00"', "since", "has to be a date and time like 2026-01-31T08:00:00Z."),
        ('"since": 5', "since", "has to be a date and time like 2026-01-31T08:00:00Z."),
        ('"length": "P1M"', "length", "has to be a span of time like PT1H30M or P2DT12H."),
        ('"length": "P"', "length", "has to be a span of time like PT1H30M or P2DT12H."),
        ('"length": "P1DT"', "length", "has to be a span of time like PT1H30M or P2DT12H."),
        ('"length": "PT999999999999S"', "length", "has to be a span of time under 10,000 years."),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_told_what_it_has_to_be(member: str, field: str, complaint: str) -> None:
    assert fault(f'{{"city": "Oslo", {member}}}') == (field, f"{field} {complaint}")


@pytest.mark.parametrize("name", ["authorization", "scope", "credential", "context", "X-Aevatar-Scope", "City"])
def test_an_argument_the_tool_does_not_have_is_refused(name: str) -> None:
    assert fault(f'{{"city": "Oslo", "{name}": "mine"}}')[0] == name


def test_an_invented_name_is_told_back_short_and_storable() -> None:
    assert fault('{"\\ud800": 1}')[0] == "?"
    assert fault('{"": 1}')[0] == "''"
    assert fault(f'{{"{"n" * 1000}": 1}}')[0] == "n" * 64


def test_arguments_are_taken_up_to_their_size_and_not_a_byte_more() -> None:
    text = '{"city": "Oslo"}'
    full = text + " " * (SIZE_LIMIT - len(text))
    assert parse_arguments(full, SMALL) == SMALL(city="Oslo")
    assert fault(full + " ") == (None, f"The arguments are {SIZE_LIMIT + 1} bytes long; {SIZE_LIMIT} are taken.")


def test_size_is_counted_in_bytes() -> None:
    assert fault('{"city": "' + "€" * (SIZE_LIMIT // 3) + '"}')[1].startswith("The arguments are 2621")


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"a\\"{": ['])
def test_nesting_that_would_exhaust_a_parser_is_refused_before_it_is_parsed(opening: str) -> None:
    assert fault(opening * 20_000) == (None, f"The arguments are nested deeper than {DEPTH_LIMIT}.")


def test_brackets_in_strings_are_no_nesting() -> None:
    sample = compiled("message Note { string text = 1; }").Note
    assert parse_arguments(json.dumps({"text": '{["\\' * 100}), sample) == sample(text='{["\\' * 100)


def test_nesting_is_refused_one_level_past_the_limit_only() -> None:
    within = '{"x": ' + "[" * (DEPTH_LIMIT - 1) + "]" * (DEPTH_LIMIT - 1) + "}"
    assert fault(within)[0] == "x"
    assert fault(within.replace("[]", "[[]]"))[1] == f"The arguments are nested deeper than {DEPTH_LIMIT}."


def test_a_string_that_is_never_closed_costs_no_more_than_its_length() -> None:
    assert fault('{"city": "' + '\\"' * 100_000)[1].startswith("The arguments are not JSON: Unterminated string")


def test_a_message_with_real_limits_takes_what_lies_within() -> None:
    trip = compiled(TRIP).Trip
    written = {
        "title": "to the sea", "mode": "by_rail",
        "stops": [{"name": "Bergen"}, {"point": {"latitude": 60.39, "longitude": 5.5}}], "budget": None,
        "people": 2, "map_image": "iVBORw==", "start": "2026-05-01T08:00:00Z", "length": "PT90000S",
        "is_flexible": False, "ticket": 18446744073709551615,
    }  # fmt: skip
    assert json.loads(to_json(parse_arguments(json.dumps(written), trip))) == pruned(written)
