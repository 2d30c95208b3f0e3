"""How calls end: results, structured failures, and text that is too long."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aevatar.errors import Rejected, Unavailable
from aevatar.tools import (
    BlobRef,
    FailureCode,
    InvalidArguments,
    ResultPart,
    ShortenedText,
    ToolError,
    ToolResult,
    failure,
    failure_of,
    result_of,
    shorten,
)
from aevatar.tools.results import KEPT_LIMIT, TEXT_LIMIT
from tests.tools.samples import Answer


def test_a_message_becomes_the_json_the_model_reads() -> None:
    assert result_of(Answer(text="18 °C")) == ToolResult(text='{"text":"18 °C"}')


def test_a_tool_may_answer_with_text_and_parts_of_its_own() -> None:
    result = ToolResult(text="a cat", parts=[ResultPart(image=BlobRef(blob_id="b1", media_type="image/png"))])
    assert result_of(result) is result


def test_a_failure_names_code_message_and_field() -> None:
    result = failure(FailureCode.INVALID_ARGUMENTS, "city is missing.", field="city")
    assert result.error == ToolError(code="invalid_arguments", message="city is missing.", field="city")
    assert json.loads(result.text) == {
        "error": {"code": "invalid_arguments", "message": "city is missing.", "field": "city", "retryable": False}
    }


def test_a_failure_without_a_field_has_none_and_a_long_message_is_cut() -> None:
    assert json.loads(failure(FailureCode.TOOL_TIMEOUT, "m" * 501).text) == {
        "error": {"code": "tool_timeout", "message": "m" * 500, "retryable": True}
    }


class Secretive(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            InvalidArguments("city is missing.", "city"),
            ToolError(code="invalid_arguments", message="city is missing.", field="city"),
        ),
        (TimeoutError(), ToolError(code="tool_timeout", message="The tool took too long.", retryable=True)),
        (Secretive("password is 1234"), ToolError(code="tool_failed", message="Secretive")),
        (Rejected("quota", "of ada"), ToolError(code="tool_failed", message="Rejected")),
        (Unavailable(message="host 10.0.0.1"), ToolError(code="tool_failed", message="Unavailable", retryable=True)),
        (
            Unavailable("credential_unavailable", "ch_1 expired"),
            ToolError(code="credential_unavailable", message="The caller's credential can no longer be used."),
        ),
        (
            Unavailable("rate_limited"),
            ToolError(code="rate_limited", message="Too many calls; try again later.", retryable=True),
        ),
    ],
)
def test_an_exception_becomes_a_failure_that_tells_nothing_of_its_text(error: Exception, expected: ToolError) -> None:
    assert failure_of(error).error == expected


def test_text_within_the_limit_is_left_alone() -> None:
    text = "a" * TEXT_LIMIT
    assert shorten(text) == ShortenedText(text=text, kept=None)


def test_text_past_the_limit_is_cut_marked_and_kept_whole() -> None:
    text = "a" * (TEXT_LIMIT + 1)
    marker = "…[truncated, 32769 bytes in all]"
    cut = shorten(text)
    assert cut == ShortenedText(text="a" * (TEXT_LIMIT - len(marker.encode())) + marker, kept=text.encode())


def test_text_past_what_is_kept_says_how_much_of_it_is() -> None:
    cut = shorten("€" * KEPT_LIMIT)
    assert cut.text.endswith(f"…[truncated, {3 * KEPT_LIMIT} bytes in all, the first 1048575 kept]")
    assert cut.kept == ("€" * (KEPT_LIMIT // 3)).encode()


@given(st.text(alphabet="aé€😀", min_size=1, max_size=7), st.integers(TEXT_LIMIT - 8, TEXT_LIMIT + 8))
@settings(deadline=None)
def test_no_character_is_ever_cut_in_two(word: str, size: int) -> None:
    text = (word * size)[:size]
    cut = shorten(text)
    assert len(cut.text.encode()) <= TEXT_LIMIT
    assert text.startswith(cut.text.partition("…")[0])
    assert (cut.kept or text.encode()) == text.encode()
