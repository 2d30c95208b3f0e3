"""Deaths are not logged here, and what an audit counted is told."""

from tests.quiet import silent_logs
from tests.torture.audits import audit

__all__ = ["audit", "silent_logs"]
