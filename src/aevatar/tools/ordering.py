"""Which calls of a round may start now.

Neighbouring read-only calls overlap; every other call waits for all before it and runs alone. Results enter the
transcript in the order of the calls, whatever finished first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import dropwhile, takewhile
from typing import Final, TypeVar

PARALLEL_LIMIT: Final = 8

_Result = TypeVar("_Result")


class CallState(Enum):
    """Where a call stands. A held call counts as running, a call that awaits a person's decision as blocked."""

    WAITING = "waiting"
    BLOCKED = "blocked"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RoundCall:
    """One call of a round, as far as its order is concerned."""

    call_id: str
    is_read_only: bool
    state: CallState


def startable(calls: Sequence[RoundCall], *, is_parallel: bool = True) -> list[str]:
    """The ids of the calls to start now, in call order. `is_parallel` is the request's `parallel_tool_calls`."""
    candidates = list(_next_group(calls))
    room = PARALLEL_LIMIT if is_parallel else 1
    room -= sum(call.state is CallState.RUNNING for call in candidates)
    if not is_parallel:
        candidates = candidates[:1]
    return [call.call_id for call in candidates if call.state is CallState.WAITING][: max(room, 0)]


def in_call_order(calls: Sequence[RoundCall], results: Mapping[str, _Result]) -> list[_Result]:
    """The results that may enter the transcript: those before which no result is missing."""
    known = takewhile(lambda call: call.call_id in results, calls)
    return [results[call.call_id] for call in known]


def _next_group(calls: Sequence[RoundCall]) -> Iterator[RoundCall]:
    """The first call that is not done and, if it only reads, its neighbours that only read, up to one that is blocked.

    Later calls wait while a person decides, also those that would only read.
    """
    unfinished = list(dropwhile(lambda call: call.state is CallState.DONE, calls))
    if unfinished and not unfinished[0].is_read_only:
        return iter(unfinished[:1])
    return takewhile(lambda call: call.is_read_only and call.state is not CallState.BLOCKED, unfinished)
