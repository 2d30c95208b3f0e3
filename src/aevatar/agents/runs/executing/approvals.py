"""Asking a person: what a run waits for without a task, a thread or a connection, and what a decision means."""

from __future__ import annotations

import json

from aevatar.actors import command
from aevatar.agents.runs.base import RunBase
from aevatar.agents.runs.facts import approval_of, call_of, copy
from aevatar.agents.runs_pb2 import (
    CALL_PHASE_RUNNING,
    Approval,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalNeeded,
    ApprovalRequested,
    ApprovalSettled,
    DecideApproval,
    RoundCall,
)
from aevatar.errors import Rejected
from aevatar.tools import FailureCode, ToolResult, failure

APPROVAL_SECONDS = 24 * 3600.0
DENIALS = 3
"""Denials of one tool in a run, after which nobody is asked about it again."""
UNKNOWN = "outcome_unknown"
"""The reason of an approval that asks what became of a call."""
ENOUGH = "Calls of this tool were denied; do not ask again."

_DECISIONS = {"approval": ("approve", "deny"), UNKNOWN: ("retry", "done", "failed")}


class Approvals(RunBase):
    """The part of a run that asks people."""

    def running_call(self, call_id: str) -> RoundCall | None:
        """The call under this id, if it is being carried out and the run goes on."""
        if self.is_over:
            return None
        call = call_of(self.state, call_id)
        return call if call is not None and call.phase == CALL_PHASE_RUNNING else None

    @command
    def approval_needed(self, cmd: ApprovalNeeded) -> None:
        call = self.running_call(cmd.call_id)
        if call is None:
            return
        if self.is_denied_for_good(call.name):
            self.record_result(call, failure(FailureCode.TOOL_DENIED, ENOUGH))
        else:
            self.ask(call, cmd.reason or "approval")
        self.advance()

    def is_denied_for_good(self, tool: str) -> bool:
        """Whether calls of a tool were denied often enough not to ask again."""
        return self.state.denials.get(tool, 0) >= DENIALS

    def ask(self, call: RoundCall, reason: str) -> None:
        """Has a person decide about a call."""
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
        self.report_approval(approval)

    @command
    def decide(self, cmd: DecideApproval) -> ApprovalDecided:
        approval = approval_of(self.state, cmd.approval_id)
        if approval is None:
            raise Rejected("approval_not_found", "This run asks for no such approval.", "approvalId")
        if approval.decision == cmd.decision:
            return ApprovalDecided(approval_id=approval.id, decision=approval.decision)
        if approval.decision not in ("", "cancelled"):
            raise Rejected("approval_already_resolved", f"It was decided before: {approval.decision}.", "decision")
        if self.is_over:
            raise Rejected("run_ended", "The run has ended.")
        allowed = _DECISIONS[UNKNOWN if approval.reason == UNKNOWN else "approval"]
        if cmd.decision not in allowed:
            raise Rejected("invalid_decision", f"Decide one of {', '.join(allowed)}.", "decision")
        self._settle(copy(approval), cmd)
        return ApprovalDecided(approval_id=approval.id, decision=cmd.decision)

    @command
    def approval_expired(self, cmd: ApprovalExpired) -> None:
        approval = approval_of(self.state, cmd.approval_id)
        if approval is not None and not approval.decision and not self.is_over:
            self._settle(copy(approval), DecideApproval(approval_id=approval.id, decision="expired"))

    def _settle(self, approval: Approval, decision: DecideApproval) -> None:
        self._record_decision(approval, decision)
        self.resume_if_suspended()
        call = call_of(self.state, approval.call_id)
        if call is not None and (result := _result_of(decision, approval)) is not None:
            self.record_result(call, result)
        self.advance()

    def _record_decision(self, approval: Approval, decision: DecideApproval) -> None:
        by = self.turn.principal.subject
        self.cancel(f"approval:{approval.id}")
        self.emit(
            ApprovalSettled(
                approval_id=approval.id,
                decision=decision.decision,
                reason=decision.reason,
                arguments=decision.arguments,
                by=by,
                # Nobody lends their own credential to what somebody else has begun.
                credential_handle_id=decision.credential_handle_id if by == self.state.caller.subject else "",
            )
        )
        if (settled := approval_of(self.state, approval.id)) is not None:
            self.report_approval(copy(settled))

    def give_up_approvals(self) -> None:
        """Settles what nobody needs to decide any more."""
        for approval in [copy(each) for each in self.state.approvals if not each.decision]:
            self._record_decision(approval, DecideApproval(approval_id=approval.id, decision="cancelled"))


def _result_of(decision: DecideApproval, approval: Approval) -> ToolResult | None:
    """What a decision other than to go ahead means for the call."""
    match decision.decision:
        case "deny":
            return failure(FailureCode.TOOL_DENIED, decision.reason or "A person denied the call.")
        case "expired" if approval.reason == UNKNOWN:
            return failure(FailureCode.TOOL_OUTCOME_UNKNOWN, "Whether it took effect is not known.")
        case "expired":
            return failure(FailureCode.APPROVAL_EXPIRED, "Nobody decided in time.")
        case "done":
            return ToolResult(text=json.dumps({"status": "done", "note": decision.reason}))
        case "failed":
            return failure(FailureCode.TOOL_FAILED, decision.reason or "A person found that it failed.")
    return None
