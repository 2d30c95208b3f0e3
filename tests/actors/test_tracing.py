"""Spans: one trace from the caller through every actor to the last effect, and no text of ours in it."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aevatar.errors import Internal, Rejected
from aevatar.testing import elapse
from tests.sample.kinds import letter
from tests.sample.sample_pb2 import Add, Break, Fetch, Relay, Remind, Take
from tests.sample.world import ANN, BEN, World, settled


class Spans:
    """Everything that was traced, by name."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def __getitem__(self, name: str) -> ReadableSpan:
        [span] = [span for span in self.all() if span.name == name]
        return span

    def all(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def clear(self) -> None:
        self._exporter.clear()


@pytest.fixture
def spans() -> Spans:
    return Spans()


def span_id(span: ReadableSpan) -> int:
    return span.get_span_context().span_id  # type: ignore[union-attr]


def parent_id(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


async def test_a_command_is_one_trace_from_dispatch_to_commit(memory: World, spans: Spans) -> None:
    async with memory.runtime(tracer_provider=spans.provider) as actors:
        await actors.ask(ANN, Add(by=1), command_id="c1")
    dispatch, turn, commit = spans["dispatch tests.sample.Add"], spans["turn tests.sample.Add"], spans["commit"]
    assert (parent_id(dispatch), parent_id(turn)) == (None, span_id(dispatch))
    assert [link.context.span_id for link in commit.links] == [span_id(turn)]
    assert dict(turn.attributes or {}) == {
        "aevatar.actor": ANN.text,
        "aevatar.command_id": "c1",
        "aevatar.correlation_id": "c1",
    }
    assert dict(commit.attributes or {}) == {"aevatar.records": 1}


async def test_a_command_continues_the_trace_of_its_caller(memory: World, spans: Spans) -> None:
    async with memory.runtime(tracer_provider=spans.provider) as actors:
        with spans.provider.get_tracer("caller").start_as_current_span("request") as request:
            await actors.dispatch(ANN, Add(by=1))
        await settled()
    assert parent_id(spans["dispatch tests.sample.Add"]) == request.get_span_context().span_id
    assert parent_id(spans["turn tests.sample.Add"]) == span_id(spans["dispatch tests.sample.Add"])


async def test_the_trace_goes_on_through_sent_commands_effects_and_timers(memory: World, spans: Spans) -> None:
    async with memory.runtime(tracer_provider=spans.provider) as actors:
        await actors.ask(ANN, Add(by=0))
        for command in (
            Relay(letters=[letter(BEN, Add(by=1))]),
            Fetch(text="x"),
            Remind(name="tea", delay=1, by=1),
        ):
            spans.clear()
            await actors.ask(ANN, command)
            await elapse(2)
            name = command.DESCRIPTOR.full_name
            then = "effect sample.echo" if name.endswith("Fetch") else "turn tests.sample.Add"
            assert parent_id(spans[then]) == span_id(spans[f"turn {name}"])


async def test_a_trace_survives_a_restart(memory: World, spans: Spans) -> None:
    async with memory.runtime(tracer_provider=spans.provider) as actors:
        await actors.ask(ANN, Remind(name="tea", delay=10, by=1))
    async with memory.runtime(tracer_provider=spans.provider):
        await elapse(20)
    assert parent_id(spans["turn tests.sample.Add"]) == span_id(spans["turn tests.sample.Remind"])


async def test_neighbours_of_one_batch_are_not_mixed_up(memory: World, spans: Spans) -> None:
    async with memory.runtime(tracer_provider=spans.provider) as actors:
        for actor in (ANN, BEN):
            await actors.dispatch(actor, Add(by=1), command_id=actor.key)
        await settled()
    by_command = {
        (span.name.split()[0], (span.attributes or {}).get("aevatar.command_id")): span for span in spans.all()
    }
    for key in ("ann", "ben"):
        assert parent_id(by_command["turn", key]) == span_id(by_command["dispatch", key])


@pytest.mark.parametrize(
    ("command", "error", "reason"), [(Take(by=4711), Rejected, "too_little"), (Break(), Internal, "ZeroDivisionError")]
)
async def test_a_span_names_a_failure_and_holds_no_text_of_it(
    memory: World, spans: Spans, command: Any, error: type[Exception], reason: str
) -> None:
    async with memory.runtime(tracer_provider=spans.provider) as actors:
        await actors.ask(ANN, Add(by=1))
        with pytest.raises(error):
            await actors.ask(ANN, command)
    turn = spans[f"turn {command.DESCRIPTOR.full_name}"]
    assert (turn.status.is_ok, turn.status.description, list(turn.events)) == (False, reason, [])


async def test_without_a_tracer_nothing_travels_with_a_message(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=10, by=1))
        [timer] = await memory.journal.due(10**15)
        assert b"00-" not in timer.body
