"""Spans to an OpenTelemetry collector, if one is configured. The rest of the library touches the API only."""

from __future__ import annotations

from collections.abc import Callable

from aevatar.errors import Misassembled
from aevatar.server.settings import Settings


def configure_telemetry(settings: Settings, version: str) -> Callable[[], None]:
    """Sets up the export of spans, if an endpoint is configured; the answer sends what is left, at the end.

    Raises: Misassembled when the extra is missing.
    """
    if settings.otlp_endpoint is None:
        return lambda: None
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as missing:
        raise Misassembled("exporting spans needs an extra: install aevatar[otel]") from missing
    provider = TracerProvider(resource=Resource.create({"service.name": "aevatar", "service.version": version}))
    address = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    trace.set_tracer_provider(provider)
    return provider.shutdown
