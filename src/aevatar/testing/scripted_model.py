"""A model that plays a script: exact deltas, delays and errors, and an expectation on each request if you like.

For tests of whatever calls a model. It holds nobody to the port's contract; `aevatar.models.checked` does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from difflib import unified_diff
from math import inf
from pathlib import Path
from typing import Any, Final

import anyio
from google.protobuf import json_format

from aevatar.models import ModelCall, ModelError, ModelPort
from aevatar.models.models_pb2 import (
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    Finish,
    ModelDelta,
    ModelFailure,
    ModelRequest,
    Usage,
)

USAGE: Final = Usage(input_tokens=10, output_tokens=5)
"""What a step reports that says nothing else."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for so many seconds, of virtual time where the loop is virtual; `Pause()` never ends."""

    seconds: float = inf


@dataclass(frozen=True, slots=True)
class Step:
    """The reply to one request. `expects`: every field set in it must be the same in the request."""

    reply: tuple[ModelDelta | Pause | ModelError, ...]
    expects: ModelRequest | None = None


def says(
    *pieces: str,
    finish: Finish = FINISH_STOP,
    usage: Usage = USAGE,
    reasoning: str = "",
    expects: ModelRequest | None = None,
) -> Step:
    """A reply of text, one delta for each piece."""
    thought = [ModelDelta(reasoning=reasoning)] if reasoning else []
    text = [ModelDelta(text=piece) for piece in pieces]
    return Step((*thought, *text, ModelDelta(usage=usage), ModelDelta(finished=finish)), expects)


def calls(
    *wanted: tuple[str, str | dict[str, Any]],
    text: str = "",
    finish: Finish = FINISH_TOOL_CALLS,
    usage: Usage = USAGE,
    expects: ModelRequest | None = None,
) -> Step:
    """A reply that calls tools: pairs of name and arguments, which may be JSON text that does not parse."""
    deltas = [ModelDelta(text=text)] if text else []
    for index, (name, arguments) in enumerate(wanted):
        fragment = arguments if isinstance(arguments, str) else json.dumps(arguments)
        deltas.append(ModelDelta(call_opened={"index": index, "name": name}))
        deltas.append(ModelDelta(call_arguments={"index": index, "fragment": fragment}))
    return Step((*deltas, ModelDelta(usage=usage), ModelDelta(finished=finish)), expects)


def fails(code: str, *shown: str, retry_after: float | None = None, expects: ModelRequest | None = None) -> Step:
    """A reply that breaks off with a ModelError after the `shown` pieces of text."""
    text = [ModelDelta(text=piece) for piece in shown]
    return Step((*text, ModelError(code, "The script wants this error.", retry_after=retry_after)), expects)


def hangs(*shown: str, expects: ModelRequest | None = None) -> Step:
    """A reply that never ends after the `shown` pieces of text."""
    return Step((*(ModelDelta(text=piece) for piece in shown), Pause()), expects)


@dataclass(slots=True)
class ScriptedModel:
    """Plays its steps in order, one for each request.

    `requests` are those that came, with the calls they came in; `faults` are those that were not expected.
    """

    steps: Iterable[Step]
    requests: list[ModelRequest] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _left: list[Step] = field(init=False)

    def __post_init__(self) -> None:
        self._left = list(self.steps)

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`. Raises: AssertionError with a difference, for a request that the script does not expect."""
        self.requests.append(request)
        self.calls.append(call)
        for piece in self._next_step(request).reply:
            match piece:
                case Pause(seconds):
                    await (anyio.sleep_forever() if seconds == inf else anyio.sleep(seconds))
                case ModelError():
                    raise piece
                case _:
                    yield piece

    def assert_played(self) -> None:
        """Fails unless every step was asked for and every request was expected.

        Ask at the end of a test: what calls the model may have taken the failure for one of the model's.
        """
        assert not self.faults, "\n".join(self.faults)
        assert not self._left, f"{len(self._left)} steps of the script were never asked for"

    def _next_step(self, request: ModelRequest) -> Step:
        if not self._left:
            self._fail(f"The script is over, and this came:\n{request}")
        step = self._left.pop(0)
        if step.expects is not None and (difference := _difference(step.expects, request)):
            self._fail(f"Request {len(self.requests)} is not the expected one:\n{difference}")
        return step

    def _fail(self, fault: str) -> None:
        self.faults.append(fault)
        raise AssertionError(fault)


class RecordingModel:
    """Passes another model's replies on and appends each, with its request, to a JSONL file for `recorded`."""

    def __init__(self, model: ModelPort, path: Path) -> None:
        self._model = model
        self._path = anyio.Path(path)

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`. A reply that its reader leaves early is not recorded."""
        deltas: list[ModelDelta] = []
        failure: ModelError | None = None
        async with aclosing(self._model.stream(request, call)) as stream:
            try:
                async for delta in stream:
                    deltas.append(delta)
                    yield delta
            except ModelError as error:
                failure = error
        line = _line(request, deltas, failure)
        async with await self._path.open("a", encoding="utf-8") as file:
            await file.write(line)
        if failure is not None:
            raise failure


def recorded(path: Path) -> list[Step]:
    """The steps in a file that `RecordingModel` wrote; each expects the request that was recorded with it."""
    return [_step(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _line(request: ModelRequest, deltas: list[ModelDelta], failure: ModelError | None) -> str:
    reply = [json_format.MessageToDict(delta) for delta in deltas]
    written: dict[str, Any] = {"request": json_format.MessageToDict(request), "reply": reply}
    if failure is not None:
        written["failure"] = json_format.MessageToDict(failure.failure())
    return json.dumps(written, ensure_ascii=False) + "\n"


def _step(written: dict[str, Any]) -> Step:
    reply: list[ModelDelta | Pause | ModelError] = [
        json_format.ParseDict(delta, ModelDelta()) for delta in written["reply"]
    ]
    if "failure" in written:
        reply.append(ModelError.of(json_format.ParseDict(written["failure"], ModelFailure())))
    return Step(tuple(reply), json_format.ParseDict(written["request"], ModelRequest()))


def _difference(expected: ModelRequest, came: ModelRequest) -> str:
    """A unified diff, over the fields that are set in `expected`; empty if they are the same."""
    compared = ModelRequest()
    compared.CopyFrom(came)
    stated = {descriptor.name for descriptor, _ in expected.ListFields()}
    for descriptor in ModelRequest.DESCRIPTOR.fields:
        if descriptor.name not in stated:
            compared.ClearField(descriptor.name)
    if compared == expected:
        return ""
    lines = unified_diff(str(expected).splitlines(), str(compared).splitlines(), "expected", "came", lineterm="")
    return "\n".join(lines)
