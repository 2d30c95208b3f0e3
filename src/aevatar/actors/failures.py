"""Where something failed, for the log: files, lines and functions, and never the values that were at hand."""

from __future__ import annotations

from traceback import format_tb


def where(error: BaseException) -> str:
    """The way to the place where `error` was raised, without its text: that may hold what a message said."""
    return "".join(format_tb(error.__traceback__))
