"""What the contract of the port makes of streams that do not keep it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from aevatar.errors import Misassembled
from aevatar.models import ModelCall, ModelError, StreamLimits, checked
from aevatar.models.models_pb2 import (
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ROLE_ASSISTANT,
    Message,
    ModelDelta,
    ModelRequest,
    ToolCall,
    Usage,
)
from aevatar.testing import VIRTUAL_TIME, elapse
from aevatar.testing.scripted_model import Pause, ScriptedModel, Step
from tests.models.replies import CALL, asking, called, done, streamed, text, used, whole

FINISHED = [ModelDelta(finished=FINISH_STOP)]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL_TIME


def playing(*deltas: list[ModelDelta | Pause] | list[ModelDelta]) -> ScriptedModel:
    return ScriptedModel([Step(tuple(delta for group in deltas for delta in group))])


async def test_nothing_follows_finished() -> None:
    assert await streamed(playing(text("Hi"), done(), text("!"), done()), asking()) == [*text("Hi"), *done()]


async def test_an_end_without_finished_is_a_protocol_error() -> None:
    with pytest.raises(ModelError, match="protocol_error"):
        await streamed(playing(text("Hi"), used()), asking())


async def test_empty_deltas_are_left_out() -> None:
    assert await streamed(playing([ModelDelta()], done()), asking()) == done()


async def test_missing_call_ids_are_made_from_the_call() -> None:
    reply = whole(await streamed(playing(called(0, "", "a"), called(1, "", "b"), done()), asking()))
    assert reply.calls == [("call_run_1:r1_0", "a", ""), ("call_run_1:r1_1", "b", "")]


async def test_doubled_call_ids_are_replaced() -> None:
    reply = whole(await streamed(playing(called(0, "x", "a"), called(1, "x", "b"), done()), asking()))
    assert reply.calls == [("x", "a", ""), ("call_run_1:r1_1", "b", "")]


async def test_an_id_of_an_earlier_round_counts_as_taken() -> None:
    earlier = Message(role=ROLE_ASSISTANT, tool_calls=[ToolCall(call_id="call_0", name="a")])
    reply = whole(await streamed(playing(called(0, "call_0", "a"), done()), ModelRequest(messages=[earlier])))
    assert reply.calls == [("call_run_1:r1_0", "a", "")]


@pytest.mark.parametrize(
    "broken",
    [
        [*called(0, "x", "a"), *called(0, "y", "b")],
        called(0, "x", ""),
        [ModelDelta(call_arguments={"index": 1, "fragment": "{}"})],
    ],
)
async def test_calls_out_of_order_are_a_protocol_error(broken: list[ModelDelta]) -> None:
    with pytest.raises(ModelError, match="protocol_error"):
        await streamed(playing(broken, done(FINISH_TOOL_CALLS)), asking())


async def test_usage_that_is_missing_is_estimated_from_what_was_said() -> None:
    reply = [ModelDelta(reasoning="four"), *text("twelve chars"), *called(0, "x", "name", "{...}")]
    estimate = Usage(input_tokens=2, output_tokens=7, reasoning_tokens=1, estimated=True)
    assert whole(await streamed(playing(reply, FINISHED), asking())).usage == estimate


@pytest.mark.parametrize(("shown", "seconds"), [([], 20), (text("Hi"), 5)])
async def test_silence_is_a_timeout(shown: list[ModelDelta], seconds: int) -> None:
    limits = StreamLimits(first_byte=20, idle=5)
    with pytest.raises(ModelError) as raised:
        await streamed(playing(shown, [Pause()]), asking(), limits=limits)
    assert (raised.value.code, raised.value.message) == ("timeout", f"The model sent nothing for {seconds} s.")
    assert anyio.current_time() == seconds


async def test_the_limits_are_a_minute_where_nothing_else_is_said() -> None:
    with pytest.raises(ModelError):
        await streamed(playing([Pause(59), *text("Hi"), Pause(59), *text("Hi"), Pause()]), asking())
    assert anyio.current_time() == 59 + 59 + 60


async def test_the_deadline_of_the_call_ends_a_silence_sooner() -> None:
    with pytest.raises(ModelError) as raised:
        await streamed(playing([Pause(10), *text("Hi"), Pause()]), asking(), ModelCall("c", deadline=15))
    assert (raised.value.code, raised.value.message) == ("timeout", "The deadline of the call passed.")
    assert anyio.current_time() == 15


async def test_a_slow_reader_is_not_a_silent_model() -> None:
    stream = checked(playing(text("a", "b"), done()).stream(asking(), CALL), asking(), CALL)
    async with aclosing(stream):
        await anext(stream)
        await elapse(3600)
        assert await anext(stream) == ModelDelta(text="b")


async def test_a_reader_that_is_cancelled_meanwhile_hears_of_no_silence() -> None:
    with anyio.move_on_after(5) as scope:
        await streamed(playing(text("Hi"), [Pause()]), asking(), limits=StreamLimits(first_byte=20, idle=20))
    assert (scope.cancelled_caught, anyio.current_time()) == (True, 5)


async def test_what_an_adapter_raises_unawares_becomes_a_protocol_error() -> None:
    with pytest.raises(ModelError) as raised:
        await streamed(Breaking(KeyError("secret")), asking())
    assert raised.value.message == "The reply could not be read (KeyError)."


@pytest.mark.parametrize("error", [Misassembled("Install it."), AssertionError("the test is wrong")])
async def test_faults_of_the_program_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        await streamed(Breaking(error), asking())
    assert raised.value is error


@pytest.mark.parametrize("read", [1, 3])
async def test_the_stream_is_closed_whether_it_was_read_or_left(read: int) -> None:
    watched = Watched()
    stream = checked(watched.stream(asking(), CALL), asking(), CALL)
    async with aclosing(stream):
        for _ in range(read):
            await anext(stream)
    assert watched.closed


class Breaking:
    """A model whose adapter has a fault."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        yield ModelDelta(text="Hi")
        raise self.error


class Watched:
    """A model that notes when its stream is closed."""

    closed = False

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        try:
            for delta in [*text("Hi"), *done()]:
                yield delta
        finally:
            self.closed = True
