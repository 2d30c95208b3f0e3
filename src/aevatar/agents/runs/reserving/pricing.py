"""What calls of models use and cost: tokens, and whole millionths of a US dollar. Pure; prices are a run's own."""

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


def add_usage(total: Usage, more: Usage) -> None:
    """Adds tokens and money up; an estimate anywhere makes the sum one, and tokens without a price make it partial."""
    _add_money(total, more)
    total.input_tokens += more.input_tokens
    total.cached_input_tokens += more.cached_input_tokens
    total.output_tokens += more.output_tokens
    total.reasoning_tokens += more.reasoning_tokens
    total.estimated = total.estimated or more.estimated


def sum_of(*usages: Usage) -> Usage:
    """The sum of several."""
    result = Usage()
    for usage in usages:
        add_usage(result, usage)
    return result


def usage_of(state: RunState) -> Usage:
    """What a run and those below it have used, as far as they have told."""
    return sum_of(*(own.usage for own in state.usage), *(below.usage for below in state.sub_runs.values()))


def _add_money(total: Usage, more: Usage) -> None:
    if total.HasField("usd_micros") or more.HasField("usd_micros"):
        is_partial = any(usage.input_tokens and not usage.HasField("usd_micros") for usage in (total, more))
        total.is_partly_priced = total.is_partly_priced or more.is_partly_priced or is_partial
        total.usd_micros += more.usd_micros
