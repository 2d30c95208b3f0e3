"""What an unfinished call has started ends with the run that made the call, even where that run never heard of it.

Between the dispatch of an invocation and its result lies a gap: the run below exists, or is about to, and the run above
does not know. Its key follows from the id of the effect, so it can be told all the same; and because the word may come
before the run has begun, it is kept there, and the run then ends before it does anything. A run that was only to be
started (`wait: ack`) knows that of itself, and goes on.
"""

from __future__ import annotations

from aevatar.actors import command
from aevatar.agents.runs.base import RunBase
from aevatar.agents.runs.callers import principal_of, run_key
from aevatar.agents.runs_pb2 import (
    EndingWithParent,
    EndWithParent,
    RoundCall,
    RunErasureDue,
    RunForestalled,
    SubRunAbandoned,
)
from aevatar.identity import ActorId

FORESTALLED_FOR = 24 * 3600.0
"""Seconds for which the word is kept for a run that may never begin."""
ABANDONED = "The run above ended first, or gave up the call."


class Abandoning(RunBase):
    """The part of a run that ends with the run above, and ends those below."""

    def abandon(self, call: RoundCall) -> None:
        """Ends the run that a call may have started. Harmless if it has not."""
        starter = principal_of(self.state.caller, self.id.scope)
        below = ActorId(self.id.kind, self.id.scope, run_key("run", starter, call.effect_id))
        self.emit(SubRunAbandoned(call_id=call.call_id, run=below.text))
        self.send(below, EndWithParent())

    @command(creates=True)
    def end_with_parent(self, cmd: EndWithParent) -> EndingWithParent:
        if self.state.HasField("start"):
            if not self.state.start.context.is_detached:
                self.tell_usage_if_ended()
                self.stop(ABANDONED)
        elif not self.state.forestalled_at:
            self.emit(RunForestalled(at=self.turn.now_ms))
            self.schedule("erase", FORESTALLED_FOR, RunErasureDue())
        return EndingWithParent()

    def is_forestalled(self) -> bool:
        """Whether the run was to end before it began."""
        return bool(self.state.forestalled_at) and not self.state.start.context.is_detached

    def stop(self, reason: str) -> None:
        """Cancels the run if it has not ended. Defined by the loop."""
