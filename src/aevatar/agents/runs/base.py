"""What the parts of a run share: its live reply, what others are told of it, and the road to its end."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import Message

from aevatar.agents.runs.calling.streaming import LiveReply
from aevatar.agents.runs.facts import STATUS_NAMES, RunFacts, copy
from aevatar.agents.runs.reserving.pricing import usage_of
from aevatar.agents.runs_pb2 import (
    CALL_PHASE_BLOCKED,
    RUN_STATUS_COMPLETED,
    RUN_STATUS_SUSPENDED,
    Approval,
    ApprovalReported,
    CancelRun,
    DeadlinePassed,
    ReplyRestarted,
    RoundCall,
    RunConcluded,
    RunConcluding,
    RunEnded,
    RunErasureDue,
    RunProgressed,
    RunResumedFact,
    RunSuspendedFact,
    SubRunEnded,
    SubRunState,
    SubRunUsed,
    ToolResultRecorded,
)
from aevatar.agents.stream_pb2 import MessageRestarted, ToolResultShown
from aevatar.identity import ActorId
from aevatar.models.models_pb2 import ROLE_ASSISTANT, ModelFailure, Usage
from aevatar.tools import ToolResult

UNSTORED_FOR = 30.0
"""Seconds for which readers of an unstored run can still read its end."""
STORED_FOR = 30 * 24 * 3600.0
"""Seconds for which other runs are kept once they have ended."""
PROGRESS_MS = 100
PROGRESS_CHARACTERS = 1024
"""Whoever a run reports to hears of its progress when either has been passed."""
OUTPUT_LIMIT = 32 * 1024
PARENT_ENDED = "parent_ended"


class RunBase(RunFacts):
    """The run as its parts know it."""

    _live: LiveReply | None = None
    _reported: tuple[int, int] = (0, 0)

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
                again=state.again,
                thoughts=sum(item.is_internal and item.HasField("reasoning") for item in state.items),
                is_open=state.is_message_open,
            )
            self._live.is_blind = state.call.is_shown and bool(state.call.effect_id)
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

    def record_result(self, call: RoundCall, result: ToolResult) -> None:
        """Records and shows how a call ended."""
        shown = ToolResultShown(call_id=call.call_id, name=call.name, text=result.text, error_code=result.error.code)
        if result.parts or result.whole_blob_id:
            shown.whole_blob_id = result.whole_blob_id
            shown.parts.extend(result.parts)
        self.show(shown)
        self.emit(ToolResultRecorded(call_id=call.call_id, result=result))

    def advance(self) -> None:
        """Goes on with the round. Defined by what knows rounds."""

    def usage(self) -> Usage:
        """All tokens of the run and its sub-runs."""
        return usage_of(self.state)

    def output_text(self) -> str:
        """The text of the newest message of the model."""
        for item in reversed(self.state.items):
            if item.WhichOneof("content") == "message" and item.message.role == ROLE_ASSISTANT and not item.is_input:
                return "".join(part.text for part in item.message.parts)
        return ""

    # Reports

    def report_progress(self, text: str) -> None:
        """Tells whoever the run reports to how far its text has come, not too often."""
        start = self.state.start
        at, length = self._reported
        is_due = self.turn.now_ms - at >= PROGRESS_MS or len(text) - length >= PROGRESS_CHARACTERS
        if start.report_to and (is_due or len(text) < length):
            self._reported = self.turn.now_ms, len(text)
            progressed = RunProgressed(run_id=self.id.text, correlation=start.context.parent_call_id, text=text)
            self.signal(ActorId.parse(start.report_to), progressed)

    def report_approval(self, approval: Approval) -> None:
        """Tells the same that a decision is asked for, or was given."""
        start = self.state.start
        if start.report_to:
            correlation = start.context.parent_call_id
            reported = ApprovalReported(run_id=self.id.text, correlation=correlation, approval=approval)
            self.send(ActorId.parse(start.report_to), reported)

    # Suspension

    def suspend_if_blocked(self) -> None:
        """Stops the clock while nothing is left to do but for a person to decide."""
        if self.state.status == RUN_STATUS_SUSPENDED:
            return
        remaining = max(1000, self.state.deadline - self.turn.now_ms)
        asked = [call.approval_id for call in self.state.calls if call.phase == CALL_PHASE_BLOCKED]
        self.emit(RunSuspendedFact(at=self.turn.now_ms, remaining_ms=remaining, approval_ids=asked))
        self.cancel("deadline")

    def resume_if_suspended(self) -> None:
        """Lets the clock run again."""
        if self.state.status == RUN_STATUS_SUSPENDED:
            self.emit(RunResumedFact(at=self.turn.now_ms))
            self.schedule("deadline", self.state.remaining_ms / 1000, DeadlinePassed())

    # The end

    def end(self, status: str, code: str = "", message: str = "", *, rounds_exhausted: bool = False) -> None:
        """Ends the run; whatever else was under way is given up, and no call is left without a result.

        The end is recorded once the sinks have taken the last text, and a run that went well lets the sub-runs it
        follows go to their end, too.
        """
        if self.is_over:
            return
        end = RunEnded(status=status, code=code, message=message[:500], rounds_exhausted=rounds_exhausted)
        self.give_up_reply()
        self.give_up_approvals()
        self.answer_all_calls()
        if self.state.discovery_effect:
            self.cancel_effect(self.state.discovery_effect)
        if status != "completed":
            self._cancel_sub_runs()
        self.finalise_replies()
        if self._has_something_to_wait_for():
            self.emit(RunConcluding(end=end))
        else:
            self._close(end)

    def give_up_reply(self) -> None:
        """Ends the model's call under way, and keeps what readers saw of it. Defined by the loop."""

    def answer_all_calls(self) -> None:
        """Gives every unanswered call a result. Defined by what knows rounds."""

    def give_up_approvals(self) -> None:
        """Settles what nobody needs to decide any more. Defined by what asks."""

    def finalise_replies(self) -> None:
        """Sends every sink its last text. Defined by what speaks to sinks."""

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
        end.usage_by_model.extend(self.state.usage)
        end.reply_failed = any(sink.failed for sink in self.state.sinks)
        start = self.state.start
        for name in ("deadline", "replies", *(f"reply:{sink.sink.id}" for sink in self.state.sinks)):
            self.cancel(name)
        self.emit(end)
        if start.report_to:
            self.send(ActorId.parse(start.report_to), self._concluded(end))
        if start.context.is_detached or self.state.cancelling:
            self.report_usage()
        self.schedule("erase", UNSTORED_FOR if start.is_unstored else STORED_FOR, RunErasureDue())

    def tell_usage_if_ended(self) -> None:
        """Reports what was used, if the end has come before the word that nobody waits for it any more."""
        if self.has_ended:
            self.report_usage()

    def report_usage(self) -> None:
        """Tells the run above what this one and all below it have used, where that does not follow it to its end."""
        context = self.state.start.context
        above = ActorId.parse(context.parent_run) if context.parent_run else None
        if above is not None and above.kind == self.id.kind:
            used = SubRunUsed(call_id=context.parent_call_id, run=self.id.text, usage=self.usage())
            self.send(above, used)

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

    def _cancel_sub_runs(self) -> None:
        for call_id, sub_run in list(self.state.sub_runs.items()):
            if not sub_run.status and sub_run.effect_id:
                self.cancel_effect(sub_run.effect_id)
                self.send(ActorId.parse(sub_run.sub_run.run), CancelRun(reason=PARENT_ENDED))
                self.emit(SubRunEnded(call_id=call_id, run_id=sub_run.sub_run.run, status="cancelled"))

    def status_name(self) -> str:
        """The status in words."""
        return STATUS_NAMES[self.state.status]
