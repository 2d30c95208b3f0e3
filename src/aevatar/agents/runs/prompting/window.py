"""Making a talk fit a model's window. Changes what is asked, never what is recorded. Pure.

First results are shortened, then whole exchanges go, oldest first; a call and its result always leave together. If an
agent wants that, a summary stands for what would go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aevatar.agents.runs.facts import copy
from aevatar.agents.runs.prompting.summary import summary_item
from aevatar.agents.runs.reserving.limits import item_tokens
from aevatar.agents.runs_pb2 import Item, Summary
from aevatar.models.models_pb2 import ROLE_DEVELOPER, ROLE_SYSTEM, ROLE_USER

FILL = 0.85
"""The part of the window, less the reply's, that a prompt may fill before something is done."""
RESULT_LIMIT = 4_000
KEPT_MESSAGES = 6
SUMMARISED_FILL = 0.5
"""The part of its room that a talk fills once it is summarised: were it full, the next round would need another."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Items that fit, as far as can be guessed. `dropped` are what went, oldest first; `tokens` is the new guess."""

    items: tuple[Item, ...]
    dropped: tuple[Item, ...]
    shortened: int
    tokens: int

    @property
    def level(self) -> int:
        """0 nothing was done, 1 results were shortened, 2 exchanges went."""
        return 2 if self.dropped else int(self.shortened > 0)


def room(context_length: int, reserved_output: int) -> int:
    """Tokens a prompt may have before it is made to fit; 0 when the window is not known."""
    return int(FILL * (context_length - reserved_output)) if context_length else 0


def corrected(guess_permille: int) -> float:
    """What guesses are multiplied by: never less than one, for a guess too high costs less than one too low."""
    return min(4.0, max(1.0, guess_permille / 1000))


def fit(items: Sequence[Item], *, room: int, fixed: int) -> Fitted:
    """Makes `items` fit into `room` tokens, of which `fixed` go to instructions and tools."""
    tokens = fixed + sum(item_tokens(item) for item in items)
    if not room or tokens <= room:
        return Fitted(tuple(items), (), 0, tokens)
    shortened, count = _shorten(items)
    tokens = fixed + sum(item_tokens(item) for item in shortened)
    if tokens <= room:
        return Fitted(tuple(shortened), (), count, tokens)
    start, tokens = _cut_at(shortened, tokens, room)
    kept = [item for item in shortened[:start] if _instructs(item)]
    dropped = [item for item in shortened[:start] if not _instructs(item)]
    return Fitted((*kept, *shortened[start:]), tuple(dropped), count, tokens)


def opened_by(summary: Summary, items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """How a talk begins where a summary stands for its oldest items, which keep their instructions; and the rest."""
    covered = items[: summary.covered]
    opening = [summary_item(summary.text)] if covered else []
    return [*(item for item in covered if _instructs(item)), *opening], list(items[summary.covered :])


def to_summarise(items: Sequence[Item], *, room: int, fixed: int) -> int:
    """How many of the oldest items a summary should stand for; 0 if none of them can go."""
    shortened, _ = _shorten(items)
    tokens = fixed + sum(item_tokens(item) for item in shortened)
    return _cut_at(shortened, tokens, int(room * SUMMARISED_FILL))[0]


def _shorten(items: Sequence[Item]) -> tuple[list[Item], int]:
    seen: dict[str, str] = {}
    result, count = [], 0
    for item in items:
        if item.WhichOneof("content") != "result" or item.result.result.HasField("error"):
            result.append(item)
            continue
        text = item.result.result.text
        shorter = _shorter(text, seen.get(text))
        seen.setdefault(text, item.result.call_id)
        if shorter == text:
            result.append(item)
            continue
        own = copy(item)
        own.result.result.text = shorter
        result.append(own)
        count += 1
    return result, count


def _shorter(text: str, same_as: str | None) -> str:
    if same_as is not None and len(text) > 80:
        return f"[the same result as of call {same_as}]"
    if len(text) > RESULT_LIMIT:
        return text[:RESULT_LIMIT] + f"…[cut, {len(text)} characters in all]"
    return text


def _cut_at(items: Sequence[Item], tokens: int, room: int) -> tuple[int, int]:
    """Where to begin: always at a user's message, so no call loses its result; the last messages stay."""
    best, left, best_left = 0, tokens, tokens
    last = _last_cut(items)
    for place, item in enumerate(items):
        if place > last or best_left <= room:
            break
        if place and _is_user(item):
            best, best_left = place, left
        left -= 0 if _instructs(item) else item_tokens(item)
    return best, best_left


def _last_cut(items: Sequence[Item]) -> int:
    messages = [place for place, item in enumerate(items) if item.WhichOneof("content") == "message"]
    return messages[-KEPT_MESSAGES] if len(messages) > KEPT_MESSAGES else 0


def _instructs(item: Item) -> bool:
    """Whether an item says how to answer, rather than what was said: that is never dropped."""
    return item.WhichOneof("content") == "message" and item.message.role in (ROLE_SYSTEM, ROLE_DEVELOPER)


def _is_user(item: Item) -> bool:
    return item.WhichOneof("content") == "message" and item.message.role == ROLE_USER
