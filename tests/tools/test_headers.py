"""What a model may attach to what it sends: hints, and never identity."""

from __future__ import annotations

from dataclasses import fields

import pytest

from aevatar.tools import CallContext, CleanedHeaders, clean_headers

PROTECTED_BY_NAME = [
    "authorization",
    "proxy_authorization",
    "cookie",
    "set_cookie",
    "host",
    "forwarded",
    "traceparent",
    "tracestate",
    "x_api_key",
    "api_key",
    "access_token",
    "id_token",
    "refresh_token",
    "org_token",
    "scope_id",
    "tenant",
    "subject",
    "owner_subject",
    "user_id",
    "sender",
    "roles",
    "permissions",
    "model_override",
    "route_preference",
    "max_rounds",
    "max_tool_rounds",
    "aevatar_scope",
    "x_aevatar_scope",
    "x_forwarded_for",
    "credential_handle_id",
]


@pytest.mark.parametrize("name", [*PROTECTED_BY_NAME, *(field.name for field in fields(CallContext))])
def test_a_protected_name_is_dropped_and_counted(name: str) -> None:
    assert clean_headers([(name, "mine")]) == CleanedHeaders(hints=(), stripped=1)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "AUTHORIZATION",
        " authorization\t",
        "authorization\u00a0",  # no-break space
        "ａｕｔｈｏｒｉｚａｔｉｏｎ",  # noqa: RUF001  full width, as NFKC folds it
        "𝐚𝐮𝐭𝐡𝐨𝐫𝐢𝐳𝐚𝐭𝐢𝐨𝐧",  # noqa: RUF001  mathematical bold
        "аuthorization",  # noqa: RUF001  a Cyrillic first letter
        "author\u200bization",  # zero width space
        "author\u00adization",  # soft hyphen
        "authorization\u0000",
        "authorization:",
        "_authorization_",
        "X-Api-Key",
        "x.api.key",
        "X API KEY",
        "x‑api‑key",  # noqa: RUF001  non-breaking hyphens
        "xApiKey",
        "x__api--key",
        "accessToken",
        "ACCESS.TOKEN",
        "Scope-Id",
        "ſcope",  # noqa: RUF001  long s, folded to s by NFKC
        "x-Aevatar.Scope",
        "Aevatar-Tool-Set",
        "AEVATAR\u3000SCOPE",  # ideographic space
        "X-Forwarded-For",
        "x_forwarded-HOST",
        "Model-Override",
        "Trace Parent",
        "",
        "   ",
    ],
)
def test_no_spelling_of_a_protected_name_gets_through(name: str) -> None:
    assert clean_headers([(name, "mine")]) == CleanedHeaders(hints=(), stripped=1)


def test_what_is_left_keeps_its_order_and_travels_under_its_plain_name() -> None:
    pairs = [("X-Tone", "warm, please"), ("Cookie", "a=b"), ("topic.id", "7"), ("x-tone", "grüße")]
    assert clean_headers(pairs) == CleanedHeaders(
        hints=(("x_tone", "warm, please"), ("topic_id", "7"), ("x_tone", "grüße")), stripped=1
    )


def test_a_name_that_only_resembles_a_protected_one_is_left() -> None:
    pairs = [("hostess", "1"), ("my_scope", "2"), ("x_forward", "3"), ("tenants", "4")]
    assert clean_headers(pairs) == CleanedHeaders(hints=tuple(pairs), stripped=0)


def test_a_capability_protects_names_of_its_own() -> None:
    cleaned = clean_headers([("Lark-Open-ID", "ou_1"), ("tone", "warm")], also_protected=["lark_open_id"])
    assert cleaned == CleanedHeaders(hints=(("tone", "warm"),), stripped=1)


@pytest.mark.parametrize("value", ["a\r\nAuthorization: mine", "a\x00", "\u202egnorw", "\ud800"])
def test_a_value_that_could_not_be_a_header_is_dropped(value: str) -> None:
    assert clean_headers([("tone", value)]) == CleanedHeaders(hints=(), stripped=1)


def test_a_pair_is_taken_up_to_its_size_and_not_a_byte_more() -> None:
    assert clean_headers([("tone", "v" * 1020)]).stripped == 0
    assert clean_headers([("tone", "v" * 1021)]).stripped == 1
    assert clean_headers([("tone", "ü" * 511)]).stripped == 1


def test_pairs_past_the_thirty_second_are_dropped() -> None:
    pairs = [("cookie", "c"), *((f"h{number}", "v") for number in range(40))]
    assert clean_headers(pairs) == CleanedHeaders(hints=tuple(pairs[1:33]), stripped=9)
