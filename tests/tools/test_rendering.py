"""How results look to the model that reads them."""

from __future__ import annotations

from aevatar.tools import render, to_json
from tests.tools.protos import compiled

REPORT = compiled(
    """
    enum Status { STATUS_UNSPECIFIED = 0; STATUS_STREAMING = 1; }
    message Report {
      string text = 1; Status status = 2; optional Error error = 3; repeated string notes = 4; uint64 version = 5;
      float degrees = 6; double ratio = 7; map<string, int32> counts = 8; google.protobuf.Struct extra = 9;
      bytes digest = 10; google.protobuf.Timestamp at = 11; google.protobuf.Duration took = 12;
      oneof answer { string yes = 13; string no = 14; }
    }
    message Error { string code = 1; }
    """
).Report


def test_plain_values_are_said_and_absent_ones_left_out() -> None:
    assert to_json(REPORT()) == '{"text":"","version":0,"degrees":0.0,"ratio":0.0,"digest":""}'


def test_a_result_may_hold_what_arguments_may_not() -> None:
    report = REPORT(
        text="grüße", status=1, error={"code": "gone"}, notes=["a"], version=2**63, degrees=21.3, ratio=0.1,
        counts={"b": 2, "a": 1}, extra={"k": None}, digest=b"\x00", at={"seconds": 1},
        took={"seconds": -1, "nanos": -5}, no="",
    )  # fmt: skip
    assert to_json(report) == (
        '{"text":"grüße","status":"streaming","error":{"code":"gone"},"notes":["a"],"version":9223372036854775808,'
        '"degrees":21.3,"ratio":0.1,"counts":{"a":1,"b":2},"extra":{"k":null},"digest":"AA==",'
        '"at":"1970-01-01T00:00:01Z","took":"-PT1.000000005S","no":""}'
    )


def test_programs_are_told_in_camel_case() -> None:
    options = compiled("message Options { int64 last_change = 1; repeated Options sub_options = 2; }").Options
    rendered = render(options(last_change=2**60, sub_options=[{"last_change": 1}]), camel_case=True)
    assert rendered == {"lastChange": 2**60, "subOptions": [{"lastChange": 1}]}


def test_numbers_that_json_lacks_are_written_as_words() -> None:
    assert '"degrees":"nan","ratio":"-inf"' in to_json(REPORT(degrees=float("nan"), ratio=float("-inf")))


def test_an_enum_value_of_a_later_version_is_written_as_its_number() -> None:
    assert '"status":7' in to_json(REPORT(status=7))
