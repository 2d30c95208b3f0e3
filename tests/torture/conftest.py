"""Deaths are not logged here."""

from tests.quiet import silent_logs

__all__ = ["silent_logs"]
