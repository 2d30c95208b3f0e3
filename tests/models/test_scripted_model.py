"""The scripted model plays exactly what it was given, and says what came in place of the expected."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from aevatar.models import ModelError
from aevatar.models.models_pb2 import FINISH_LENGTH, FINISH_TOOL_CALLS, ModelDelta, ModelRequest, ToolSpec, Usage
from aevatar.testing import VIRTUAL_TIME
from aevatar.testing.scripted_model import (
    USAGE,
    Pause,
    RecordingModel,
    ScriptedModel,
    Step,
    calls,
    fails,
    hangs,
    recorded,
    says,
)
from tests.models.replies import CALL, Whole, asking, streamed, user, whole


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL_TIME


async def test_a_step_is_played_exactly() -> None:
    usage = Usage(input_tokens=1, output_tokens=2)
    model = ScriptedModel([says("Hi", "!", reasoning="Hm.", finish=FINISH_LENGTH, usage=usage)])
    assert [delta async for delta in model.stream(asking(), CALL)] == [
        ModelDelta(reasoning="Hm."),
        ModelDelta(text="Hi"),
        ModelDelta(text="!"),
        ModelDelta(usage=usage),
        ModelDelta(finished=FINISH_LENGTH),
    ]
    assert (model.requests, model.calls) == ([asking()], [CALL])
    model.assert_played()


async def test_calls_take_values_or_text_that_does_not_parse() -> None:
    model = ScriptedModel([calls(("go", {"n": 1}), ("stop", "{oops"), text="Well.")])
    assert whole(await streamed(model, asking())) == Whole(
        text="Well.",
        calls=[("call_run_1:r1_0", "go", '{"n": 1}'), ("call_run_1:r1_1", "stop", "{oops")],
        usage=USAGE,
        finish=FINISH_TOOL_CALLS,
    )


async def test_a_failure_comes_after_what_was_shown() -> None:
    model = ScriptedModel([fails("rate_limited", "Well, ", retry_after=3)])
    stream = model.stream(asking(), CALL)
    assert await anext(stream) == ModelDelta(text="Well, ")
    with pytest.raises(ModelError) as raised:
        await anext(stream)
    assert (raised.value.code, raised.value.retry_after) == ("rate_limited", 3)


async def test_a_delay_passes_between_deltas() -> None:
    model = ScriptedModel([Step((Pause(5), ModelDelta(text="Hi"), Pause(2.5), ModelDelta(text="!")))])
    came = [(anyio.current_time(), delta.text) async for delta in model.stream(asking(), CALL)]
    assert came == [(5, "Hi"), (7.5, "!")]


async def test_a_hanging_step_never_ends() -> None:
    stream = ScriptedModel([hangs("Well, ")]).stream(asking(), CALL)
    assert await anext(stream) == ModelDelta(text="Well, ")
    with anyio.move_on_after(24 * 3600) as scope:
        await anext(stream)
    assert scope.cancelled_caught


async def test_an_unexpected_request_fails_with_the_difference() -> None:
    model = ScriptedModel([says("Hi", expects=ModelRequest(model="m", messages=[user("Hello")]))])
    with pytest.raises(AssertionError) as raised:
        await anext(model.stream(asking("Goodbye"), CALL))
    lines = str(raised.value).splitlines()
    assert lines[0] == "Request 1 is not the expected one:"
    assert [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        '-    text: "Hello"',
        '+    text: "Goodbye"',
    ]
    with pytest.raises(AssertionError, match="Request 1 is not the expected one"):
        model.assert_played()


async def test_an_expectation_looks_at_its_own_fields_only() -> None:
    model = ScriptedModel([says("Hi", expects=ModelRequest(messages=[user("Hello")]))])
    await streamed(model, asking("Hello", tools=[ToolSpec(name="go")], temperature=1))
    model.assert_played()


async def test_a_request_after_the_script_fails() -> None:
    model = ScriptedModel([])
    with pytest.raises(AssertionError, match="The script is over"):
        await streamed(model, asking())
    with pytest.raises(AssertionError, match="The script is over"):
        model.assert_played()


async def test_steps_that_nobody_asked_for_are_a_fault() -> None:
    with pytest.raises(AssertionError, match="2 steps of the script were never asked for"):
        ScriptedModel([says("a"), says("b")]).assert_played()


async def test_what_was_recorded_replays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    played = [calls(("go", {"n": 1}), text="Grüße"), fails("overloaded", "Well, ", retry_after=2)]
    requests = [asking("One"), asking("Two", temperature=0.5)]

    async def talk(model: ScriptedModel | RecordingModel) -> list[object]:
        heard: list[object] = []
        for request in requests:
            try:
                async for delta in model.stream(request, CALL):
                    heard.append(delta)  # noqa: PERF401  # what came before an error counts
            except ModelError as error:
                heard.append(error.failure())
        return heard

    heard = await talk(RecordingModel(ScriptedModel(played), path))
    replaying = ScriptedModel(recorded(path))
    assert await talk(replaying) == heard
    replaying.assert_played()
    with pytest.raises(AssertionError, match="not the expected one"):
        await streamed(ScriptedModel(recorded(path)), asking("Three"))
