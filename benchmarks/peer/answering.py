"""What every peer's program does: for a line `<work> <amount>`, a JSON line with the rate.

Runs in the peer's own environment, so it imports nothing but the standard library.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from time import perf_counter

NOTE = "an ordinary remark, about as long as what people write beside a figure they want to understand next year"
ACTORS = 1_000


def answer(works: Mapping[str, Callable[[int], None]]) -> None:
    """Serves until the input ends. A first, small amount of each work is not counted."""
    for work in works.values():
        work(50)
    for line in sys.stdin:
        name, amount = line.split()
        began = perf_counter()
        works[name](int(amount))
        print(json.dumps({"rate": int(amount) / (perf_counter() - began)}), flush=True)
