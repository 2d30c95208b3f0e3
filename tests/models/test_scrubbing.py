"""What an error message may still say once it is recorded."""

from __future__ import annotations

import pytest

from aevatar.models import ModelError
from aevatar.models.models_pb2 import ModelFailure
from aevatar.models.scrubbing import scrubbed


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Incorrect API key provided: sk-proj-abc123def456.", "Incorrect API key provided: [removed]."),
        ("Incorrect key sk-abc***************wxyz", "Incorrect key [removed]"),
        ("header Authorization: Bearer abc.def-ghi was", "header Authorization: Bearer [removed] was"),
        ('{"api_key": "whatever it is"}', '{"api_key": "[removed]"}'),
        ("https://user:pass@host/path", "https://[removed]@host/path"),
        ("token=abcdef&x=1", "token=[removed]&x=1"),
        ("got eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl here", "got [removed] here"),
        ("AKIAIOSFODNN7EXAMPLE and AIzaSyA1234567890123456789012", "[removed] and [removed]"),
        ("max_tokens: 4096 is over the limit of 2048 tokens", "max_tokens: 4096 is over the limit of 2048 tokens"),
        ("This model's maximum context length is 8192 tokens.", "This model's maximum context length is 8192 tokens."),
    ],
)
def test_what_looks_like_a_secret_is_removed(told: str, kept: str) -> None:
    assert scrubbed(told) == kept


def test_a_known_secret_is_removed_wherever_it_stands() -> None:
    assert scrubbed("it was plain-marker, yes plain-marker", ["plain-marker", ""]) == "it was [removed], yes [removed]"


def test_messages_are_cut_at_500_characters() -> None:
    assert scrubbed("x" * 501) == "x" * 499 + "…"
    assert scrubbed("x" * 500) == "x" * 500


def test_every_model_error_is_scrubbed() -> None:
    error = ModelError("authentication_failed", "no: sk-abcdefgh", status=401)
    assert (error.message, str(error)) == ("no: [removed]", "authentication_failed: no: [removed]")


def test_an_error_survives_being_recorded() -> None:
    error = ModelError("rate_limited", "Slow down.", retry_after=7, status=429)
    recorded = ModelFailure.FromString(error.failure().SerializeToString())
    assert recorded == ModelFailure(
        code="rate_limited", message="Slow down.", retryable=True, retry_after=7, status=429
    )
    assert ModelError.of(recorded).failure() == recorded


def test_a_code_that_does_not_exist_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="'broken' is no code"):
        ModelError("broken", "")
