"""Spans around what the kernel does: dispatch, turn, commit, effect, linked by the trace the envelope carries.

Nothing is spent on them unless the program has set up OpenTelemetry by the time the runtime starts. A span says what
failed by its code or its class: the text of an error may hold what a trace must not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from msgspec.structs import replace
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from aevatar.actors.deciding.turn import Turn
from aevatar.actors.envelope import Envelope
from aevatar.actors.packing import name_of

_NOTHING: AbstractContextManager[None] = nullcontext()
_W3C = TraceContextTextMapPropagator()


class Tracing:
    """Makes spans, or nothing at all."""

    def __init__(self, provider: trace.TracerProvider | None) -> None:
        provider = provider or trace.get_tracer_provider()
        self._is_on = not isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider)
        self._tracer = provider.get_tracer("aevatar")

    def dispatch(self, envelope: Envelope) -> AbstractContextManager[Envelope]:
        """A span around the wait for an answer, or for mail to become durable; yields the envelope as it travels."""
        return self._dispatch(envelope) if self._is_on else nullcontext(envelope)

    def turn(self, turn: Turn) -> AbstractContextManager[None]:
        """A span around the handling of one message; what the turn asks for travels under it."""
        return self._turn(turn) if self._is_on else _NOTHING

    def commit(self, traceparents: Iterable[str]) -> AbstractContextManager[None]:
        """A span around the storing of one batch, linked to all its turns."""
        return self._commit(traceparents) if self._is_on else _NOTHING

    def effect(self, name: str, effect_id: str, traceparent: str) -> AbstractContextManager[None]:
        """A span around one effect, with all its tries."""
        return self._effect(name, effect_id, traceparent) if self._is_on else _NOTHING

    @contextmanager
    def _dispatch(self, envelope: Envelope) -> Iterator[Envelope]:
        name = f"dispatch {name_of(envelope.payload)}"
        with self._span(name, None, _attributes(envelope)):
            yield replace(envelope, trace=_traceparent())

    @contextmanager
    def _turn(self, turn: Turn) -> Iterator[None]:
        envelope = turn.envelope
        with self._span(f"turn {name_of(envelope.payload)}", _context(envelope.trace), _attributes(envelope)):
            turn.envelope = replace(envelope, trace=_traceparent())
            yield

    @contextmanager
    def _commit(self, traceparents: Iterable[str]) -> Iterator[None]:
        turns = [trace.get_current_span(_context(traceparent)).get_span_context() for traceparent in traceparents]
        links = [trace.Link(turn) for turn in turns if turn.is_valid]
        with self._span("commit", Context(), {"aevatar.records": len(turns)}, links):
            yield

    @contextmanager
    def _effect(self, name: str, effect_id: str, traceparent: str) -> Iterator[None]:
        with self._span(f"effect {name}", _context(traceparent), {"aevatar.effect_id": effect_id}):
            yield

    @contextmanager
    def _span(
        self, name: str, parent: Context | None, attributes: dict[str, str | int], links: list[trace.Link] | None = None
    ) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name, parent, attributes=attributes, links=links, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except Exception as error:
                reason = getattr(error, "code", type(error).__name__)
                span.set_status(trace.Status(trace.StatusCode.ERROR, str(reason)))
                raise


def _attributes(envelope: Envelope) -> dict[str, str | int]:
    return {
        "aevatar.actor": envelope.target.text,
        "aevatar.command_id": envelope.id,
        "aevatar.correlation_id": envelope.correlation_id or envelope.id,
    }


def _traceparent() -> str:
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")


def _context(traceparent: str) -> Context:
    # Never the context that happens to be current: turns of one actor run in the wake of those of another.
    return _W3C.extract({"traceparent": traceparent}, Context())
