"""What readers of a run see, told in lines short enough to be compared whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from aevatar.actors.packing import message_type
from aevatar.agents.stream_pb2 import (
    ITEM_KIND_CALL,
    ITEM_KIND_REASONING,
    ApprovalAsked,
    ApprovalResolved,
    ItemClosed,
    ItemOpened,
    MessageRestarted,
    RunClosed,
    RunOpened,
    RunResumed,
    RunSuspended,
    StepClosed,
    StepOpened,
    SubRunClosed,
    SubRunOpened,
    SubRunShown,
    ToolResultShown,
    UsageShown,
    Warned,
)
from aevatar.sessions import Delta


def told(events: Sequence[Message], *, usage: bool = False) -> list[str]:
    """One line for each thing that happened; an item is told when it is closed, or at the end as open."""
    story = _Story(usage=usage)
    return [*(line for event in events for line in story.tell(event)), *story.open()]


@dataclass
class _Item:
    kind: str
    text: str = ""


@dataclass
class _Story:
    usage: bool
    items: dict[str, _Item] = field(default_factory=dict)
    below: dict[str, _Story] = field(default_factory=dict)

    def tell(self, event: Any) -> Iterator[str]:  # noqa: C901 PLR0912 - one line for each type of event
        match event:
            case RunOpened():
                yield "run opened" + (" (queued)" if event.is_queued else "")
            case StepOpened():
                yield f"step {event.round}"
            case StepClosed():
                yield f"step {event.round} done"
            case ItemOpened():
                self.items[event.item_id] = _Item(_kind(event))
            case Delta():
                self.items[event.item].text += event.text
            case ItemClosed():
                item = self.items.pop(event.item_id)
                marks = " (incomplete)" if event.is_incomplete else " (commentary)" if event.is_commentary else ""
                yield f"{item.kind}{marks}: {item.text}"
            case MessageRestarted():
                yield from (f"given up {item.kind}: {item.text}" for item in self.items.values())
                self.items.clear()
                yield f"restarted: {event.reason}"
            case ToolResultShown():
                yield f"result of {event.name}: {event.error_code or event.text}"
            case ApprovalAsked():
                yield f"may {event.tool} {event.arguments}? ({event.reason})"
            case ApprovalResolved():
                yield f"decided: {event.decision}" + (f" ({event.reason})" if event.reason else "")
            case RunSuspended():
                yield "suspended"
            case RunResumed():
                yield "resumed"
            case SubRunOpened():
                yield f"sub-run of {event.agent_key} at depth {event.depth}"
            case SubRunShown():
                inner = message_type(event.name).FromString(event.event)
                below = self.below.setdefault(event.run_id, _Story(usage=self.usage))
                yield from (f"{'  ' * event.depth}{line}" for line in below.tell(inner))
            case SubRunClosed():
                yield f"sub-run ended: {event.status}"
            case UsageShown():
                if self.usage:
                    guessed = " guessed" if event.usage.estimated else ""
                    yield f"usage {event.call_id}: {event.usage.input_tokens}+{event.usage.output_tokens}{guessed}"
            case Warned():
                yield f"warned: {event.message}"
            case RunClosed():
                yield f"ended: {event.status}" + (f" ({event.code})" if event.code else "")
            case _:
                yield event.DESCRIPTOR.name

    def open(self) -> Iterator[str]:
        """What has begun and not ended."""
        yield from (f"open {item.kind}: {item.text}" for item in self.items.values())


def _kind(opened: ItemOpened) -> str:
    if opened.kind == ITEM_KIND_CALL:
        return f"{'client ' if opened.is_client else ''}call {opened.name}"
    return "thought" if opened.kind == ITEM_KIND_REASONING else "message"
