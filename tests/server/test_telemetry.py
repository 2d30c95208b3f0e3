from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aevatar.errors import Misassembled
from aevatar.server import Settings
from aevatar.server.telemetry import configure_telemetry

EXPORT_ONE_SPAN = """
import sys
from opentelemetry import trace
from aevatar.server import Settings
from aevatar.server.telemetry import configure_telemetry
finish = configure_telemetry(Settings(otlp_endpoint=sys.argv[1]), "1.2.3")
trace.get_tracer("test").start_span("one span").end()
finish()
"""


class Collector(HTTPServer):
    """Takes spans, as an OpenTelemetry collector would."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        super().__init__(("127.0.0.1", 0), Taking)


class Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_spans_go_to_the_collector_the_last_ones_too(collector: Collector) -> None:
    address = f"http://127.0.0.1:{collector.server_port}"
    subprocess.run([sys.executable, "-c", EXPORT_ONE_SPAN, address], check=True, timeout=30)
    [(path, body)] = collector.received
    assert (path, b"one span" in body, b"1.2.3" in body) == ("/v1/traces", True, True)


def test_without_an_endpoint_nothing_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    configure_telemetry(Settings(), "1.2.3")()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(Misassembled, match=r"install aevatar\[otel\]"):
        configure_telemetry(Settings(otlp_endpoint="http://localhost:4318"), "1.2.3")
