"""Short ways to write deltas, and to see what a stream of them amounts to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field

from aevatar.models import ModelCall, ModelPort, StreamLimits, checked
from aevatar.models.checked import DEFAULT_LIMITS
from aevatar.models.models_pb2 import FINISH_STOP, ROLE_USER, Finish, Message, ModelDelta, ModelRequest, Part, Usage

CALL = ModelCall("run_1:r1")
USAGE = Usage(input_tokens=20, cached_input_tokens=5, output_tokens=7)


def asking(text: str = "Hello", **fields: object) -> ModelRequest:
    """A request with one user message."""
    return ModelRequest(**{"model": "m", "messages": [user(text)], **fields})


def user(text: str) -> Message:
    return Message(role=ROLE_USER, parts=[Part(text=text)])


def text(*pieces: str) -> list[ModelDelta]:
    return [ModelDelta(text=piece) for piece in pieces]


def thought(*pieces: str, signature: str = "") -> list[ModelDelta]:
    signed = [ModelDelta(reasoning_signature=signature)] if signature else []
    return [*(ModelDelta(reasoning=piece) for piece in pieces), *signed]


def called(index: int, call_id: str, name: str, *fragments: str) -> list[ModelDelta]:
    opened = ModelDelta(call_opened={"index": index, "call_id": call_id, "name": name})
    argued = [ModelDelta(call_arguments={"index": index, "fragment": fragment}) for fragment in fragments]
    return [opened, *argued]


def used(usage: Usage = USAGE) -> list[ModelDelta]:
    return [ModelDelta(usage=usage)]


def done(finish: Finish = FINISH_STOP, usage: Usage = USAGE) -> list[ModelDelta]:
    return [*used(usage), ModelDelta(finished=finish)]


@dataclass(slots=True)
class Whole:
    """What a stream amounts to."""

    text: str = ""
    reasoning: str = ""
    signatures: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    usage: Usage | None = None
    finish: Finish | None = None


def whole(deltas: Iterable[ModelDelta]) -> Whole:
    """Folds deltas; fails on what a checked stream never has."""
    folded = Whole()
    for delta in deltas:
        assert folded.finish is None, "a delta came after finished"
        match delta.WhichOneof("kind"):
            case "text":
                folded.text += delta.text
            case "reasoning":
                folded.reasoning += delta.reasoning
            case "reasoning_signature":
                folded.signatures.append(delta.reasoning_signature)
            case "call_opened":
                assert delta.call_opened.index == len(folded.calls)
                folded.calls.append((delta.call_opened.call_id, delta.call_opened.name, ""))
            case "call_arguments":
                call_id, name, arguments = folded.calls[delta.call_arguments.index]
                folded.calls[delta.call_arguments.index] = (call_id, name, arguments + delta.call_arguments.fragment)
            case "usage":
                folded.usage = delta.usage
            case "finished":
                folded.finish = delta.finished
    return folded


async def streamed(
    port: ModelPort, request: ModelRequest, call: ModelCall = CALL, limits: StreamLimits = DEFAULT_LIMITS
) -> list[ModelDelta]:
    """All deltas of one reply, held to the contract."""
    async with aclosing(checked(port.stream(request, call), request, call, limits=limits)) as stream:
        return [delta async for delta in stream]
