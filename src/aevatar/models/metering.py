"""What the models of this process have been used for since it started: for a look from outside, never for accounts.

What runs and budgets count is recorded; this is not, and counts attempts, checks and whatever else calls a model, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from aevatar.models.listing import Price
from aevatar.models.models_pb2 import Usage

OTHERS: Final = "others/others"
"""What models are counted under once there are too many to be told apart: callers may choose names freely."""
_TOLD_APART: Final = 500


@dataclass(slots=True)
class Used:
    """Totals of one model; `dollars` as far as prices are configured."""

    calls: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    dollars: Decimal = Decimal(0)


class Meter:
    """Counts usage by model."""

    def __init__(self) -> None:
        self._used: dict[str, Used] = {}

    @property
    def used(self) -> Mapping[str, Used]:
        """Totals by the full ids of models."""
        return MappingProxyType(self._used)

    def count(self, model: str, usage: Usage, price: Price | None) -> None:
        """Adds a call that is over."""
        if model not in self._used and len(self._used) >= _TOLD_APART:
            model = OTHERS
        used = self._used.setdefault(model, Used())
        used.calls += 1
        used.input_tokens += usage.input_tokens
        used.cached_input_tokens += usage.cached_input_tokens
        used.output_tokens += usage.output_tokens
        used.reasoning_tokens += usage.reasoning_tokens
        if price is not None:
            used.dollars += price.of(usage)
