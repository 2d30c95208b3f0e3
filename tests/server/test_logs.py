from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from aevatar.credentials import Secret
from aevatar.server import Settings
from aevatar.server.logs import configure_logs
from aevatar.testing import assert_no_secret

MARKER = "s3cr3t-marker"


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def failing() -> None:
    local = f"{MARKER}-in-a-variable"
    assert local
    raise ValueError(f"Authorization: Bearer {MARKER}")


def log_all() -> None:
    log = structlog.get_logger("aevatar.test")
    log.info(
        "all",
        authorization=MARKER,
        token=MARKER,
        api_key=MARKER,
        password=MARKER,
        credential=Secret(MARKER),
        text=f"sent Authorization: Bearer {MARKER} to postgresql://me:{MARKER}@host/db",
        other=f"aev_0123456789ab_{'0' * 64}",
        actor="sample.tally/dev/a",
    )
    try:
        failing()
    except ValueError:
        log.exception("failed")
        logging.getLogger("a.library").exception("failed too: Bearer %s", MARKER)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_gets_into_a_log(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure_logs(Settings(log_format=log_format))
    log_all()
    written = capsys.readouterr().err
    assert_no_secret(MARKER, written)
    assert "sample.tally/dev/a" in written
    assert written.count("ValueError") >= 2


def test_a_log_is_one_json_object_a_line_also_for_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    log_all()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["logger"], line["level"], line["event"]) for line in lines] == [
        ("aevatar.test", "info", "all"),
        ("aevatar.test", "error", "failed"),
        ("a.library", "error", "failed too: Bearer ***"),
    ]
    assert (lines[0]["text"], lines[0]["other"]) == (
        "sent Authorization: Bearer *** to postgresql://***@host/db",
        "***",
    )


def test_a_level_hides_what_is_below(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json", log_level="warning"))
    log = structlog.get_logger("aevatar.test")
    log.info("hidden")
    log.warning("shown")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["shown"]
