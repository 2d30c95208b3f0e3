"""Tokens guessed from characters, for calls whose provider counts nothing. No tokenizer is involved."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

from aevatar.models.models_pb2 import Message, ModelRequest, Usage

CHARACTERS_PER_TOKEN: Final = 4


def estimated_usage(request: ModelRequest, *, output_characters: int, reasoning_characters: int = 0) -> Usage:
    """What the call probably cost: one token per four characters, marked as an estimate.

    `output_characters` contains `reasoning_characters`.
    """
    return Usage(
        input_tokens=_tokens(sum(_input_lengths(request))),
        output_tokens=_tokens(output_characters),
        reasoning_tokens=_tokens(reasoning_characters),
        estimated=True,
    )


def _tokens(characters: int) -> int:
    return ceil(characters / CHARACTERS_PER_TOKEN)


def _input_lengths(request: ModelRequest) -> Iterable[int]:
    for message in request.messages:
        yield from _message_lengths(message)
    for tool in request.tools:
        yield len(tool.name) + len(tool.description) + len(tool.schema)


def _message_lengths(message: Message) -> Iterable[int]:
    for part in message.parts:
        yield len(part.text)
    for call in message.tool_calls:
        yield len(call.name) + len(call.arguments)
    for reasoning in message.reasoning:
        yield len(reasoning.text)
