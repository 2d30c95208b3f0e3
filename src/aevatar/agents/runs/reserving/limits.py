"""What a run may use, checked before every call of a model. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from aevatar.agents.runs.reserving.pricing import cost, dollars, price_of
from aevatar.agents.runs_pb2 import Item, RunLimits, RunState
from aevatar.models.models_pb2 import Part, Usage

DEFAULT = RunLimits(
    rounds=40,
    calls_per_round=16,
    calls=200,
    wall_seconds=600,
    input_tokens=2_000_000,
    output_tokens=200_000,
    depth=5,
    live_sub_runs=16,
)
BACKGROUND_SECONDS = 3_600
RESERVED_OUTPUT = 4_096
"""Tokens of output set aside for a call that names no bound of its own."""
TELLING = 1_000
"""Guessed tokens from which on a prompt tells how far guesses are from what its model counts."""
MEDIA_TOKENS = 1_000
"""Tokens of an image, a sound or a file, guessed: providers count some hundreds for one, and more for a large one."""
_CJK = 0x2E80
"""From here on one token is nearer to one character and a half than to four."""


@dataclass(frozen=True, slots=True)
class Exceeded:
    """Why no further call may be made."""

    BUDGET: ClassVar[str] = "budget_exceeded"
    OUTPUT: ClassVar[str] = "max_output_tokens"

    code: str
    message: str


def lowered(*limits: RunLimits) -> RunLimits:
    """The strictest of several limits, field by field; 0 means that one of them says nothing."""
    result = RunLimits()
    for each in limits:
        for field, value in each.ListFields():
            setattr(result, field.name, min(value, getattr(result, field.name) or value))
    return result


def estimated_tokens(text: str) -> int:
    """Tokens of a text, guessed from its characters."""
    wide = 0 if text.isascii() else sum(ord(character) >= _CJK for character in text)
    return round(wide / 1.5 + (len(text) - wide) / 4) + 1


def item_tokens(item: Item) -> int:
    """Tokens of an item, guessed."""
    match item.WhichOneof("content"):
        case "message":
            return sum(_part_tokens(part) for part in item.message.parts) + 4
        case "reasoning":
            return estimated_tokens(item.reasoning.text)
        case "call":
            return estimated_tokens(item.call.name + item.call.arguments) + 4
        case "result":
            result = item.result.result
            return estimated_tokens(result.text) + len(result.parts) * MEDIA_TOKENS + 4
        case "kept":
            return item.kept_tokens
    return 0


def _part_tokens(part: Part) -> int:
    return estimated_tokens(part.text) if part.WhichOneof("kind") == "text" else MEDIA_TOKENS


def prompt_tokens(state: RunState) -> int:
    """Tokens of the next prompt, guessed: what the model last counted, and what is new since; at most its window."""
    guess = _guess(state)
    window = state.start.context_length
    return min(guess, window) if window else guess


def _guess(state: RunState) -> int:
    if state.last_input_tokens:
        added = sum(item_tokens(item) for item in state.added)
        return state.last_input_tokens + state.characters_since // 4 + added
    instructions = estimated_tokens(state.start.persona.instructions)
    tools = sum(estimated_tokens(tool.schema + tool.description) for tool in state.tools)
    items = sum(item_tokens(item) for item in state.items)
    return state.start.history.estimated_tokens + instructions + tools + items


def output_left(state: RunState) -> int:
    """Tokens of output the next call may have."""
    left = state.start.limits.output_tokens - _spent(state)[1]
    if state.start.parameters.HasField("max_output_tokens"):
        left = min(left, state.start.parameters.max_output_tokens - _spent(state)[1])
    return left


def expected_of(state: RunState) -> Usage:
    """What the next call may come to: its prompt and the output set aside."""
    output = max(0, min(output_left(state), RESERVED_OUTPUT))
    return Usage(input_tokens=prompt_tokens(state), output_tokens=output)


def is_out_of_rounds(state: RunState) -> bool:
    """Whether only one last call is left, without tools."""
    return state.round >= state.start.limits.rounds and not state.again


def output_bound(state: RunState) -> int:
    """Tokens of output to ask the model for at most; 0 where its own bound is as good."""
    left = output_left(state)
    return left if left < RESERVED_OUTPUT or state.start.parameters.HasField("max_output_tokens") else 0


def exceeded(state: RunState) -> Exceeded | None:
    """Why the next call may not be made, or None."""
    left = output_left(state)
    problem = exceeded_by(state, prompt_tokens(state), min(left, RESERVED_OUTPUT))
    if problem is None and left <= 0:
        return Exceeded(Exceeded.OUTPUT, "The output is used up that was asked for.")
    return problem


def exceeded_by(state: RunState, input_tokens: int, output_tokens: int) -> Exceeded | None:
    """Why no call may be made that comes to so many tokens, or None."""
    limits, (spent_input, spent_output) = state.start.limits, _spent(state)
    if spent_input + input_tokens > limits.input_tokens:
        return Exceeded(Exceeded.BUDGET, f"The run would use more than {limits.input_tokens} tokens of input.")
    if spent_output >= limits.output_tokens:
        return Exceeded(Exceeded.BUDGET, f"The run has used {limits.output_tokens} tokens of output.")
    if limits.usd_micros and (price := price_of(state, state.model)) is not None:
        expected = cost(price, Usage(input_tokens=input_tokens, output_tokens=output_tokens))
        if sum(entry.usage.usd_micros for entry in state.usage) + expected > limits.usd_micros:
            return Exceeded(Exceeded.BUDGET, f"The run would cost more than {dollars(limits.usd_micros)}.")
    return None


def _spent(state: RunState) -> tuple[int, int]:
    used = [entry.usage for entry in state.usage]
    return sum(usage.input_tokens for usage in used), sum(usage.output_tokens for usage in used)
