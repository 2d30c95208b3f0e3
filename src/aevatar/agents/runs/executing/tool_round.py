"""One round of tool calls: which may start, which are refused, and what goes back to the model, in call order."""

from __future__ import annotations

from aevatar.actors import EffectFailed, EffectInterrupted, command
from aevatar.agents.runs.executing.abandoning import Abandoning
from aevatar.agents.runs.executing.approvals import ENOUGH, UNKNOWN, Approvals
from aevatar.agents.runs.executing.mirroring import Mirroring
from aevatar.agents.runs.facts import call_of, copy
from aevatar.agents.runs_pb2 import (
    CALL_PHASE_BLOCKED,
    CALL_PHASE_DONE,
    CALL_PHASE_HELD,
    CALL_PHASE_RUNNING,
    CALL_PHASE_WAITING,
    CallTool,
    CallToolOnce,
    FixedTool,
    Item,
    ReconcileTool,
    ResultItem,
    ResultsDelivered,
    RoundCall,
    ToolCallHeld,
    ToolCallsProposed,
    ToolCallStarted,
    ToolContext,
    ToolFinished,
    ToolOutcomeUnknown,
    ToolReconciled,
    WaitPassed,
)
from aevatar.agents.stream_pb2 import StepClosed
from aevatar.models.models_pb2 import ToolCall, ToolChoice
from aevatar.tools import CallAttempt, CallState, FailureCode, ToolResult, failure, is_futile, startable
from aevatar.tools import RoundCall as OrderedCall

CALLS_AT_ONCE = 128
"""Calls of one reply that are answered at all."""

_ORDER = {
    CALL_PHASE_WAITING: CallState.WAITING,
    CALL_PHASE_BLOCKED: CallState.BLOCKED,
    CALL_PHASE_RUNNING: CallState.RUNNING,
    CALL_PHASE_HELD: CallState.RUNNING,
    CALL_PHASE_DONE: CallState.DONE,
}


class ToolRound(Approvals, Mirroring, Abandoning):
    """The part of a run between a model's calls and its next turn to speak."""

    def next_call(self) -> None:
        """Asks the model again. Defined by the loop."""

    # Proposing

    def is_client(self, name: str) -> bool:
        """Whether a call is the client's to answer: one that may not be made is refused here, whoever's it would be."""
        tool = self.tool(name)
        return tool is not None and tool.is_client and not self._is_barred(name)

    def _is_barred(self, name: str) -> bool:
        choice = self.state.start.tool_choice
        return choice.mode == ToolChoice.MODE_NONE or (bool(choice.names) and name not in choice.names)

    def tool(self, name: str) -> FixedTool | None:
        """What was fixed of a tool when the run began."""
        return next((tool for tool in self.state.tools if tool.name == name), None)

    def propose(self, calls: list[ToolCall]) -> None:
        """Takes the calls of one reply; the ones that cannot be made are answered at once."""
        state = self.state
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
        made_before = state.calls_made - len(self._own_calls())
        for number, proposed in enumerate(self._own_calls()):
            if (refusal := self._refusal(proposed, number, made_before + number)) is not None:
                self.record_result(proposed, refusal)
        self.advance()

    def _own_calls(self) -> list[RoundCall]:
        return [call for call in self.state.calls if not call.is_client]

    def _refusal(self, call: RoundCall, number: int, made: int) -> ToolResult | None:
        state = self.state
        limits = state.start.limits
        if self.tool(call.name) is None:
            offered = ", ".join(sorted(tool.name for tool in state.tools)) or "none"
            return failure(FailureCode.TOOL_NOT_FOUND, f"There is no tool {call.name!r}. Offered: {offered}.")
        if self._is_barred(call.name):
            return failure(FailureCode.TOOL_NOT_ALLOWED, f"{call.name!r} may not be called in this run.")
        if number >= limits.calls_per_round or made >= limits.calls:
            return failure(FailureCode.TOOL_NOT_ALLOWED, "No more calls may be made.")
        past = [CallAttempt(past.name, past.arguments, past.has_failed) for past in state.past_calls]
        if is_futile(call.name, call.arguments, history=past):
            return failure(FailureCode.TOOL_SKIPPED, "This very call has failed twice; change something.")
        if self.is_denied_for_good(call.name):
            return failure(FailureCode.TOOL_DENIED, ENOUGH)
        return None

    # Going on

    def advance(self) -> None:
        """Starts what may start; at the end of the round, goes on."""
        state = self.state
        own = self._own_calls()
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
            source=tool.source if tool else "",
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
            sub_runs_left=self.sub_runs_left(),
            caller=self.state.caller,
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
        call = self.running_call(cmd.call_id)
        if call is None:
            return
        if cmd.HasField("sub_run"):
            self.follow(cmd)
        elif cmd.result.error.code == FailureCode.TOOL_TIMEOUT:
            self._abandon_runs_of(call)
        if cmd.HasField("hold"):
            hold = cmd.hold
            until = self.turn.now_ms + round(hold.seconds * 1000)
            self.emit(ToolCallHeld(call_id=cmd.call_id, wait_key=hold.wait_key, otherwise=hold.otherwise, until=until))
            self.schedule(f"wait:{cmd.call_id}", hold.seconds, WaitPassed(call_id=cmd.call_id))
        else:
            self.record_result(call, cmd.result)
        self.advance()

    @command
    def wait_passed(self, cmd: WaitPassed) -> None:
        call = call_of(self.state, cmd.call_id)
        if not self.is_over and call is not None and call.phase == CALL_PHASE_HELD:
            self.record_result(call, copy(call.otherwise))
            self.advance()

    def tool_effect_failed(self, cmd: EffectFailed) -> bool:
        """Takes the failure of a call's effect; answers whether it was one."""
        call = self._call_by_effect(cmd.effect_id)
        if call is None:
            return self.follower_failed(cmd)
        if cmd.effect == "tools.reconcile":
            self._outcome_unknown(call)
            self.advance()
            return True
        self._abandon_runs_of(call)
        code = FailureCode.TOOL_TIMEOUT if cmd.code == "timeout" else FailureCode.TOOL_FAILED
        self.record_result(call, failure(code, cmd.message or cmd.code))
        self.advance()
        return True

    def _call_by_effect(self, effect_id: str) -> RoundCall | None:
        return next((call for call in self.state.calls if call.effect_id and call.effect_id == effect_id), None)

    def answer_all_calls(self) -> None:
        """Gives every unanswered call a result: a transcript never holds a call without one."""
        state = self.state
        own = self._own_calls()
        if not own:
            return
        for call in own:
            if call.phase != CALL_PHASE_DONE:
                if call.effect_id:
                    self.cancel_effect(call.effect_id)
                    self._abandon_runs_of(call)
                self.cancel(f"wait:{call.call_id}")
                self.record_result(call, failure(FailureCode.TOOL_CANCELLED, "The run ended before this call did."))
        items = [_result_item(call, state.round) for call in own]
        self.emit(ResultsDelivered(round=state.round, items=items))

    def _abandon_runs_of(self, call: RoundCall) -> None:
        tool = self.tool(call.name)
        if tool is not None and tool.starts_runs and call.phase == CALL_PHASE_RUNNING:
            self.abandon(call)

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
        self.advance()

    @command
    def reconciled(self, cmd: ToolReconciled) -> None:
        call = self.running_call(cmd.call_id)
        if call is None:
            return
        if not cmd.is_known:
            self._outcome_unknown(call)
        elif cmd.took_effect:
            self.record_result(call, cmd.result)
        else:
            self._start_call(call.call_id)
        self.advance()

    def _outcome_unknown(self, call: RoundCall) -> None:
        if self.state.start.context.is_unattended:
            self.record_result(call, failure(FailureCode.TOOL_OUTCOME_UNKNOWN, "Whether it took effect is not known."))
        else:
            self.ask(call, UNKNOWN)


def _result_item(call: RoundCall, number: int) -> Item:
    return Item(id=f"fco_{call.call_id}", result=ResultItem(call_id=call.call_id, result=call.result), round=number)
