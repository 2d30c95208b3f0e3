"""Spans around what the kernel does: dispatch, turn, commit, effect, linked by the trace the envelope carries.

Nothing is spent on them unless the program has set up OpenTelemetry by the time the runtime starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import propagate, trace

from aevatar.actors.envelope import Envelope
from aevatar.actors.packing import name_of

_NOTHING: AbstractContextManager[None] = nullcontext()


class Tracing:
    """Makes spans, or nothing at all."""

    def __init__(self) -> None:
        self.is_on = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)
        self._tracer = trace.get_tracer("aevatar")

    def current(self) -> str:
        """The W3C traceparent of the caller's span, to travel with what they send; "" without one."""
        if not self.is_on:
            return ""
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return carrier.get("traceparent", "")

    def turn(self, envelope: Envelope) -> AbstractContextManager[None]:
        """A span around the handling of one message."""
        return self._span("turn", envelope) if self.is_on else _NOTHING

    def commit(self, records: int) -> AbstractContextManager[None]:
        """A span around the storing of one batch."""
        return self._plain("commit", {"aevatar.records": records}) if self.is_on else _NOTHING

    def effect(self, name: str, effect_id: str, traceparent: str) -> AbstractContextManager[None]:
        """A span around one effect, with all its tries."""
        if not self.is_on:
            return _NOTHING
        return self._child(f"effect {name}", traceparent, {"aevatar.effect_id": effect_id})

    def dispatch(self, envelope: Envelope) -> AbstractContextManager[None]:
        """A span around the wait for an answer, or for mail to become durable."""
        return self._span("dispatch", envelope) if self.is_on else _NOTHING

    def _span(self, what: str, envelope: Envelope) -> AbstractContextManager[None]:
        attributes = {
            "aevatar.actor": envelope.target.text,
            "aevatar.command_id": envelope.id,
            "aevatar.correlation_id": envelope.correlation_id or envelope.id,
        }
        return self._child(f"{what} {name_of(envelope.payload)}", envelope.trace, attributes)

    @contextmanager
    def _child(self, name: str, traceparent: str, attributes: dict[str, str]) -> Iterator[None]:
        parent = propagate.extract({"traceparent": traceparent}) if traceparent else None
        with self._tracer.start_as_current_span(name, context=parent, attributes=attributes):
            yield

    @contextmanager
    def _plain(self, name: str, attributes: dict[str, int]) -> Iterator[None]:
        with self._tracer.start_as_current_span(name, attributes=attributes):
            yield
