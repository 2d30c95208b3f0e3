"""Stops a model that makes the same failing call again and again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from aevatar.tools.arguments import InvalidArguments, load_json

FAILURES_BEFORE_SKIPPING: Final = 2


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """A call that ended; `arguments` is the text as the model wrote it. A skipped call has failed, too."""

    name: str
    arguments: str
    has_failed: bool


def is_futile(name: str, arguments: str, *, history: Sequence[CallAttempt]) -> bool:
    """Whether this very call failed twice already and nothing has succeeded since, newest attempt last.

    Other failing calls between do not break the row: a model stuck between two of them is stuck as well. A success
    does, for it may have removed the reason.
    """
    failures = takewhile(lambda attempt: attempt.has_failed, reversed(history))
    alike = [attempt for attempt in failures if attempt.name == name]
    if len(alike) < FAILURES_BEFORE_SKIPPING:
        return False
    wanted = _canonical(arguments)
    return sum(_canonical(attempt.arguments) == wanted for attempt in alike) >= FAILURES_BEFORE_SKIPPING


def _canonical(arguments: str) -> str:
    """Spelling and order of members do not make another call."""
    try:
        return json.dumps(load_json(arguments), sort_keys=True)
    except InvalidArguments:
        return arguments
