"""The error tree: one root, a name for what the caller can do, and fields instead of text to parse."""

from __future__ import annotations

import pytest

import aevatar
from aevatar.errors import AevatarError, Conflict, Denied, Internal, Misassembled, Rejected, Unavailable

ERRORS = [
    (Rejected("too_little", "only 2", "by"), "too_little: only 2"),
    (Rejected("too_little"), "too_little"),
    (Denied("not_yours", "ask alice"), "not_yours: ask alice"),
    (Denied(), "permission_denied"),
    (Conflict("a.b/s/k", 3, 5), "a.b/s/k is at version 5, not 3"),
    (Unavailable("overloaded", "too much mail", 1.0), "overloaded: too much mail"),
    (Unavailable(), "unavailable"),
    (Internal("r-1"), "internal: something went wrong; quote request 'r-1' when you report it"),
    (Misassembled("two kinds are called 'a.b'"), "two kinds are called 'a.b'"),
]


@pytest.mark.parametrize(("error", "sentence"), ERRORS)
def test_an_error_says_in_one_sentence_what_is_wrong(error: AevatarError, sentence: str) -> None:
    assert (str(error), isinstance(error, AevatarError)) == (sentence, True)


def test_an_error_carries_fields_for_whoever_handles_it() -> None:
    rejected, denied = Rejected("too_little", "only 2", "by"), Denied("not_yours", "ask alice")
    assert (rejected.code, rejected.message, rejected.field) == ("too_little", "only 2", "by")
    assert (denied.code, denied.message) == ("not_yours", "ask alice")
    conflict, unavailable = Conflict("a.b/s/k", 3, 5), Unavailable("overloaded", "too much mail", 1.5)
    assert (conflict.code, conflict.actor_id, conflict.expected, conflict.actual) == (
        "version_conflict",
        "a.b/s/k",
        3,
        5,
    )
    assert (unavailable.code, unavailable.message, unavailable.retry_after) == ("overloaded", "too much mail", 1.5)
    assert (Internal("r-1").code, Internal("r-1").request_id) == ("internal", "r-1")


def test_what_is_not_said_is_empty() -> None:
    assert (Rejected("x").message, Rejected("x").field, Unavailable().retry_after) == ("", None, None)


def test_the_tree_has_one_level() -> None:
    named = {Conflict, Denied, Internal, Misassembled, Rejected, Unavailable}
    assert {kind for kind in AevatarError.__subclasses__() if kind.__module__ == "aevatar.errors"} == named
    assert AevatarError.__mro__[1] is Exception


def test_every_error_is_offered_at_the_front_door() -> None:
    named = [AevatarError, Conflict, Denied, Internal, Misassembled, Rejected, Unavailable]
    assert [getattr(aevatar, kind.__name__) for kind in named] == named
