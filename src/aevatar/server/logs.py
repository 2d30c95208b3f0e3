"""Structured logs, ours and those of the libraries below, to standard error. They hold neither payloads nor secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from aevatar.server.settings import Settings

_HIDDEN: Final = "***"
_SECRET_NAMES = re.compile(r"(?i)authorization|cookie|password|passwd|secret|api_?key|access_?token|bearer|^token$")
_SECRET_TEXTS = re.compile(
    r"(?i)(?<=bearer )\S+|aev_[0-9a-f]{12}_[0-9a-f]{64}|\bsk-[A-Za-z0-9_-]{8,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)


def configure_logs(settings: Settings) -> None:
    """Sets up logging for the whole process: structlog's and the standard library's in one form."""
    before: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # The plain format: a traceback that shows local variables shows secrets.
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings)],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # it tells what we tell
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs whole addresses


def redact(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hides what is called like a secret, and what looks like one inside any text."""
    for name, value in event.items():
        if _SECRET_NAMES.search(name):
            event[name] = _HIDDEN
        elif isinstance(value, str):
            event[name] = _SECRET_TEXTS.sub(_HIDDEN, value)
    return event


def _renderer(settings: Settings) -> structlog.types.Processor:
    is_console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    if is_console:
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer()
