"""The fold from what a run shows to the events of a response, by itself."""

from __future__ import annotations

import msgspec
import pytest
from google.protobuf.message import Message

from aevatar.agents.runs.calling.streaming import GROWING_CALLS
from aevatar.agents.stream_pb2 import (
    ITEM_KIND_CALL,
    ITEM_KIND_MESSAGE,
    ITEM_KIND_REASONING,
    ItemClosed,
    ItemOpened,
    MessageRestarted,
    RunClosed,
    RunOpened,
    StepOpened,
    UsageShown,
    Warned,
)
from aevatar.identity import ActorId
from aevatar.responses.codec import ResponseCodec, place_of
from aevatar.responses.requests import CreateResponse
from aevatar.responses.response_object import echo_of
from aevatar.sessions import Delta, SessionEvent

RUN = ActorId.parse("agents.run/alpha/resp_" + "a" * 26)


def opened(*, background: bool = False, is_queued: bool = False) -> RunOpened:
    echo = echo_of(CreateResponse(input="x", background=background), model="s/one", digest="d")
    return RunOpened(created_at=1_700_000_000_999, echo=msgspec.json.encode(echo).decode(), is_queued=is_queued)


def told(*shown: Message) -> list[tuple[int, str]]:
    codec = ResponseCodec(RUN.key)
    events = [SessionEvent(RUN, "run", cursor, event, 1_700_000_001_999) for cursor, event in enumerate(shown, 1)]
    return [(frame.sequence_number, frame.body["type"]) for event in events for frame in codec.fold(event)]


def test_numbers_follow_from_cursor_and_place() -> None:
    message = ItemOpened(item_id="msg_1", kind=ITEM_KIND_MESSAGE)
    shown = (opened(), Warned(), message, Delta(item="msg_1", channel="text", text="x"), ItemClosed(item_id="msg_1"))
    assert told(*shown, RunClosed(status="completed")) == [
        (0, "response.created"),
        (2, "response.in_progress"),
        (32, "response.output_item.added"),
        (33, "response.content_part.added"),
        (48, "response.output_text.delta"),
        (64, "response.output_text.done"),
        (65, "response.content_part.done"),
        (66, "response.output_item.done"),
        (95, "response.completed"),
    ]


@pytest.mark.parametrize(("number", "place"), [(0, (1, 0)), (2, (1, 2)), (95, (6, 15)), (96, (7, 0))])
def test_a_number_leads_back_to_cursor_and_place(number: int, place: tuple[int, int]) -> None:
    assert place_of(number) == place


def test_a_response_in_the_background_is_queued_before_it_is_in_progress() -> None:
    assert told(opened(background=True)) == [
        (0, "response.created"),
        (1, "response.queued"),
        (2, "response.in_progress"),
    ]


def test_a_response_that_has_to_wait_is_in_progress_with_its_first_step() -> None:
    assert told(opened(is_queued=True), UsageShown(), StepOpened(), StepOpened()) == [
        (0, "response.created"),
        (1, "response.queued"),
        (32, "response.in_progress"),
    ]


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        ("completed", "response.completed", None),
        ("failed", "response.failed", None),
        ("incomplete", "response.incomplete", "max_output_tokens"),
        ("cancelled", "response.incomplete", None),
        ("interrupted", "response.incomplete", "max_output_tokens"),
    ],
)
def test_every_end_has_its_event(status: str, kind: str, reason: str | None) -> None:
    codec = ResponseCodec(RUN.key)
    codec.fold(SessionEvent(RUN, "run", 1, opened(), 0))
    closed = RunClosed(status=status, code="max_output_tokens")
    (frame,) = codec.fold(SessionEvent(RUN, "run", 2, closed, 1_700_000_001_999))
    response = frame.body["response"]
    shown = "incomplete" if status == "interrupted" else status
    assert (frame.body["type"], response["status"]) == (kind, shown)
    assert (response["incomplete_details"] or {"reason": None})["reason"] == reason
    assert (response["error"] is None, response["completed_at"]) == (
        status != "failed",
        1_700_000_001 if status == "completed" else None,
    )
    assert response["created_at"] == 1_700_000_000


def test_all_that_may_be_open_of_a_reply_is_closed_by_one_event() -> None:
    """A message, a thought, and as many calls as grow at once."""
    calls = [
        ItemOpened(item_id=f"fc_{number}", kind=ITEM_KIND_CALL, call_id=f"c{number}", name="f", is_client=True)
        for number in range(GROWING_CALLS)
    ]
    open_items = [
        ItemOpened(item_id="rs_1", kind=ITEM_KIND_REASONING),
        ItemOpened(item_id="msg_1", kind=ITEM_KIND_MESSAGE),
        *calls,
    ]
    numbers = [number for number, _ in told(opened(), *open_items, MessageRestarted(), RunClosed(status="completed"))]
    assert numbers == sorted(set(numbers))
    kinds = [kind for _, kind in told(opened(), *open_items, MessageRestarted())]
    assert kinds.count("response.output_item.done") == len(open_items)
    assert kinds.count("response.function_call_arguments.done") == 0


def test_what_is_made_again_is_closed_and_not_in_the_final_output() -> None:
    codec = ResponseCodec(RUN.key)
    first, second = "msg_1", "msg_2"
    shown: list[Message] = [
        opened(),
        StepOpened(),
        ItemOpened(item_id=first, kind=ITEM_KIND_MESSAGE),
        Delta(item=first, channel="text", text="half"),
        MessageRestarted(),
        ItemOpened(item_id=second, kind=ITEM_KIND_MESSAGE),
        Delta(item=second, channel="text", text="whole"),
        ItemClosed(item_id=second),
        RunClosed(status="completed"),
    ]
    frames = [
        frame.body
        for cursor, event in enumerate(shown, 1)
        for frame in codec.fold(SessionEvent(RUN, "run", cursor, event, 0))
    ]
    done = [(body["output_index"], body["item"]["status"]) for body in frames if body["type"].endswith("item.done")]
    assert done == [(0, "incomplete"), (1, "completed")]
    assert [item["content"][0]["text"] for item in frames[-1]["response"]["output"]] == ["whole"]
