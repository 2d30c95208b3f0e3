"""Replies and refusals in the formats of three providers, as they would put them on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from aevatar.models.models_pb2 import (
    FINISH_CONTENT_FILTER,
    FINISH_LENGTH,
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ModelDelta,
    Usage,
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error, with the names that a provider gives to it."""

    status: int
    message: str
    code: str | None = None
    type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class ChatCompletions:
    """OpenAI's older format, which every gateway speaks."""

    path = "/v1/chat/completions"

    def events(self, deltas: Iterable[ModelDelta]) -> Iterator[str]:
        finishes = {
            FINISH_STOP: "stop",
            FINISH_TOOL_CALLS: "tool_calls",
            FINISH_LENGTH: "length",
            FINISH_CONTENT_FILTER: "content_filter",
        }
        usage, finished = None, False
        for delta in deltas:
            match delta.WhichOneof("kind"):
                case "text":
                    yield self._chunk({"content": delta.text})
                case "reasoning":
                    yield self._chunk({"content": None, "reasoning_content": delta.reasoning})
                case "call_opened":
                    opened = delta.call_opened
                    function = {"name": opened.name, "arguments": ""}
                    call = {"index": opened.index, "id": opened.call_id, "type": "function", "function": function}
                    yield self._chunk({"tool_calls": [call]})
                case "call_arguments":
                    argued = delta.call_arguments
                    call = {"index": argued.index, "function": {"arguments": argued.fragment}}
                    yield self._chunk({"tool_calls": [call]})
                case "usage":
                    usage = delta.usage
                case "finished":
                    finished = True
                    yield self._chunk({}, finishes[delta.finished])
        if usage is not None and finished:
            told = {
                "prompt_tokens": usage.input_tokens,
                "completion_tokens": usage.output_tokens,
                "total_tokens": usage.input_tokens + usage.output_tokens,
                "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
                "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
            }
            yield _data({"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": told})
        if finished:
            yield "data: [DONE]\n\n"

    def error(self, refusal: Refusal) -> Json:
        told = {"message": refusal.message, "type": refusal.type, "code": refusal.code, "param": None}
        return {"error": told}

    def error_event(self, refusal: Refusal) -> str:
        return _data(self.error(refusal))

    def _chunk(self, delta: Json, finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


class Responses(ChatCompletions):
    """OpenAI's newer format."""

    path = "/v1/responses"

    def events(self, deltas: Iterable[ModelDelta]) -> Iterator[str]:
        numbers = count()
        for event in self._plain(list(deltas)):
            yield f"event: {event['type']}\n" + _data({**event, "sequence_number": next(numbers)})

    def error_event(self, refusal: Refusal) -> str:
        failed = self._response("failed", []) | {"error": {"code": refusal.code, "message": refusal.message}}
        event = {"type": "response.failed", "response": failed, "sequence_number": 9}
        return f"event: {event['type']}\n" + _data(event)

    def _plain(self, deltas: list[ModelDelta]) -> Iterator[Json]:
        yield {"type": "response.created", "response": self._response("in_progress", [])}
        usage, items = None, count()
        for kind, group in _blocks(deltas):
            place = {"output_index": next(items)}
            match kind:
                case "text":
                    yield from self._message(place, group)
                case "reasoning":
                    yield from self._reasoning(place, group)
                case "call_opened":
                    yield from self._call(place, group)
                case "usage":
                    usage = group[0].usage
                case "finished":
                    yield self._end(group[0], usage)

    def _message(self, place: Json, group: list[ModelDelta]) -> Iterator[Json]:
        item = {"id": f"msg_{place['output_index']}", "type": "message", "role": "assistant", "content": []}
        here = {**place, "item_id": item["id"], "content_index": 0}
        part = {"type": "output_text", "text": "", "annotations": []}
        yield {"type": "response.output_item.added", **place, "item": {**item, "status": "in_progress"}}
        yield {"type": "response.content_part.added", **here, "part": part}
        for delta in group:
            yield {"type": "response.output_text.delta", **here, "delta": delta.text, "logprobs": []}
        text = "".join(delta.text for delta in group)
        yield {"type": "response.output_text.done", **here, "text": text, "logprobs": []}
        done = {**item, "status": "completed", "content": [{**part, "text": text}]}
        yield {"type": "response.output_item.done", **place, "item": done}

    def _reasoning(self, place: Json, group: list[ModelDelta]) -> Iterator[Json]:
        item: Json = {"id": f"rs_{place['output_index']}", "type": "reasoning", "summary": []}
        here = {**place, "item_id": item["id"], "summary_index": 0}
        yield {"type": "response.output_item.added", **place, "item": item}
        part = {"type": "summary_text", "text": ""}
        yield {"type": "response.reasoning_summary_part.added", **here, "part": part}
        for delta in group:
            if delta.reasoning:
                yield {"type": "response.reasoning_summary_text.delta", **here, "delta": delta.reasoning}
        signature = group[-1].reasoning_signature or None
        yield {"type": "response.output_item.done", **place, "item": {**item, "encrypted_content": signature}}

    def _call(self, place: Json, group: list[ModelDelta]) -> Iterator[Json]:
        opened = group[0].call_opened
        item_id = f"fc_{place['output_index']}"
        arguments = "".join(delta.call_arguments.fragment for delta in group[1:])
        item = {"id": item_id, "type": "function_call", "call_id": opened.call_id, "name": opened.name}
        added = {**item, "arguments": "", "status": "in_progress"}
        yield {"type": "response.output_item.added", **place, "item": added}
        here = {**place, "item_id": item_id}
        for delta in group[1:]:
            fragment = delta.call_arguments.fragment
            yield {"type": "response.function_call_arguments.delta", **here, "delta": fragment}
        done = {"name": opened.name, "arguments": arguments}
        yield {"type": "response.function_call_arguments.done", **here, **done}
        whole = {**item, "arguments": arguments, "status": "completed"}
        yield {"type": "response.output_item.done", **place, "item": whole}

    def _end(self, delta: ModelDelta, usage: Usage | None) -> Json:
        reasons = {FINISH_LENGTH: "max_output_tokens", FINISH_CONTENT_FILTER: "content_filter"}
        reason = reasons.get(delta.finished)
        response = self._response("incomplete" if reason else "completed", [])
        response["incomplete_details"] = {"reason": reason} if reason else None
        if usage is not None:
            response["usage"] = {
                "input_tokens": usage.input_tokens,
                "input_tokens_details": {"cached_tokens": usage.cached_input_tokens, "cache_write_tokens": 0},
                "output_tokens": usage.output_tokens,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
                "total_tokens": usage.input_tokens + usage.output_tokens,
            }
        return {"type": f"response.{response['status']}", "response": response}

    def _response(self, status: str, output: list[Json]) -> Json:
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "model": "m",
            "status": status,
            "output": output,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }


class Messages:
    """Anthropic's format."""

    path = "/v1/messages"

    def events(self, deltas: Iterable[ModelDelta]) -> Iterator[str]:
        for event in self._plain(list(deltas)):
            yield f"event: {event['type']}\n" + _data(event)

    def error(self, refusal: Refusal) -> Json:
        return {"type": "error", "error": {"type": refusal.type, "message": refusal.message}}

    def error_event(self, refusal: Refusal) -> str:
        return "event: error\n" + _data(self.error(refusal))

    def _plain(self, deltas: list[ModelDelta]) -> Iterator[Json]:
        usage = next((delta.usage for delta in deltas if delta.WhichOneof("kind") == "usage"), Usage())
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
        fresh = {"input_tokens": usage.input_tokens - usage.cached_input_tokens, "output_tokens": 0}
        fresh["cache_read_input_tokens"] = usage.cached_input_tokens
        start = {**message, "stop_reason": None, "stop_sequence": None, "usage": fresh}
        yield {"type": "message_start", "message": start}
        finished: ModelDelta | None = None
        for index, (kind, group) in enumerate(_blocks(deltas)):
            if kind == "finished":
                finished = group[0]
            elif kind != "usage":
                yield from self._block(index, kind, group)
        if finished is not None:
            reasons = {
                FINISH_STOP: "end_turn",
                FINISH_TOOL_CALLS: "tool_use",
                FINISH_LENGTH: "max_tokens",
                FINISH_CONTENT_FILTER: "refusal",
            }
            delta = {"stop_reason": reasons[finished.finished], "stop_sequence": None}
            yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage.output_tokens}}
            yield {"type": "message_stop"}

    def _block(self, index: int, kind: str, group: list[ModelDelta]) -> Iterator[Json]:
        opened = group[0].call_opened
        starts: dict[str, Json] = {
            "text": {"type": "text", "text": ""},
            "reasoning": {"type": "thinking", "thinking": "", "signature": ""},
            "call_opened": {"type": "tool_use", "id": opened.call_id, "name": opened.name, "input": {}},
        }
        yield {"type": "content_block_start", "index": index, "content_block": starts[kind]}
        for delta in group:
            if told := self._delta(delta):
                yield {"type": "content_block_delta", "index": index, "delta": told}
        yield {"type": "content_block_stop", "index": index}

    def _delta(self, delta: ModelDelta) -> Json | None:
        match delta.WhichOneof("kind"):
            case "text":
                return {"type": "text_delta", "text": delta.text}
            case "reasoning":
                return {"type": "thinking_delta", "thinking": delta.reasoning}
            case "reasoning_signature":
                return {"type": "signature_delta", "signature": delta.reasoning_signature}
            case "call_arguments":
                return {"type": "input_json_delta", "partial_json": delta.call_arguments.fragment}
        return None


Wire = ChatCompletions | Responses | Messages
WIRES: tuple[Wire, ...] = (ChatCompletions(), Responses(), Messages())


def _blocks(deltas: list[ModelDelta]) -> Iterator[tuple[str, list[ModelDelta]]]:
    """Neighbouring deltas that make one block: a text, a thought with its signature, a call with its arguments."""
    continues = {"text": "text", "reasoning": "reasoning", "reasoning_signature": "reasoning"}
    continues |= {"call_arguments": "call_opened"}
    kind, group = "", list[ModelDelta]()
    for delta in deltas:
        own = delta.WhichOneof("kind") or ""
        if continues.get(own) == kind:
            group.append(delta)
            continue
        if group:
            yield kind, group
        kind, group = own, [delta]
    if group:
        yield kind, group


def _data(event: Json) -> str:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
