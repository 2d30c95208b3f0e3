"""When a model that repeats a failing call is stopped."""

from __future__ import annotations

import pytest

from aevatar.tools import CallAttempt, is_futile

READ = '{"path": "a", "line": 1}'


def attempt(picture: str) -> CallAttempt:
    """`read!` failed, `read` went well."""
    return CallAttempt(picture.rstrip("!"), READ, has_failed=picture.endswith("!"))


@pytest.mark.parametrize(
    ("history", "is_stopped"),
    [
        ("", False),
        ("read!", False),
        ("read! read!", True),
        ("read! read! read!", True),
        ("read! read", False),
        ("read! list! read!", True),
        ("read! read! create", False),
        ("list! list!", False),
    ],
)
def test_the_same_failing_call_is_stopped_at_the_third_time_in_a_row(history: str, is_stopped: bool) -> None:
    assert is_futile("read", READ, history=[attempt(each) for each in history.split()]) is is_stopped


@pytest.mark.parametrize(
    ("arguments", "is_stopped"),
    [(READ, True), ('{"line":1,"path":"a"}', True), ('{"path": "b", "line": 1}', False), ('{"path": "a"', False)],
)
def test_arguments_are_the_same_whatever_their_order_and_spacing(arguments: str, is_stopped: bool) -> None:
    assert is_futile("read", arguments, history=[attempt("read!"), attempt("read!")]) is is_stopped


def test_arguments_that_do_not_parse_are_compared_as_they_stand() -> None:
    broken = [CallAttempt("read", '{"path', has_failed=True)] * 2
    assert is_futile("read", '{"path', history=broken)
    assert not is_futile("read", '{"paths', history=broken)
