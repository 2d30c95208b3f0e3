from __future__ import annotations

from tests.quiet import silent_logs

__all__ = ["silent_logs"]
