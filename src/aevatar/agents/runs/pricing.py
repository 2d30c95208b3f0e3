"""What calls of models cost, in whole millionths of a US dollar. Pure; prices are those of the run's start."""

from __future__ import annotations

from aevatar.agents.runs_pb2 import RunState
from aevatar.models.models_pb2 import Price, Usage

_MILLION = 1_000_000


def dollars(usd_micros: int) -> str:
    """An amount of money for people, to the cent, or as exactly as less than a cent needs."""
    whole, part = divmod(usd_micros, _MILLION)
    digits = f"{part:06}"
    return f"${whole}.{digits[:2]}{digits[2:].rstrip('0')}"


def price_of(state: RunState, model: str) -> Price | None:
    """The price of a model, if it was known when the run began."""
    for known in state.start.prices:
        if known.model == model:
            return known.price
    return None


def cost(price: Price, usage: Usage) -> int:
    """What tokens cost; a part of a millionth is a whole one, so that no sum of many calls is too small."""
    cached = min(usage.cached_input_tokens, usage.input_tokens)
    cached_price = price.cached_input if price.HasField("cached_input") else price.input
    total = (usage.input_tokens - cached) * price.input + cached * cached_price + usage.output_tokens * price.output
    return -(-total // _MILLION)


def priced(usage: Usage, price: Price | None) -> Usage:
    """The same usage with what it costs, if that is known."""
    if price is None:
        return usage
    own = Usage(usd_micros=cost(price, usage))
    own.MergeFrom(usage)
    return own
