"""Which model a name means, which wish counts, and what stands in."""

from __future__ import annotations

import pytest

from aevatar.models import Chosen, ModelError, ModelId, Routes, choose, fallbacks, resolve, split
from aevatar.models.routing import ProviderRoutes

ROUTES = Routes(
    providers={
        "listed": ProviderRoutes(
            frozenset({"small", "big", "vendor/big"}),
            fallback={"big": ("open/other", "listed/small", "listed/big")},
        ),
        "open": ProviderRoutes(discovers=True),
    },
    aliases={"fast": "listed/small", "helper": "agent/helper", "stale": "gone/model"},
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("openai/gpt", ModelId("openai", "gpt")),
        ("router/vendor/model", ModelId("router", "vendor/model")),
        ("gpt", None),
        ("/gpt", None),
        ("openai/", None),
    ],
)
def test_an_id_is_split_at_its_first_slash(text: str, parts: ModelId | None) -> None:
    assert split(text) == parts
    assert parts is None or str(parts) == text


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("listed/small", ModelId("listed", "small")),
        ("listed/vendor/big", ModelId("listed", "vendor/big")),
        ("open/whatever", ModelId("open", "whatever")),
        ("agent/some-persona", ModelId("agent", "some-persona")),
        ("fast", ModelId("listed", "small")),
        ("helper", ModelId("agent", "helper")),
        ("big", ModelId("listed", "big")),
        ("vendor/big", ModelId("listed", "vendor/big")),
    ],
)
def test_a_name_finds_its_model(name: str, model: ModelId) -> None:
    assert resolve(name, ROUTES, default_provider="listed") == model


@pytest.mark.parametrize("name", ["listed/unknown", "nobody/small", "unknown", "stale", ""])
def test_an_unknown_name_is_never_another_model(name: str) -> None:
    with pytest.raises(ModelError) as raised:
        resolve(name, ROUTES, default_provider="listed")
    assert (raised.value.code, raised.value.message) == ("model_not_found", f"There is no model {name!r} here.")


def test_a_bare_name_needs_a_default_provider_that_lists_it() -> None:
    assert resolve("seen", ROUTES, listed=["seen"], default_provider="open") == ModelId("open", "seen")
    for provider in (None, "open", "nobody"):
        with pytest.raises(ModelError):
            resolve("seen", ROUTES, default_provider=provider)


@pytest.mark.parametrize(
    ("wishes", "chosen"),
    [
        ({}, Chosen("offline/demo", "offline")),
        ({"configured_default": "e"}, Chosen("e", "configured_default")),
        ({"configured_default": "e", "scope_default": "d"}, Chosen("d", "scope_default")),
        ({"scope_default": "d", "agent": "c"}, Chosen("c", "agent")),
        ({"agent": "c", "route_policy": "b"}, Chosen("b", "route_policy")),
        ({"route_policy": "b", "request": "a"}, Chosen("a", "request")),
        ({"request": "", "agent": "c"}, Chosen("c", "agent")),
    ],
)
def test_the_wish_nearest_to_the_request_counts(wishes: dict[str, str], chosen: Chosen) -> None:
    assert choose(**wishes) == chosen


def test_fallbacks_are_tried_in_order_and_never_the_model_itself() -> None:
    assert fallbacks(ModelId("listed", "big"), ROUTES) == (ModelId("open", "other"), ModelId("listed", "small"))


@pytest.mark.parametrize("model", [ModelId("listed", "small"), ModelId("nobody", "big")])
def test_a_model_without_fallbacks_has_none(model: ModelId) -> None:
    assert fallbacks(model, ROUTES) == ()
