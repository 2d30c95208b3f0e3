"""What readers have seen of the reply under way.

Held in memory only: it dies with the activation. What was shown is in the session's log all the same, so a reply whose
beginning this activation has not shown is shown again from its start, as a restarted one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from google.protobuf.message import Message

from aevatar.agents.runs_pb2 import CallPiece, DeltaArrived, Item
from aevatar.agents.stream_pb2 import (
    ITEM_KIND_CALL,
    ITEM_KIND_MESSAGE,
    ITEM_KIND_REASONING,
    ItemClosed,
    ItemOpened,
)
from aevatar.models.models_pb2 import ROLE_ASSISTANT, ReasoningPart, ToolCall
from aevatar.models.models_pb2 import Message as ModelMessage
from aevatar.sessions import Delta

GROWING_CALLS = 8
"""Calls of one reply whose arguments are shown as they come; so few are open that one event can close them all."""

Observations = Iterator[Message]
IsClient = Callable[[str], bool]
"""Whether a call of this name is the client's to answer."""


@dataclass(slots=True)
class _Call:
    """A call as readers have seen it."""

    item: str
    arguments: str = ""


class LiveReply:
    """One reply of a model on its way to the readers.

    `kept` is the text of earlier pieces of the same message, and `thoughts` how many items of reasoning they had;
    `again` counts the replies of this round before it. The message and the calls of a reply stay open beside each other
    until it ends: only then is it known whether the message is the answer, and which calls are whole.
    """

    def __init__(
        self, *, run: str, round_number: int, restarts: int, kept: str, again: int, thoughts: int, is_open: bool
    ) -> None:
        self._place = f"{run}:{round_number}:{restarts}"
        self._kept = kept
        self._again = again
        self._thoughts = thoughts
        self._is_open = is_open
        self._text = ""
        self._reasoning: list[str] = []
        self._signatures: dict[int, str] = {}
        self._reasoning_open = -1
        self._calls: dict[int, _Call] = {}
        self._ids: dict[tuple[str, int], str] = {}
        self.is_blind = False
        """Readers saw a beginning of this reply that is not known here."""

    @property
    def text(self) -> str:
        """What has been shown of the message, all its pieces."""
        return self._kept + self._text

    @property
    def said(self) -> str:
        """What has been shown of this reply: its thoughts, its text and its calls."""
        return "".join((*self._reasoning, self._text, *(call.arguments for call in self._calls.values())))

    def item_id(self, prefix: str, part: int = 0) -> str:
        """The id of an item of this reply: the same whenever it is asked for, another after a restart."""
        if (prefix, part) not in self._ids:
            self._ids[prefix, part] = self._made_id(prefix, part)
        return self._ids[prefix, part]

    def arrived(self, delta: DeltaArrived) -> Observations:
        """Shows pieces that follow on what was shown; anything else leaves it to the end of the reply."""
        part, known = delta.reasoning_part, self._reasoning
        reasoning_at = len(known[part]) if part < len(known) else 0
        is_thought = bool(delta.reasoning or delta.signature)
        if delta.text_offset != len(self._text) or (is_thought and delta.reasoning_offset != reasoning_at):
            self.is_blind = True
        if is_thought and part > len(known):
            self.is_blind = True
        if self.is_blind:
            return
        if delta.reasoning:
            yield from self._reason(part, delta.reasoning)
        if delta.signature:
            yield from self._reason(part, "")
            yield from self._close_reasoning(delta.signature)
        if delta.text:
            yield from self._say(delta.text)

    def called(self, pieces: Sequence[CallPiece], is_client: IsClient) -> Observations:
        """Shows pieces of calls that follow on what was shown; anything else leaves it to the end of the reply."""
        for piece in pieces:
            if not self._follows_on(piece):
                self.is_blind = True
            if self.is_blind:
                return
            if piece.name:
                yield self._call(piece.index, piece.call_id, piece.name, is_client)
            yield from self._argue(self._calls[piece.index], piece.arguments)

    def finish(self, text: str, reasoning: Sequence[ReasoningPart]) -> Observations:
        """Shows what is missing of the reply; the message stays open, for more pieces may follow."""
        for part, thought in enumerate(reasoning):
            known = self._reasoning[part] if part < len(self._reasoning) else ""
            if part >= len(self._reasoning) or len(known) < len(thought.text):
                yield from self._reason(part, thought.text[len(known) :])
            if self._reasoning_open == part:
                yield from self._close_reasoning(thought.signature)
        if len(self._text) < len(text) or (self._kept and not self._is_open):
            yield from self._say(text[len(self._text) :])

    def close(self, *, is_incomplete: bool = False, is_commentary: bool = False) -> Observations:
        """Closes what is open; a text that is kept and was never shown anew is shown first."""
        yield from self._close_reasoning("", is_incomplete=is_incomplete)
        if self._kept and not self._is_open:
            yield from self._say("")
        if self._is_open:
            self._is_open = False
            closed = ItemClosed(item_id=self.item_id("msg"), is_incomplete=is_incomplete, is_commentary=is_commentary)
            yield closed

    def end_calls(self, whole: Mapping[int, ToolCall], is_client: IsClient) -> Observations:
        """Shows what is missing of the calls that are made, by their place in the reply, and gives up all others."""
        for number, call in whole.items():
            if number not in self._calls:
                yield self._call(number, call.call_id, call.name, is_client)
            shown = self._calls.pop(number)
            yield from self._argue(shown, call.arguments[len(shown.arguments) :])
            yield ItemClosed(item_id=shown.item)
        for given_up in self._calls.values():
            yield ItemClosed(item_id=given_up.item, is_incomplete=True)
        self._calls.clear()

    def thoughts(self, round_number: int) -> list[Item]:
        """What readers have seen thought to its end, as it enters the transcript of a reply that has none."""
        return [
            Item(
                id=self.item_id("rs", part),
                reasoning=ReasoningPart(text=text, signature=self._signatures.get(part, "")),
                round=round_number,
            )
            for part, text in enumerate(self._reasoning)
            if part != self._reasoning_open
        ]

    def message_item(
        self, text: str, round_number: int, *, is_incomplete: bool = False, is_commentary: bool = False
    ) -> Item:
        """The message as it enters the transcript."""
        message = ModelMessage(role=ROLE_ASSISTANT, parts=[{"text": text}])
        return Item(
            id=self.item_id("msg"),
            message=message,
            round=round_number,
            is_incomplete=is_incomplete,
            is_commentary=is_commentary,
        )

    def _made_id(self, prefix: str, part: int) -> str:
        number = part + self._thoughts if prefix == "rs" else part
        # A message goes on from one reply to the next; a call that was cut off does not.
        place = f"{self._place}:{self._again}" if prefix == "fc" and self._again else self._place
        digest = blake2b(f"{place}:{prefix}:{number}".encode(), digest_size=16).hexdigest()
        return f"{prefix}_{digest}"

    def _say(self, piece: str) -> Observations:
        if self._reasoning_open >= 0:
            yield from self._close_reasoning("")
        item = self.item_id("msg")
        if not self._is_open:
            self._is_open = True
            yield ItemOpened(item_id=item, kind=ITEM_KIND_MESSAGE)
            if self._kept:
                yield Delta(item=item, channel="text", text=self._kept)
        self._text += piece
        if piece:
            yield Delta(item=item, channel="text", text=piece)

    def _reason(self, part: int, piece: str) -> Observations:
        item = self.item_id("rs", part)
        if part >= len(self._reasoning):
            yield from self._close_reasoning("")
            self._reasoning.append("")
            self._reasoning_open = part
            yield ItemOpened(item_id=item, kind=ITEM_KIND_REASONING)
        self._reasoning[part] += piece
        if piece and self._reasoning_open == part:
            yield Delta(item=item, channel="reasoning", text=piece)

    def _close_reasoning(self, signature: str, *, is_incomplete: bool = False) -> Observations:
        if self._reasoning_open >= 0:
            item = self.item_id("rs", self._reasoning_open)
            self._signatures[self._reasoning_open] = signature
            self._reasoning_open = -1
            yield ItemClosed(item_id=item, signature=signature, is_incomplete=is_incomplete)

    def _follows_on(self, piece: CallPiece) -> bool:
        if piece.name:
            return piece.index == len(self._calls)
        return piece.index in self._calls and piece.offset == len(self._calls[piece.index].arguments)

    def _call(self, number: int, call_id: str, name: str, is_client: IsClient) -> Message:
        item = self.item_id("fc", number)
        self._calls[number] = _Call(item)
        return ItemOpened(item_id=item, kind=ITEM_KIND_CALL, call_id=call_id, name=name, is_client=is_client(name))

    def _argue(self, call: _Call, piece: str) -> Observations:
        if piece:
            call.arguments += piece
            yield Delta(item=call.item, channel="arguments", text=piece)
