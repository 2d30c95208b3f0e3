"""One round of tool calls: which may start, who has to be asked, and what goes back to the model, in call order."""

from __future__ import annotations

import json

from aevatar.actors import EffectFailed, EffectInterrupted, command, signal
from aevatar.agents.runs.base import OUTPUT_LIMIT, RunBase
from aevatar.agents.runs.facts import approval_of, call_of, copy
from aevatar.agents.runs.streaming import call_shown
from aevatar.agents.runs_pb2 import (
    CALL_PHASE_BLOCKED,
    CALL_PHASE_DONE,
    CALL_PHASE_HELD,
    CALL_PHASE_RUNNING,
    CALL_PHASE_WAITING,
    Approval,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalNeeded,
    ApprovalRequested,
    ApprovalSettled,
    CallTool,
    CallToolOnce,
    DecideApproval,
    FixedTool,
    FollowSubRun,
    Item,
    ReconcileTool,
    ResultItem,
    ResultsDelivered,
    RoundCall,
    RunConcluded,
    SubRun,
    SubRunEnded,
    SubRunFinished,
    SubRunMirrored,
    SubRunObserved,
    SubRunStarted,
    ToolCallHeld,
    ToolCallsProposed,
    ToolCallStarted,
    ToolContext,
    ToolFinished,
    ToolOutcomeUnknown,
    ToolReconciled,
    ToolResultRecorded,
    WaitPassed,
)
from aevatar.agents.stream_pb2 import StepClosed
from aevatar.errors import Rejected
from aevatar.models.models_pb2 import ToolCall, ToolChoice
from aevatar.tools import CallAttempt, CallState, FailureCode, ToolResult, failure, is_futile, startable
from aevatar.tools import RoundCall as OrderedCall

APPROVAL_SECONDS = 24 * 3600.0
DENIALS = 3
"""Denials of one tool in a run, after which nobody is asked about it again."""

_ORDER = {
    CALL_PHASE_WAITING: CallState.WAITING,
    CALL_PHASE_BLOCKED: CallState.BLOCKED,
    CALL_PHASE_RUNNING: CallState.RUNNING,
    CALL_PHASE_HELD: CallState.RUNNING,
    CALL_PHASE_DONE: CallState.DONE,
}
_DECISIONS = {"approval": ("approve", "deny"), "outcome_unknown": ("retry", "done", "failed")}


class ToolRound(RunBase):
    """The part of a run between a model's calls and its next turn to speak."""

    def next_call(self) -> None:
        """Asks the model again. Defined by the loop."""

    # Proposing

    def is_client(self, name: str) -> bool:
        """Whether a call is the client's to answer."""
        tool = self.tool(name)
        return tool is not None and tool.is_client

    def tool(self, name: str) -> FixedTool | None:
        """What was fixed of a tool when the run began."""
        return next((tool for tool in self.state.tools if tool.name == name), None)

    def propose(self, calls: list[ToolCall]) -> None:
        """Takes the calls of one reply; the ones that cannot be made are answered at once."""
        state = self.state
        for number, call in enumerate(calls):
            self.show_all(call_shown(self.live.item_id("fc", number), call, is_client=self.is_client(call.name)))
        round_calls = [
            RoundCall(
                call_id=call.call_id,
                name=call.name,
                arguments=call.arguments,
                is_client=self.is_client(call.name),
            )
            for call in calls
        ]
        self.emit(ToolCallsProposed(round=state.round, calls=round_calls))
        for number, proposed in enumerate(list(state.calls)):
            if not proposed.is_client and (refusal := self._refusal(proposed, number)) is not None:
                self._record(proposed, refusal)
        self._advance()

    def _refusal(self, call: RoundCall, number: int) -> ToolResult | None:
        state = self.state
        choice, limits = state.start.tool_choice, state.start.limits
        if self.tool(call.name) is None:
            offered = ", ".join(sorted(tool.name for tool in state.tools)) or "none"
            return failure(FailureCode.TOOL_NOT_FOUND, f"There is no tool {call.name!r}. Offered: {offered}.")
        is_barred = choice.mode == ToolChoice.MODE_NONE or (choice.names and call.name not in choice.names)
        if is_barred:
            return failure(FailureCode.TOOL_NOT_ALLOWED, f"{call.name!r} may not be called in this run.")
        if number >= limits.calls_per_round or state.calls_made - len(state.calls) + number >= limits.calls:
            return failure(FailureCode.TOOL_NOT_ALLOWED, "No more calls may be made.")
        past = [CallAttempt(past.name, past.arguments, past.has_failed) for past in state.past_calls]
        if is_futile(call.name, call.arguments, history=past):
            return failure(FailureCode.TOOL_SKIPPED, "This very call has failed twice; change something.")
        if state.denials.get(call.name, 0) >= DENIALS:
            return failure(FailureCode.TOOL_DENIED, "Calls of this tool were denied; do not ask again.")
        return None

    # Going on

    def _advance(self) -> None:
        """Starts what may start; at the end of the round, goes on."""
        state = self.state
        own = [call for call in state.calls if not call.is_client]
        for call_id in startable([self._ordered(call) for call in own], is_parallel=not state.start.serial_calls):
            self._start_call(call_id)
        open_calls = [call for call in own if call.phase != CALL_PHASE_DONE]
        if not open_calls:
            self._deliver_results(own)
        elif all(call.phase in (CALL_PHASE_BLOCKED, CALL_PHASE_WAITING) for call in open_calls):
            self.suspend_if_blocked()

    def _ordered(self, call: RoundCall) -> OrderedCall:
        tool = self.tool(call.name)
        return OrderedCall(call.call_id, tool is not None and tool.read_only, _ORDER[call.phase])

    def _start_call(self, call_id: str) -> None:
        call = call_of(self.state, call_id)
        if call is None:
            return
        request = self._call_request(call)
        tool = self.tool(call.name)
        is_repeatable = tool is not None and (tool.read_only or tool.idempotent)
        effect_id = self.start(request if is_repeatable else CallToolOnce(call=request))
        self.emit(ToolCallStarted(call_id=call_id, effect_id=effect_id))

    def _call_request(self, call: RoundCall) -> CallTool:
        start = self.state.start
        tool = self.tool(call.name)
        prefilled = next((entry.arguments for entry in start.prefilled if entry.tool == call.name), "")
        return CallTool(
            call_id=call.call_id,
            name=call.name,
            arguments=call.arguments,
            digest=tool.digest if tool else "",
            tool_set=start.persona.tool_set,
            context=self.tool_context(call.call_id, self.state.deadline),
            prefilled=prefilled,
            at_least=start.persona.tightened.get(call.name, ""),
            is_approved=call.is_approved,
        )

    def tool_context(self, call_id: str, deadline: int) -> ToolContext:
        """What a tool may know about this run."""
        start = self.state.start
        return ToolContext(
            run=self.id.text,
            run_context=start.context,
            call_id=call_id,
            model=self.state.model,
            deadline=deadline,
            origin=start.origin,
            lineage_key=start.persona.agent_key,
        )

    def _deliver_results(self, own: list[RoundCall]) -> None:
        state = self.state
        items = [_result_item(call, state.round) for call in own]
        has_client_calls = any(call.is_client for call in state.calls)
        self.emit(ResultsDelivered(round=state.round, items=items))
        self.show(StepClosed(round=state.round))
        if has_client_calls:
            self.end("completed")
        else:
            self.next_call()

    # Results

    @command
    def tool_finished(self, cmd: ToolFinished) -> None:
        call = self._running(cmd.call_id)
        if call is None:
            return
        if cmd.HasField("sub_run"):
            self._follow(cmd)
        if cmd.HasField("hold"):
            hold = cmd.hold
            until = self.turn.now_ms + round(hold.seconds * 1000)
            self.emit(ToolCallHeld(call_id=cmd.call_id, wait_key=hold.wait_key, otherwise=hold.otherwise, until=until))
            self.schedule(f"wait:{cmd.call_id}", hold.seconds, WaitPassed(call_id=cmd.call_id))
        else:
            self._record(call, cmd.result)
        self._advance()

    def _running(self, call_id: str) -> RoundCall | None:
        if self.is_over:
            return None
        call = call_of(self.state, call_id)
        return call if call is not None and call.phase == CALL_PHASE_RUNNING else None

    def _record(self, call: RoundCall, result: ToolResult) -> None:
        self.show_result(call, result)
        self.emit(ToolResultRecorded(call_id=call.call_id, result=result))

    @command
    def wait_passed(self, cmd: WaitPassed) -> None:
        call = call_of(self.state, cmd.call_id)
        if not self.is_over and call is not None and call.phase == CALL_PHASE_HELD:
            self._record(call, copy(call.otherwise))
            self._advance()

    def tool_effect_failed(self, cmd: EffectFailed) -> bool:
        """Takes the failure of a call's effect; answers whether it was one."""
        call = self._call_by_effect(cmd.effect_id)
        if call is None:
            return self._follower_failed(cmd)
        code = FailureCode.TOOL_TIMEOUT if cmd.code == "timeout" else FailureCode.TOOL_FAILED
        self._record(call, failure(code, cmd.message or cmd.code))
        self._advance()
        return True

    def _call_by_effect(self, effect_id: str) -> RoundCall | None:
        return next((call for call in self.state.calls if call.effect_id and call.effect_id == effect_id), None)

    def answer_all_calls(self) -> None:
        """Gives every unanswered call a result: a transcript never holds a call without one."""
        state = self.state
        own = [call for call in state.calls if not call.is_client]
        if not own:
            return
        for call in own:
            if call.phase != CALL_PHASE_DONE:
                if call.effect_id:
                    self.cancel_effect(call.effect_id)
                self.cancel(f"wait:{call.call_id}")
                self._record(call, failure(FailureCode.TOOL_CANCELLED, "The run was cancelled."))
        items = [_result_item(call, state.round) for call in own]
        self.emit(ResultsDelivered(round=state.round, items=items))

    # Asking a person

    @command
    def approval_needed(self, cmd: ApprovalNeeded) -> None:
        call = self._running(cmd.call_id)
        if call is None:
            return
        self._ask(call, cmd.reason or "approval")
        self._advance()

    def _ask(self, call: RoundCall, reason: str) -> None:
        approval = Approval(
            id=f"apr_{self.turn.new_id()}",
            call_id=call.call_id,
            tool=call.name,
            arguments=call.arguments,
            reason=reason,
            expires_at=self.turn.now_ms + round(APPROVAL_SECONDS * 1000),
        )
        self.emit(ApprovalRequested(approval=approval))
        self.schedule(f"approval:{approval.id}", APPROVAL_SECONDS, ApprovalExpired(approval_id=approval.id))

    @command
    def decide(self, cmd: DecideApproval) -> ApprovalDecided:
        approval = approval_of(self.state, cmd.approval_id)
        if approval is None:
            raise Rejected("approval_not_found", "This run asks for no such approval.", "approvalId")
        if approval.decision:
            if approval.decision == cmd.decision:
                return ApprovalDecided(approval_id=approval.id, decision=approval.decision)
            raise Rejected("approval_already_resolved", f"It was decided before: {approval.decision}.", "decision")
        if self.is_over:
            raise Rejected("run_ended", "The run has ended.")
        allowed = _DECISIONS["outcome_unknown" if approval.reason == "outcome_unknown" else "approval"]
        if cmd.decision not in allowed:
            raise Rejected("invalid_decision", f"Decide one of {', '.join(allowed)}.", "decision")
        self._settle(copy(approval), cmd)
        return ApprovalDecided(approval_id=approval.id, decision=cmd.decision)

    def _settle(self, approval: Approval, decision: DecideApproval) -> None:
        self.cancel(f"approval:{approval.id}")
        self.emit(
            ApprovalSettled(
                approval_id=approval.id,
                decision=decision.decision,
                reason=decision.reason,
                arguments=decision.arguments,
                by=self.turn.principal.subject,
                credential_handle_id=decision.credential_handle_id,
            )
        )
        self.resume_if_suspended()
        call = call_of(self.state, approval.call_id)
        if call is not None and (result := _result_of(decision)) is not None:
            self._record(call, result)
        self._advance()

    @command
    def approval_expired(self, cmd: ApprovalExpired) -> None:
        approval = approval_of(self.state, cmd.approval_id)
        if approval is not None and not approval.decision and not self.is_over:
            decision = "unknown" if approval.reason == "outcome_unknown" else "expired"
            self._settle(copy(approval), DecideApproval(approval_id=approval.id, decision=decision))

    # After a crash

    def tool_interrupted(self, cmd: EffectInterrupted) -> None:
        """A call that may have taken effect, or not, when the process died."""
        call = self._call_by_effect(cmd.effect_id)
        if call is None:
            return
        tool = self.tool(call.name)
        self.emit(ToolOutcomeUnknown(call_id=call.call_id, effect_id=cmd.effect_id))
        if tool is not None and tool.reconciles:
            effect_id = self.start(ReconcileTool(call=self._call_request(call), effect_id=cmd.effect_id))
            self.emit(ToolCallStarted(call_id=call.call_id, effect_id=effect_id))
        else:
            self._outcome_unknown(call)
        self._advance()

    @command
    def reconciled(self, cmd: ToolReconciled) -> None:
        call = self._running(cmd.call_id)
        if call is None:
            return
        if not cmd.is_known:
            self._outcome_unknown(call)
        elif cmd.took_effect:
            self._record(call, cmd.result)
        else:
            self._start_call(call.call_id)
        self._advance()

    def _outcome_unknown(self, call: RoundCall) -> None:
        if self.state.start.context.is_unattended:
            self._record(call, failure(FailureCode.TOOL_OUTCOME_UNKNOWN, "Whether it took effect is not known."))
        else:
            self._ask(call, "outcome_unknown")

    # Sub-runs

    def _follow(self, finished: ToolFinished) -> None:
        sub_run = finished.sub_run
        effect_id = ""
        if sub_run.wait != "ack":
            effect_id = self.start(self._following(finished.call_id, sub_run, after=0))
        self.emit(SubRunStarted(call_id=finished.call_id, sub_run=sub_run, effect_id=effect_id))

    def _following(self, call_id: str, sub_run: SubRun, *, after: int) -> FollowSubRun:
        detail = self.state.start.persona.detail or "all"
        return FollowSubRun(call_id=call_id, run=sub_run.run, session=sub_run.session, after=after, detail=detail)

    @signal
    def sub_run_observed(self, cmd: SubRunObserved) -> None:
        if self.has_ended or cmd.call_id not in self.state.sub_runs:
            return
        fresh = [event for event in cmd.events if event.cursor > self.state.sub_runs[cmd.call_id].cursor]
        if fresh:
            self.emit(SubRunMirrored(call_id=cmd.call_id, cursor=fresh[-1].cursor, events=fresh))

    @command
    def sub_run_finished(self, cmd: SubRunFinished) -> None:
        if self.has_ended or cmd.call_id not in self.state.sub_runs or self.state.sub_runs[cmd.call_id].status:
            return
        self.emit(SubRunEnded(call_id=cmd.call_id, status=cmd.status, usage=cmd.usage))
        call = call_of(self.state, cmd.call_id)
        if call is not None and call.phase == CALL_PHASE_HELD:
            self.cancel(f"wait:{cmd.call_id}")
            self._record(call, _in_time(copy(call.otherwise), cmd))
            self._advance()
        self.close_when_done()

    @command
    def concluded(self, cmd: RunConcluded) -> None:
        """A sub-run that reports by itself: heard through its session already."""

    def _follower_failed(self, cmd: EffectFailed) -> bool:
        for call_id, sub_run in self.state.sub_runs.items():
            if sub_run.effect_id and sub_run.effect_id == cmd.effect_id:
                self.sub_run_finished(SubRunFinished(call_id=call_id, status="unknown", error_code=cmd.code))
                return True
        return False


def _result_item(call: RoundCall, number: int) -> Item:
    return Item(id=f"fco_{call.call_id}", result=ResultItem(call_id=call.call_id, result=call.result), round=number)


def _result_of(decision: DecideApproval) -> ToolResult | None:
    """What a decision other than to go ahead means for the call."""
    match decision.decision:
        case "deny":
            return failure(FailureCode.TOOL_DENIED, decision.reason or "A person denied the call.")
        case "expired":
            return failure(FailureCode.APPROVAL_EXPIRED, "Nobody decided in time.")
        case "unknown":
            return failure(FailureCode.TOOL_OUTCOME_UNKNOWN, "Whether it took effect is not known.")
        case "done":
            return ToolResult(text=json.dumps({"status": "done", "note": decision.reason}))
        case "failed":
            return failure(FailureCode.TOOL_FAILED, decision.reason or "A person found that it failed.")
    return None


def _in_time(otherwise: ToolResult, finished: SubRunFinished) -> ToolResult:
    """The result of a call that waited for a sub-run, with how that ended filled in."""
    told = json.loads(otherwise.text)
    told |= {"status": finished.status, "output_text": _cut(finished.text)}
    told["usage"] = {
        "input_tokens": finished.usage.input_tokens,
        "output_tokens": finished.usage.output_tokens,
    }
    if finished.error_code:
        told["error"] = {"code": finished.error_code, "message": finished.error_message}
    otherwise.text = json.dumps(told, ensure_ascii=False)
    return otherwise


def _cut(text: str) -> str:
    return text.encode()[:OUTPUT_LIMIT].decode(errors="ignore")
