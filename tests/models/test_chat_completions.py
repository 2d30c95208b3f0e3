"""Replies of servers that follow the format loosely."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aevatar.models import ModelError
from aevatar.models.chat_completions import ReplyReader
from aevatar.models.models_pb2 import (
    FINISH_CONTENT_FILTER,
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ModelDelta,
)
from tests.models.replies import Whole, whole


def read(*events: dict[str, Any], provider: str = "fake") -> list[ModelDelta]:
    reader = ReplyReader(provider)
    deltas = [delta for event in events for delta in reader.read(json.dumps(event))]
    return [*deltas, *reader.end()]


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def piece(arguments: str, **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return chunk(tool_calls=[{**fields, "function": {"arguments": arguments} | ({"name": name} if name else {})}])


A, B = ("a", "go", '{"n":1}'), ("b", "go", '{"n":2}')


OPEN_A = piece('{"n":', index=0, id="a", name="go")
OPEN_B = piece('{"n":', index=1, id="b", name="go")


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([OPEN_A, piece("1}", index=0), OPEN_B, piece("2}", index=1)], id="by the book"),
        pytest.param([OPEN_A, OPEN_B, piece("1}", index=0), piece("2}", index=1)], id="interleaved"),
        pytest.param([OPEN_A, piece("1}", index=0, id="a", name="go"), OPEN_B, piece("2}", index=1)], id="repeated"),
        pytest.param(
            [piece('{"n":1}', index=0, id="a", name="go"), piece('{"n":2}', index=0, id="b", name="go")],
            id="all number 0",
        ),
        pytest.param(
            [piece('{"n":', id="a", name="go"), piece("1}"), piece('{"n":2}', id="b", name="go")], id="no numbers"
        ),
    ],
)
def test_calls_are_told_apart_however_they_are_numbered(pieces: list[dict[str, Any]]) -> None:
    assert whole(read(*pieces, chunk("tool_calls"))) == Whole(calls=[A, B], finish=FINISH_TOOL_CALLS)


def test_calls_that_end_with_stop_are_calls_all_the_same() -> None:
    assert whole(read(piece("{}", index=0, id="a", name="go"), chunk("stop"))).finish == FINISH_TOOL_CALLS


def test_an_unknown_reason_to_end_is_an_ordinary_end() -> None:
    assert whole(read(chunk("eos", content="Hi"))).finish == FINISH_STOP


def test_a_refusal_is_shown_and_ends_as_filtered() -> None:
    assert read(chunk(refusal="I cannot."), chunk("stop")) == [
        ModelDelta(text="I cannot."),
        ModelDelta(finished=FINISH_CONTENT_FILTER),
    ]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_is_signed_with_the_field_it_goes_back_in(field: str) -> None:
    reply = whole(read(chunk(**{field: "Hm."}), chunk(content="Yes."), chunk("stop")))
    assert (reply.reasoning, [json.loads(signature) for signature in reply.signatures]) == (
        "Hm.",
        [{"provider": "fake", "field": field}],
    )


def test_a_reply_without_a_reason_to_end_has_not_ended() -> None:
    assert read(chunk(content="Hi")) == [ModelDelta(text="Hi")]


def test_nulls_and_unknown_fields_are_passed_over() -> None:
    event = {"id": None, "new": [1], "choices": [{"delta": None, "logprobs": None}], "usage": None, "error": None}
    assert read(event, {"choices": None}, chunk("stop", content=None, tool_calls=None)) == [
        ModelDelta(finished=FINISH_STOP)
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "Slow down", "code": "rate_limit_exceeded"}, "rate_limited"),
        ({"message": "It broke", "code": 502}, "unavailable"),
        ("It broke", "unavailable"),
    ],
)
def test_an_error_in_the_stream_is_raised(error: object, code: str) -> None:
    with pytest.raises(ModelError) as raised:
        read({"error": error})
    assert raised.value.code == code


def test_an_event_that_is_no_json_is_a_protocol_error() -> None:
    with pytest.raises(ModelError) as raised:
        list(ReplyReader("fake").read("{oops"))
    assert raised.value.code == "protocol_error"
