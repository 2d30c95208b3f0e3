"""The `models:` part of the configuration file, checked and turned into values. Nobody reads a file or a variable here.

Keys never stand in the file: a provider names the variable its key is in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from aevatar.errors import Misassembled
from aevatar.models.provider import LISTING_TYPES
from aevatar.models.routing import AGENT_PROVIDER, split

GATEWAY: Final = "openai_compatible"
CALLER: Final = "caller"
OFFLINE: Final = "offline"

_ENVIRONMENT_PREFIX: Final = "env:"
_VARIABLE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_KEY_FIELDS: Final = frozenset({"api_key", "apikey", "key", "token", "secret", "password"})
# Variables in which people have keys lying, and the provider that each would be for.
_KNOWN_VARIABLES: Final = {
    "OPENAI_API_KEY": "openai",
    "ANTHROPIC_API_KEY": "anthropic",
    "GEMINI_API_KEY": "google",
    "GOOGLE_API_KEY": "google",
    "GROQ_API_KEY": "groq",
    "MISTRAL_API_KEY": "mistral",
    "AWS_BEARER_TOKEN_BEDROCK": "bedrock",
}


def _credential(value: str) -> str:
    if value == CALLER or _VARIABLE.fullmatch(value):
        return value
    raise ValueError("a credential is env:NAME or caller; a key itself has no place in the file")


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a base_url is an http or https address")
    if parts.username or parts.password or parts.query:
        raise ValueError("a base_url carries no credential: use credential: env:NAME")
    return value


def _model_as_mapping(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


class _Section(BaseModel):
    # Inputs stay out of error messages: what is refused may be a key.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)]


class PriceSettings(_Section):
    """US dollars per million tokens."""

    input: _Dollars
    output: _Dollars
    cached_input: _Dollars | None = None


class ModelSettings(_Section):
    """One model of a provider; the name alone is enough."""

    id: str = Field(min_length=1)
    context_length: int | None = Field(default=None, gt=0)
    max_output_tokens: int | None = Field(default=None, gt=0)
    modalities: tuple[str, ...] = ("text",)
    supports_tools: bool | None = None


class ProviderSettings(_Section):
    """One provider: how it is reached, what it offers, and what stands in for it."""

    name: str
    type: Literal["openai", "anthropic", "google", "bedrock", "groq", "mistral", "openai_compatible"]
    base_url: Annotated[str, AfterValidator(_base_url)] | None = None
    credential: Annotated[str, AfterValidator(_credential)] | None = None
    models: tuple[Annotated[ModelSettings, BeforeValidator(_model_as_mapping)], ...] = ()
    discover: bool = False
    fallback: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    fixed_temperature: tuple[str, ...] = ()
    prices: dict[str, PriceSettings] = Field(default_factory=dict)

    @property
    def variable(self) -> str | None:
        """The environment variable that holds the key, if one does."""
        if self.credential is None or not self.credential.startswith(_ENVIRONMENT_PREFIX):
            return None
        return self.credential.removeprefix(_ENVIRONMENT_PREFIX)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not _NAME.fullmatch(self.name) or self.name in (AGENT_PROVIDER, OFFLINE):
            raise ValueError(f"{self.name!r} cannot name a provider")
        if self.type == GATEWAY and self.base_url is None:
            raise ValueError(f"{self.name} needs a base_url")
        if self.type != GATEWAY and self.credential == CALLER:
            raise ValueError(f"{self.name}: credential: caller is for type openai_compatible only")
        if self.type not in (GATEWAY, "bedrock") and self.credential is None:
            raise ValueError(f"{self.name} needs credential: env:NAME")
        if self.discover and self.type != GATEWAY and self.type not in LISTING_TYPES:
            raise ValueError(f"{self.name}: models of type {self.type} cannot be discovered; list them")
        if not self.discover and not self.models:
            raise ValueError(f"{self.name} offers nothing: list its models or set discover: true")
        return self


class ModelsSettings(_Section):
    """The whole part."""

    default: str | None = None
    aliases: dict[str, str] = Field(default_factory=dict)
    providers: tuple[ProviderSettings, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [provider.name for provider in self.providers]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two providers are named {min(doubled)}")
        targets = [(f"the alias {alias}", target) for alias, target in self.aliases.items()]
        for provider in self.providers:
            targets += [
                (f"the fall-back of {name}", target) for name in provider.fallback for target in provider.fallback[name]
            ]
        for what, target in targets:
            known = split(target)
            if known is None or known.provider not in (*names, AGENT_PROVIDER, OFFLINE):
                raise ValueError(f"{what} is {target}, which is not <provider>/<model> of a configured provider")
        if wrong := [alias for alias in self.aliases if "/" in alias]:
            raise ValueError(f"the alias {wrong[0]} may not hold a slash")
        return self


def models_settings(part: Mapping[str, Any] | None) -> ModelsSettings:
    """The `models:` part as values. Raises: Misassembled, with a sentence that names the place and never a value."""
    part = part or {}  # an empty part of a file is nothing at all
    for index, provider in enumerate(part.get("providers") or ()):
        if isinstance(provider, Mapping) and (found := sorted(_KEY_FIELDS & {str(key).lower() for key in provider})):
            raise Misassembled(
                f"models.providers[{index}].{found[0]}: keys have no place in the file; "
                "put the key into an environment variable and write credential: env:NAME."
            )
    try:
        return ModelsSettings.model_validate(part)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
        raise Misassembled(f"models{place}: {first['msg'].removeprefix('Value error, ')}.") from None


def unused_keys(settings: ModelsSettings, environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that hold a key no provider uses, each with the one line that would enable its provider."""
    used = {provider.variable for provider in settings.providers}
    return {
        variable: _enabling_line(variable, kind)
        for variable, kind in _KNOWN_VARIABLES.items()
        if environment.get(variable) and variable not in used
    }


def _enabling_line(variable: str, kind: str) -> str:
    offers = "discover: true" if kind in LISTING_TYPES else "models: [MODEL]"
    return f"models: {{providers: [{{name: {kind}, type: {kind}, credential: 'env:{variable}', {offers}}}]}}"
