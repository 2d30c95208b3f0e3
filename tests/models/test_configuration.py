"""What the `models:` part may say, and with which sentence the rest is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from aevatar.errors import Misassembled
from aevatar.models import models_settings, unused_keys
from aevatar.models.configuration import ModelSettings, ModelsSettings, PriceSettings, ProviderSettings

OPENAI = {"name": "openai", "type": "openai", "credential": "env:OPENAI_API_KEY", "models": ["gpt"]}
GATEWAY = {"name": "router", "type": "openai_compatible", "base_url": "https://router.example/v1", "discover": True}


@pytest.mark.parametrize("part", [None, {}])
def test_nothing_configured_is_a_configuration(part: dict[str, Any] | None) -> None:
    assert models_settings(part) == ModelsSettings()


def test_the_whole_part_is_read() -> None:
    part = {
        "default": "openai/gpt",
        "aliases": {"fast": "router/vendor/small"},
        "providers": [
            {
                **OPENAI,
                "models": ["gpt", {"id": "mini", "context_length": 8000, "supports_tools": True}],
                "fallback": {"gpt": ["router/vendor/big", "offline/demo"]},
                "fixed_temperature": ["o*"],
                "prices": {"gpt": {"input": "1.25", "output": 10}},
            },
            {**GATEWAY, "credential": "caller"},
        ],
    }
    settings = models_settings(part)
    assert settings.providers[0] == ProviderSettings(
        name="openai",
        type="openai",
        credential="env:OPENAI_API_KEY",
        models=(ModelSettings(id="gpt"), ModelSettings(id="mini", context_length=8000, supports_tools=True)),
        fallback={"gpt": ("router/vendor/big", "offline/demo")},
        fixed_temperature=("o*",),
        prices={"gpt": PriceSettings(input=Decimal("1.25"), output=Decimal(10))},
    )
    assert [provider.variable for provider in settings.providers] == ["OPENAI_API_KEY", None]
    assert (settings.default, settings.aliases) == ("openai/gpt", {"fast": "router/vendor/small"})


@pytest.mark.parametrize(
    ("provider", "sentence"),
    [
        (
            {**OPENAI, "credential": "sk-marker"},
            (
                "models.providers[0].credential: a credential is env:NAME or caller; "
                "a key itself has no place in the file."
            ),
        ),
        (
            {**OPENAI, "API_KEY": "sk-marker"},
            (
                "models.providers[0].api_key: keys have no place in the file; "
                "put the key into an environment variable and write credential: env:NAME."
            ),
        ),
        (
            {**GATEWAY, "base_url": "https://user:sk-marker@router.example"},
            "models.providers[0].base_url: a base_url carries no credential: use credential: env:NAME.",
        ),
        (
            {**GATEWAY, "base_url": "router.example/sk-marker"},
            "models.providers[0].base_url: a base_url is an http or https address.",
        ),
        ({**OPENAI, "colour": "sk-marker"}, "models.providers[0].colour: Extra inputs are not permitted."),
        (
            {**OPENAI, "credential": "caller"},
            "models.providers[0]: openai: credential: caller is for type openai_compatible only.",
        ),
        ({**OPENAI, "credential": None}, "models.providers[0]: openai needs credential: env:NAME."),
        ({**GATEWAY, "base_url": None}, "models.providers[0]: router needs a base_url."),
        ({**OPENAI, "name": "agent"}, "models.providers[0]: 'agent' cannot name a provider."),
        ({**OPENAI, "name": "a/b"}, "models.providers[0]: 'a/b' cannot name a provider."),
        (
            {**OPENAI, "prices": {"gpt": {"input": "0.0000001", "output": 1}}},
            "models.providers[0].prices.gpt.input: Decimal input should have no more than 6 decimal places.",
        ),
        (
            {**OPENAI, "models": []},
            "models.providers[0]: openai offers nothing: list its models or set discover: true.",
        ),
        (
            {**OPENAI, "type": "groq", "discover": True},
            "models.providers[0]: openai: models of type groq cannot be discovered; list them.",
        ),
    ],
)
def test_a_provider_that_makes_no_sense_stops_the_start(provider: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Misassembled) as raised:
        models_settings({"providers": [provider]})
    assert str(raised.value) == sentence
    assert "marker" not in repr(raised.value.__context__)


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"providers": [OPENAI, OPENAI]}, "models: two providers are named openai."),
        (
            {"aliases": {"fast": "nobody/model"}},
            "models: the alias fast is nobody/model, which is not <provider>/<model> of a configured provider.",
        ),
        (
            {"providers": [{**OPENAI, "fallback": {"gpt": ["mini"]}}]},
            "models: the fall-back of gpt is mini, which is not <provider>/<model> of a configured provider.",
        ),
        ({"aliases": {"a/b": "offline/demo"}}, "models: the alias a/b may not hold a slash."),
        ({"providers": {"openai": OPENAI}}, "models.providers: Input should be a valid tuple."),
    ],
)
def test_parts_that_do_not_fit_together_stop_the_start(part: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Misassembled) as raised:
        models_settings(part)
    assert str(raised.value) == sentence


def test_a_key_that_lies_in_the_environment_enables_nothing_but_is_named_with_its_line() -> None:
    environment = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "MISTRAL_API_KEY": "k", "GROQ_API_KEY": ""}
    assert unused_keys(models_settings({"providers": [OPENAI]}), environment) == {
        "ANTHROPIC_API_KEY": "models: {providers: [{name: anthropic, type: anthropic, "
        "credential: 'env:ANTHROPIC_API_KEY', discover: true}]}",
        "MISTRAL_API_KEY": "models: {providers: [{name: mistral, type: mistral, "
        "credential: 'env:MISTRAL_API_KEY', models: [MODEL]}]}",
    }
