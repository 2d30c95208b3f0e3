"""What is known of one model, and how a provider's own list is read into it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from aevatar.models import models_pb2
from aevatar.models.port import ModelCall, ModelError


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. Tokens from a provider's cache cost what others do, unless it says otherwise."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def of(self, usage: models_pb2.Usage) -> Decimal:
        """Dollars for the tokens of a call."""
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        cached_price = self.input if self.cached_input is None else self.cached_input
        total = (usage.input_tokens - cached) * self.input + cached * cached_price + usage.output_tokens * self.output
        return total / 1_000_000

    def recorded(self) -> models_pb2.Price:
        """The price as runs keep it, in whole millionths of a dollar."""
        cached = None if self.cached_input is None else _micros(self.cached_input)
        return models_pb2.Price(input=_micros(self.input), output=_micros(self.output), cached_input=cached)

    def told(self) -> dict[str, str]:
        """The price as it is listed, in dollars; text, for a float would not be exact."""
        stated = {"input": self.input, "output": self.output, "cached_input": self.cached_input}
        return {name: str(value) for name, value in stated.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model as it is listed. `id` is `<provider>/<model>`; what is not known is None."""

    id: str
    owned_by: str
    context_length: int | None = None
    max_output_tokens: int | None = None
    modalities: tuple[str, ...] = ("text",)
    supports_tools: bool | None = None
    price: Price | None = None
    stale: bool = False


def _micros(dollars: Decimal) -> int:
    return round(dollars * 1_000_000)


class ModelLister(Protocol):
    """A provider that can tell what it offers."""

    async def models(self, call: ModelCall) -> list[ModelEntry]:
        """The provider's list, with the credential of the call. Raises: ModelError."""
        ...


def entries_of(provider: str, body: object) -> list[ModelEntry]:
    """The entries in the body of a `GET /models`, sorted by id. Raises: ModelError `protocol_error`."""
    listed = body.get("data") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise ModelError("protocol_error", f"The provider {provider!r} answered with no list of models.")
    found = [item for item in listed if isinstance(item, dict) and isinstance(item.get("id"), str)]
    return sorted((_entry(provider, item) for item in found), key=lambda entry: entry.id)


def _entry(provider: str, item: dict[str, Any]) -> ModelEntry:
    parameters = item.get("supported_parameters")
    return ModelEntry(
        id=f"{provider}/{item['id']}",
        owned_by=item["owned_by"] if isinstance(item.get("owned_by"), str) else provider,
        context_length=_count(item, "context_length", "context_window", "max_model_len", "max_input_tokens"),
        max_output_tokens=_count(item, "max_output_tokens", "max_completion_tokens", "max_tokens"),
        modalities=_modalities(item),
        supports_tools="tools" in parameters if isinstance(parameters, list) else None,
    )


def _count(item: dict[str, Any], *names: str) -> int | None:
    return next((value for name in names if isinstance(value := item.get(name), int) and value > 0), None)


def _modalities(item: dict[str, Any]) -> tuple[str, ...]:
    architecture = item.get("architecture")
    listed = architecture.get("input_modalities") if isinstance(architecture, dict) else None
    if not isinstance(listed, list):
        return ("text",)
    return tuple(name for name in listed if isinstance(name, str)) or ("text",)
