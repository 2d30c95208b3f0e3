"""From what a run shows to the events of a response: a pure fold, the same for every reader at any time.

One event of the session becomes at most sixteen of the response. Their sequence numbers follow from its cursor and
their place among them, so they need not be kept anywhere: they rise, they never change, and they have holes.

Source: the Open Responses specification, the `*StreamingEvent` schemas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from google.protobuf.message import Message

from aevatar.actors.packing import message_type
from aevatar.agents import event_name
from aevatar.agents.runs_pb2 import CallItem
from aevatar.agents.stream_pb2 import (
    ITEM_KIND_CALL,
    ITEM_KIND_MESSAGE,
    ITEM_KIND_REASONING,
    ApprovalAsked,
    ApprovalResolved,
    ItemClosed,
    ItemOpened,
    MessageRestarted,
    RunClosed,
    RunOpened,
    StepOpened,
    SubRunClosed,
    SubRunOpened,
    SubRunShown,
    ToolResultShown,
)
from aevatar.models.models_pb2 import ReasoningPart
from aevatar.responses.items import call_view, message_view, public_id, reasoning_view, text_part
from aevatar.responses.response_object import (
    ENCRYPTED,
    SUB_RUNS,
    TOOL_CALLS,
    Echo,
    Progress,
    approval_view,
    phase_of,
    read_echo,
    response_object,
    tool_call_view,
)
from aevatar.sessions import Delta, SessionEvent
from aevatar.tools import render

PLACES: Final = 16
LAST_PLACE: Final = PLACES - 1

_ENDINGS: Final = {"completed": "response.completed", "failed": "response.failed"}

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a response. `body` is its JSON, with its type and sequence number."""

    sequence_number: int
    body: Body


def place_of(sequence_number: int) -> tuple[int, int]:
    """The cursor that a sequence number stands for, and the place among the events of that cursor."""
    return sequence_number // PLACES + 1, sequence_number % PLACES


@dataclass(slots=True)
class _Open:
    """An item that has begun. Readers know it once it has an index."""

    id: str
    kind: int
    call: CallItem
    index: int = -1
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def is_own_call(self) -> bool:
        """Whether it is a call that the server answers."""
        return self.kind == ITEM_KIND_CALL and not self.call.is_client

    @property
    def place(self) -> Body:
        """The fields by which events of this item and its one part say what they are about."""
        return {"item_id": self.id, "output_index": self.index, "content_index": 0}


class ResponseCodec:
    """Folds the session of one run, from its first event on. `include` adds to what the request wanted to see."""

    def __init__(self, run_key: str, *, include: frozenset[str] = frozenset()) -> None:
        self._key = run_key
        self._include = include
        self._echo: Echo | None = None
        self._progress = Progress(created_at=0, status="queued")
        self._open: dict[str, _Open] = {}
        self._output: dict[int, Body] = {}  # in the order in which items were ended, as transcripts have them
        self._calls: dict[str, _Open] = {}
        self._approvals: dict[str, int] = {}
        self._sub_runs: dict[str, str] = {}
        self._next = 0
        self._reply_from = 0
        self._takes: Mapping[type[Message], Callable[[Any], Iterator[Body]]] = {
            StepOpened: self._step_opened,
            ItemOpened: self._item_opened,
            Delta: self._delta,
            ItemClosed: self._item_closed,
            MessageRestarted: self._restarted,
            ToolResultShown: self._result,
            ApprovalAsked: self._asked,
            ApprovalResolved: self._resolved,
            SubRunOpened: self._sub_run,
            SubRunShown: self._sub_run,
            SubRunClosed: self._sub_run,
        }

    @property
    def has_begun(self) -> bool:
        """Whether the first event was seen."""
        return self._echo is not None

    @property
    def echo(self) -> Echo:
        """What was asked for. Raises: LookupError before the first event."""
        if self._echo is None:
            raise LookupError("a session begins with RunOpened")
        return self._echo

    def response(self) -> Body:
        """The response as it stands."""
        return response_object(self._key, self.echo, self._progress, list(self._output.values()))

    def fold(self, event: SessionEvent) -> list[Frame]:
        """Takes the next event and answers what readers see of it."""
        first = PLACES * (event.cursor - 1)
        frames = []
        for place, body in self._expand(event):
            body["sequence_number"] = first + place
            frames.append(Frame(first + place, body))
        return frames

    def _expand(self, event: SessionEvent) -> Iterator[tuple[int, Body]]:
        seen = event.event
        if isinstance(seen, RunOpened):
            yield from self._opened(seen)
        elif isinstance(seen, RunClosed):
            yield LAST_PLACE, self._closed(seen, event.at)
        elif (takes := self._takes.get(type(seen))) is not None:
            yield from enumerate(takes(seen))

    # The run

    def _opened(self, opened: RunOpened) -> Iterator[tuple[int, Body]]:
        self._echo = read_echo(opened.echo)
        self._include |= frozenset(self._echo.include)
        is_queued = self._echo.is_background or opened.is_queued
        self._progress = Progress(created_at=opened.created_at, status="queued" if is_queued else "running")
        yield 0, {"type": "response.created", "response": self.response()}
        if is_queued:
            yield 1, {"type": "response.queued", "response": self.response()}
        if not opened.is_queued:
            yield 2, self._in_progress()

    def _in_progress(self) -> Body:
        self._progress = replace(self._progress, status="running")
        return {"type": "response.in_progress", "response": self.response()}

    def _step_opened(self, opened: StepOpened) -> Iterator[Body]:
        self._reply_from = self._next
        if self._progress.status == "queued":
            yield self._in_progress()

    def _closed(self, closed: RunClosed, at: int) -> Body:
        self._progress = replace(
            self._progress,
            status=closed.status,
            ended_at=at,
            code=closed.code,
            message=closed.message,
            usage=closed.usage,
        )
        kind = _ENDINGS.get(closed.status, "response.incomplete")
        return {"type": kind, "response": self.response()}

    # Items

    def _item_opened(self, opened: ItemOpened) -> Iterator[Body]:
        call = CallItem(call_id=opened.call_id, name=opened.name, is_client=opened.is_client)
        public = public_id(self._key, opened.item_id.partition("_")[0], opened.item_id)
        item = self._open[opened.item_id] = _Open(public, opened.kind, call)
        if item.is_own_call:  # told when it is whole, to those who want to know
            return
        yield self._added(item, self._view(item, status="in_progress"))
        if item.kind == ITEM_KIND_MESSAGE:
            yield {"type": "response.content_part.added", **item.place, "part": text_part("")}
        elif item.kind == ITEM_KIND_REASONING:
            yield self._reasoning_part(item, "added")

    def _delta(self, delta: Delta) -> Iterator[Body]:
        item = self._open.get(delta.item)
        if item is None:
            return
        item.pieces.append(delta.text)
        if item.kind == ITEM_KIND_MESSAGE:
            yield {"type": "response.output_text.delta", **item.place, "delta": delta.text, "logprobs": []}
        elif item.kind == ITEM_KIND_REASONING:
            kind = "response.reasoning_summary_text.delta" if self.echo.wants_summary else "response.reasoning.delta"
            yield {"type": kind, **self._reasoning_place(item), "delta": delta.text}
        elif item.call.is_client:
            place = {"item_id": item.id, "output_index": item.index}
            yield {"type": "response.function_call_arguments.delta", **place, "delta": delta.text}

    def _item_closed(self, closed: ItemClosed) -> Iterator[Body]:
        item = self._open.pop(closed.item_id, None)
        if item is None:
            return
        if not item.is_own_call:
            yield from self._ended(item, closed)
        elif TOOL_CALLS in self._include and not closed.is_incomplete:
            self._calls[item.call.call_id] = item
            yield self._own_call_added(item)

    def _ended(self, item: _Open, closed: ItemClosed) -> Iterator[Body]:
        text = item.text
        if item.kind == ITEM_KIND_MESSAGE:
            yield {"type": "response.output_text.done", **item.place, "text": text, "logprobs": []}
            yield {"type": "response.content_part.done", **item.place, "part": text_part(text)}
        elif item.kind == ITEM_KIND_REASONING:
            kind = "response.reasoning_summary_text.done" if self.echo.wants_summary else "response.reasoning.done"
            yield {"type": kind, **self._reasoning_place(item), "text": text}
            yield self._reasoning_part(item, "done")
        elif not closed.is_incomplete:  # half a call is nothing to act upon
            place = {"item_id": item.id, "output_index": item.index}
            yield {"type": "response.function_call_arguments.done", **place, "name": item.call.name, "arguments": text}
        status = "incomplete" if closed.is_incomplete else "completed"
        view = self._view(item, status=status, closed=closed)
        if item.kind == ITEM_KIND_MESSAGE or not closed.is_incomplete:  # half a thought or call is not kept
            self._output[item.index] = view
        yield {"type": "response.output_item.done", "output_index": item.index, "item": view}

    def _view(self, item: _Open, *, status: str, closed: ItemClosed | None = None) -> Body:
        if item.kind == ITEM_KIND_CALL:
            item.call.arguments = item.text
            return call_view(item.id, item.call, status=status)
        if item.kind == ITEM_KIND_REASONING:
            reasoning = ReasoningPart(text=item.text, signature=closed.signature if closed else "")
            sealed = ENCRYPTED in self._include
            return reasoning_view(item.id, reasoning, as_summary=self.echo.wants_summary, is_sealed=sealed)
        phase = phase_of(self.echo, is_commentary=closed.is_commentary) if closed else ""
        return message_view(item.id, item.text, status=status, phase=phase)

    def _reasoning_part(self, item: _Open, what: str) -> Body:
        if self.echo.wants_summary:
            part = {"type": "summary_text", "text": item.text}
            return {"type": f"response.reasoning_summary_part.{what}", **self._reasoning_place(item), "part": part}
        part = {"type": "reasoning_text", "text": item.text}
        return {"type": f"response.content_part.{what}", **item.place, "part": part}

    def _reasoning_place(self, item: _Open) -> Body:
        if self.echo.wants_summary:
            return {"item_id": item.id, "output_index": item.index, "summary_index": 0}
        return item.place

    def _added(self, item: _Open, view: Body) -> Body:
        item.index, self._next = self._next, self._next + 1
        return {"type": "response.output_item.added", "output_index": item.index, "item": view}

    def _restarted(self, restarted: MessageRestarted) -> Iterator[Body]:
        """The reply comes again: what is open of it ends here, and nothing of it is in the final output."""
        for item_id, item in list(self._open.items()):
            if not item.is_own_call:
                yield from self._ended(item, ItemClosed(item_id=item_id, is_incomplete=True))
        self._open.clear()
        for index in [index for index in self._output if index >= self._reply_from]:
            del self._output[index]

    # What only those see who asked for it

    def _own_call_added(self, item: _Open) -> Body:
        item.call.arguments = item.text
        view = tool_call_view(item.id, item.call, output=None)
        added = self._added(item, view)
        self._output[item.index] = view
        return added

    def _result(self, shown: ToolResultShown) -> Iterator[Body]:
        item = self._calls.pop(shown.call_id, None)
        if item is not None:
            view = self._output[item.index] = tool_call_view(item.id, item.call, output=shown.text)
            yield {"type": "response.output_item.done", "output_index": item.index, "item": view}

    def _asked(self, asked: ApprovalAsked) -> Iterator[Body]:
        index, self._next = self._next, self._next + 1
        view = approval_view(public_id(self._key, "apr", asked.approval_id), asked)
        self._approvals[asked.approval_id] = index
        self._output[index] = view
        yield {"type": "response.output_item.added", "output_index": index, "item": view}
        yield {"type": "response.output_item.done", "output_index": index, "item": view}

    def _resolved(self, resolved: ApprovalResolved) -> Iterator[Body]:
        self._output.pop(self._approvals.pop(resolved.approval_id, -1), None)
        yield from ()

    def _sub_run(self, seen: SubRunOpened | SubRunShown | SubRunClosed) -> Iterator[Body]:
        if isinstance(seen, SubRunOpened):
            self._sub_runs[seen.parent_call_id] = seen.run_id
        if SUB_RUNS not in self._include:
            return
        place = {"run_id": self._sub_runs.get(seen.parent_call_id, ""), "parent_call_id": seen.parent_call_id}
        match seen:
            case SubRunOpened():
                yield {"type": "aevatar:subrun.started", **place, "agent": seen.agent_key, "depth": seen.depth}
            case SubRunShown():
                shown = message_type(seen.name).FromString(seen.event)
                event = {"type": event_name(shown), **render(shown)}
                yield {"type": "aevatar:subrun.event", **place, "depth": seen.depth, "event": event}
            case SubRunClosed():
                yield {"type": "aevatar:subrun.ended", **place, "status": seen.status}
