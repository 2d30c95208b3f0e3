"""What the parts of a run share: its own id, its live reply, and the road to its end."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import Message

from aevatar.agents.runs.facts import STATUS_NAMES, RunFacts, add_usage, copy
from aevatar.agents.runs.streaming import LiveReply
from aevatar.agents.runs_pb2 import (
    RUN_STATUS_COMPLETED,
    RUN_STATUS_SUSPENDED,
    CancelRun,
    DeadlinePassed,
    ReplyRestarted,
    RoundCall,
    RunConcluded,
    RunConcluding,
    RunEnded,
    RunErasureDue,
    RunResumedFact,
    RunSuspendedFact,
    SubRunEnded,
    SubRunState,
)
from aevatar.agents.stream_pb2 import MessageRestarted, ToolResultShown
from aevatar.identity import ActorId
from aevatar.models.models_pb2 import ModelFailure, Usage
from aevatar.tools import ToolResult

UNSTORED_FOR = 30.0
"""Seconds for which readers of an unstored run can still read its end."""
OUTPUT_LIMIT = 32 * 1024


class RunBase(RunFacts):
    """The run as its parts know it."""

    _live: LiveReply | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the end is recorded, and nothing can happen any more."""
        return self.state.status >= RUN_STATUS_COMPLETED

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, or has only its last words and its sub-runs still to come."""
        return self.has_ended or self.state.HasField("concluding")

    @property
    def live(self) -> LiveReply:
        """The reply under way, as far as readers have seen it."""
        if self._live is None:
            state = self.state
            self._live = LiveReply(
                run=self.id.text,
                round_number=state.round,
                restarts=state.restarts,
                kept=state.open_text,
                is_open=state.is_message_open,
            )
        return self._live

    def show_all(self, observations: Iterator[Message]) -> None:
        """Shows one after the other."""
        for observation in observations:
            self.show(observation)

    def restart_reply(self, reason: str) -> None:
        """Has what readers saw of a reply closed as incomplete; the reply comes again under new items."""
        self.emit(ReplyRestarted(call_id=self.state.call.call_id, reason=reason))
        self.show(MessageRestarted(reason=reason))
        self._live = None

    def show_result(self, call: RoundCall, result: ToolResult) -> None:
        """Shows how a call ended."""
        self.show(ToolResultShown(call_id=call.call_id, name=call.name, text=result.text, error_code=result.error.code))

    def usage(self) -> Usage:
        """All tokens of the run and its sub-runs."""
        total = Usage()
        for counted in self.state.usage:
            add_usage(total, counted.usage)
        for sub_run in self.state.sub_runs.values():
            add_usage(total, sub_run.usage)
        return total

    def output_text(self) -> str:
        """The text of the newest message of the model."""
        for item in reversed(self.state.items):
            if not item.is_input and item.WhichOneof("content") == "message":
                return "".join(part.text for part in item.message.parts)
        return ""

    # Suspension

    def suspend_if_blocked(self) -> None:
        """Stops the clock while nothing is left to do but for a person to decide."""
        if self.state.status == RUN_STATUS_SUSPENDED:
            return
        remaining = max(1000, self.state.deadline - self.turn.now_ms)
        self.emit(RunSuspendedFact(at=self.turn.now_ms, remaining_ms=remaining))
        self.cancel("deadline")

    def resume_if_suspended(self) -> None:
        """Lets the clock run again."""
        if self.state.status == RUN_STATUS_SUSPENDED:
            self.emit(RunResumedFact(at=self.turn.now_ms))
            self.schedule("deadline", self.state.remaining_ms / 1000, DeadlinePassed())

    # The end

    def end(self, status: str, code: str = "", message: str = "", *, rounds_exhausted: bool = False) -> None:
        """Ends the run; whatever else was under way is given up.

        The end is recorded once the sinks have taken the last text, and a run that went well lets the sub-runs it
        follows go to their end, too.
        """
        if self.is_over:
            return
        end = RunEnded(status=status, code=code, message=message[:500], rounds_exhausted=rounds_exhausted)
        self._give_up_work(is_well=status == "completed")
        self.finalise_replies()
        if self._has_something_to_wait_for():
            self.emit(RunConcluding(end=end))
        else:
            self._close(end)

    def finalise_replies(self) -> None:
        """Sends every sink its last text."""

    def close_when_done(self) -> None:
        """Records the end of a run that is concluding, if there is nothing left to wait for."""
        if self.state.HasField("concluding") and not self._has_something_to_wait_for():
            self._close(copy(self.state.concluding))

    def close_now(self) -> None:
        """Records the end of a run that is concluding, whatever it still waits for."""
        if self.state.HasField("concluding"):
            self._cancel_sub_runs()
            self._close(copy(self.state.concluding))

    def _has_something_to_wait_for(self) -> bool:
        return any(not sink.finalised for sink in self.state.sinks) or bool(self._followed_sub_runs())

    def _followed_sub_runs(self) -> list[SubRunState]:
        return [sub_run for sub_run in self.state.sub_runs.values() if not sub_run.status and sub_run.effect_id]

    def _close(self, end: RunEnded) -> None:
        end.at = self.turn.now_ms
        end.usage.CopyFrom(self.usage())
        end.reply_failed = any(sink.failed for sink in self.state.sinks)
        start = self.state.start
        for name in ("deadline", "replies"):
            self.cancel(name)
        self.emit(end)
        if start.report_to:
            self.send(ActorId.parse(start.report_to), self._concluded(end))
        if start.is_unstored:
            self.schedule("erase", UNSTORED_FOR, RunErasureDue())

    def _concluded(self, end: RunEnded) -> RunConcluded:
        concluded = RunConcluded(
            run_id=self.id.text,
            correlation=self.state.start.context.parent_call_id,
            status=end.status,
            text=self.output_text(),
            usage=end.usage,
        )
        if end.code:
            concluded.error.CopyFrom(ModelFailure(code=end.code, message=end.message))
        return concluded

    def _give_up_work(self, *, is_well: bool) -> None:
        state = self.state
        for effect_id in (state.discovery_effect, state.call.effect_id, *(call.effect_id for call in state.calls)):
            if effect_id:
                self.cancel_effect(effect_id)
        for call in state.calls:
            self.cancel(f"wait:{call.call_id}")
        for approval in state.approvals:
            self.cancel(f"approval:{approval.id}")
        if not is_well:
            self._cancel_sub_runs()

    def _cancel_sub_runs(self) -> None:
        for call_id, sub_run in list(self.state.sub_runs.items()):
            if not sub_run.status and sub_run.effect_id:
                self.cancel_effect(sub_run.effect_id)
                self.send(ActorId.parse(sub_run.sub_run.run), CancelRun(reason="parent_ended"))
                self.emit(SubRunEnded(call_id=call_id, status="cancelled"))

    def status_name(self) -> str:
        """The status in words."""
        return STATUS_NAMES[self.state.status]
