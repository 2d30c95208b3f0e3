"""Sub-runs, seen from the run above: what they show is shown here, too, and their end may close a call."""

from __future__ import annotations

import json

from google.protobuf.message import Message

from aevatar.actors import EffectFailed, command, signal
from aevatar.agents.runs.base import OUTPUT_LIMIT, RunBase
from aevatar.agents.runs.facts import call_of, copy
from aevatar.agents.runs_pb2 import (
    CALL_PHASE_HELD,
    ApprovalReported,
    FollowSubRun,
    ObservedEvent,
    RunConcluded,
    SubRun,
    SubRunEnded,
    SubRunFinished,
    SubRunMirrored,
    SubRunObserved,
    SubRunStarted,
    SubRunState,
    SubRunUsageCounted,
    SubRunUsed,
    ToolFinished,
)
from aevatar.agents.stream_pb2 import SubRunClosed, SubRunOpened, SubRunShown
from aevatar.tools import ToolResult

_FROM_BELOW = {type_.DESCRIPTOR.full_name: type_ for type_ in (SubRunOpened, SubRunShown, SubRunClosed)}


class Mirroring(RunBase):
    """The part of a run that follows others."""

    def sub_runs_left(self) -> int:
        """How many more runs may be followed."""
        live = sum(bool(sub_run.effect_id) for sub_run in self.state.sub_runs.values())
        return max(0, self.state.start.limits.live_sub_runs - live)

    def follow(self, finished: ToolFinished) -> None:
        """Takes note of the run that a call has started, and follows it unless it was only to be started."""
        sub_run = SubRun()
        sub_run.CopyFrom(finished.sub_run)
        sub_run.depth = self.state.start.context.depth + 1
        effect_id = ""
        if sub_run.wait != "ack":
            effect_id = self.start(self._following(finished.call_id, sub_run))
        self.emit(SubRunStarted(call_id=finished.call_id, sub_run=sub_run, effect_id=effect_id))

    def _following(self, call_id: str, sub_run: SubRun) -> FollowSubRun:
        detail = self.state.start.persona.detail or "all"
        return FollowSubRun(call_id=call_id, run=sub_run.run, session=sub_run.session, detail=detail)

    @signal
    def sub_run_observed(self, cmd: SubRunObserved) -> None:
        if self.has_ended or cmd.call_id not in self.state.sub_runs:
            return
        followed = self.state.sub_runs[cmd.call_id]
        fresh = [event for event in cmd.events if event.cursor > followed.cursor]
        if not fresh:
            return
        for event in fresh:
            self.show(_shown(cmd.call_id, followed.sub_run, event))
        self.emit(SubRunMirrored(call_id=cmd.call_id, cursor=fresh[-1].cursor))

    @command
    def sub_run_finished(self, cmd: SubRunFinished) -> None:
        if self.has_ended or cmd.call_id not in self.state.sub_runs or self.state.sub_runs[cmd.call_id].status:
            return
        run_id = self.state.sub_runs[cmd.call_id].sub_run.run
        self.emit(SubRunEnded(call_id=cmd.call_id, run_id=run_id, status=cmd.status, usage=cmd.usage))
        call = call_of(self.state, cmd.call_id)
        if call is not None and call.phase == CALL_PHASE_HELD:
            self.cancel(f"wait:{cmd.call_id}")
            self.record_result(call, _in_time(copy(call.otherwise), cmd))
            self.advance()
        self.close_when_done()

    @command
    def sub_run_used(self, cmd: SubRunUsed) -> None:
        """Counts what a sub-run has used that this run does not follow, or not any more."""
        known = self.state.sub_runs[cmd.call_id] if cmd.call_id in self.state.sub_runs else SubRunState()
        if (known.effect_id and not known.status) or known.usage == cmd.usage:
            return
        self.emit(SubRunUsageCounted(call_id=cmd.call_id, usage=cmd.usage))
        if self.has_ended:  # the run above has heard of less
            self.report_usage()

    def follower_failed(self, cmd: EffectFailed) -> bool:
        """Takes the failure of an effect that follows; answers whether it was one."""
        for call_id, sub_run in self.state.sub_runs.items():
            if sub_run.effect_id and sub_run.effect_id == cmd.effect_id:
                self.sub_run_finished(SubRunFinished(call_id=call_id, status="unknown", error_code=cmd.code))
                return True
        return False

    @command
    def concluded(self, cmd: RunConcluded) -> None:
        """A sub-run that reports by itself: heard through its session already."""

    @command
    def approval_reported(self, cmd: ApprovalReported) -> None:
        """The same holds for what a sub-run asks."""


def _shown(call_id: str, sub_run: SubRun, event: ObservedEvent) -> Message:
    """One event of a sub-run; what it shows of runs below it is passed on as it is, so nothing is nested twice."""
    if (from_below := _FROM_BELOW.get(event.name)) is not None:
        return from_below.FromString(event.event)
    return SubRunShown(
        run_id=sub_run.run,
        parent_call_id=call_id,
        depth=sub_run.depth,
        cursor=event.cursor,
        name=event.name,
        event=event.event,
    )


def _in_time(otherwise: ToolResult, finished: SubRunFinished) -> ToolResult:
    """The result of a call that waited for a sub-run, with how that ended filled in."""
    told = json.loads(otherwise.text)
    told.pop("waited_ms", None)
    told |= {"status": finished.status, "output_text": _cut(finished.text)}
    told["usage"] = {
        "input_tokens": finished.usage.input_tokens,
        "output_tokens": finished.usage.output_tokens,
    }
    if finished.error_code:
        told["error"] = {"code": finished.error_code, "message": finished.error_message}
    otherwise.text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return otherwise


def _cut(text: str) -> str:
    return text.encode()[:OUTPUT_LIMIT].decode(errors="ignore")
