"""Replies to chat channels: what a run sends to its sinks, and when."""

from __future__ import annotations

from aevatar.actors import EffectFailed
from aevatar.agents.runs.base import RunBase


class Replies(RunBase):
    """The part of a run that speaks to its sinks."""

    def reply_grows(self, text: str) -> None:
        """Hears the whole text so far."""

    def reply_effect_failed(self, cmd: EffectFailed) -> None:
        """Takes the failure of a sink's effect."""
