"""What it means to summarise a talk: the words it is asked with, what the answer stands for, and how long it may be.

Shared by runs that summarise what does not fit their model's window, and by whoever offers summaries to callers. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from aevatar.agents.runs.reserving.limits import estimated_tokens
from aevatar.agents.runs_pb2 import Item
from aevatar.models.models_pb2 import ROLE_ASSISTANT, ROLE_USER, Message, ModelRequest, Part

SUMMARISING: Final = "summarise"
"""The compaction of agents that would rather have a summary than nothing in place of what does not fit."""
SUMMARY_TOKENS: Final = 1024
SUMMARISE: Final = (
    "Summarise this conversation so that it can be continued from your summary alone: what was asked, what was found "
    "out and decided, names and numbers that matter, and what is still open. Write nothing but the summary."
)
_HEADING: Final = "Summary of the conversation so far:"
_LEFT_OUT: Final = "[what came before is too long to be shown]"
_LABELS: Final = {ROLE_USER: "User", ROLE_ASSISTANT: "Assistant"}


def standing_for(summary: str) -> str:
    """A summary as it stands in a talk."""
    return f"{_HEADING}\n{summary}"


def summary_item(summary: str) -> Item:
    """The same as an item. It is no instruction, for it repeats what anybody may have said."""
    return Item(message=Message(role=ROLE_USER, parts=[Part(text=standing_for(summary))]))


def summary_request(model: str, earlier: str, items: Sequence[Item], *, room: int) -> ModelRequest:
    """Asks for one summary of an earlier one and of what came after it; of the latter, what fits into `room` tokens."""
    opening = [standing_for(earlier)] if earlier else []
    left = room - sum(estimated_tokens(text) for text in (*opening, SUMMARISE, _LEFT_OUT))
    talk = "\n\n".join([*opening, *_newest(list(_told(items)), left)])
    message = Message(role=ROLE_USER, parts=[Part(text=talk), Part(text=SUMMARISE)])
    return ModelRequest(model=model, messages=[message], max_output_tokens=SUMMARY_TOKENS)


def _newest(lines: list[str], room: int) -> list[str]:
    for kept, line in enumerate(reversed(lines)):
        room -= estimated_tokens(line)
        if room < 0:
            return [_LEFT_OUT, *lines[len(lines) - kept :]]
    return lines


def _told(items: Sequence[Item]) -> Iterator[str]:
    # As text: calls and results are understood by few models that are offered no tools, thoughts by none but their own.
    for item in items:
        match item.WhichOneof("content"):
            case "message" if item.message.role in _LABELS:
                yield f"{_LABELS[item.message.role]}: {_text(item.message)}"
            case "call":
                yield f"Assistant called {item.call.name} {item.call.arguments}"
            case "result":
                yield f"Result: {item.result.result.text or item.result.result.error.message}"


def _text(message: Message) -> str:
    return "\n".join(part.text or f"[{part.WhichOneof('kind')}]" for part in message.parts)
