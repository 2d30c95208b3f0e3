"""Summaries in a run: the round's call waits for one that says briefly what its prompt has no room for.

A summary that cannot be had, for whatever reason, costs the run nothing but what it was to stand for.
"""

from __future__ import annotations

from aevatar.actors import Answered, EffectFailed, EffectInterrupted, command
from aevatar.agents.runs.prompting.prompt import Prompt
from aevatar.agents.runs.prompting.summary import SUMMARY_TOKENS
from aevatar.agents.runs.reserving.accounting import Accounting
from aevatar.agents.runs.reserving.limits import exceeded_by, expected_of
from aevatar.agents.runs.reserving.pricing import sum_of
from aevatar.agents.runs_pb2 import (
    Compaction,
    ContextCompacted,
    SummariseTalk,
    SummaryAsked,
    SummaryCallInterrupted,
    SummaryCallStarted,
    SummaryFailed,
    SummaryForgone,
    SummaryWanted,
    TalkSummarised,
)
from aevatar.models.models_pb2 import Usage

INTERRUPTIONS = 3
"""Times that a process may die during one call of a model before it is given up."""


class Summarising(Accounting):
    """The part of a run that has its talk summarised."""

    def call_again(self) -> None:
        """Makes the current call once more. Defined by the loop."""

    @command
    def summary_wanted(self, cmd: SummaryWanted) -> None:
        state = self.state
        if self.is_over or self.turn.effect_id != state.call.effect_id:
            return
        call_id, reservation = f"{state.call.call_id}.summary", ""
        expected = Usage(input_tokens=cmd.tokens, output_tokens=SUMMARY_TOKENS)
        both = sum_of(expected, expected_of(state))  # the call that waits comes on top
        problem = exceeded_by(state, both.input_tokens, both.output_tokens)
        if problem is None and state.start.context.budget:
            reservation = self.reserve(call_id, expected)
        self.emit(SummaryAsked(call_id=call_id, reservation=reservation, tokens=cmd.tokens))
        if problem is not None:
            self._forgo(problem.message)
        elif not reservation:
            self._summarise(attempt=1)

    def summary_answered(self, cmd: Answered) -> bool:
        """Takes the answer of the budget; answers whether it was about a summary."""
        call = self.state.summarising
        if not call.reservation or cmd.command_id != call.reservation or call.attempt:
            return False
        if cmd.HasField("refusal"):
            self._forgo(cmd.refusal.message)
        else:
            self.note_reserved(cmd)
            self._summarise(attempt=1)
        return True

    def _summarise(self, *, attempt: int) -> None:
        state = self.state
        call_id = state.summarising.call_id
        effect_id = self.start(
            SummariseTalk(call_id=f"{self.id.key}:{call_id}", model=state.model, attempt=attempt),
            attachment=Prompt.of(state, call_id=state.call.call_id, is_final=state.call.is_final),
        )
        self.emit(SummaryCallStarted(call_id=call_id, effect_id=effect_id, model=state.model, attempt=attempt))

    @command
    def summarised(self, cmd: TalkSummarised) -> None:
        if self._is_awaited(self.turn.effect_id):
            self.count(self.state.summarising, cmd.usage, is_summary=True)
            self.emit(ContextCompacted(compaction=Compaction(level=3, dropped=cmd.dropped, summary=cmd.summary)))
            self.call_again()

    @command
    def summary_failed(self, cmd: SummaryFailed) -> None:
        if self._is_awaited(self.turn.effect_id):
            if cmd.usage.input_tokens:
                self.count(self.state.summarising, cmd.usage, is_summary=True)
            else:
                self._give_back()
            self._forgo(f"{cmd.error.code}: {cmd.error.message}")

    def summary_effect_failed(self, cmd: EffectFailed) -> bool:
        """Takes the failure of the effect itself; answers whether it was this one."""
        if not self._is_awaited(cmd.effect_id):
            return False
        self._count_summary_as_lost()
        self._give_back()
        self._forgo(cmd.code)
        return True

    def summary_interrupted(self, cmd: EffectInterrupted) -> bool:
        """Makes a call again under which the process died; answers whether it was this one."""
        if not self._is_awaited(cmd.effect_id):
            return False
        self._count_summary_as_lost()
        self.emit(SummaryCallInterrupted(call_id=self.state.summarising.call_id))
        if self.state.summarising.interruptions >= INTERRUPTIONS:
            self._give_back()
            self._forgo("the process died during it again and again")
        else:
            self._summarise(attempt=self.state.summarising.attempt + 1)
        return True

    def give_up_summary(self) -> None:
        """Ends the call for a summary that is under way, if one is."""
        if not self.state.HasField("summarising"):
            return
        if self.state.summarising.effect_id:
            self.cancel_effect(self.state.summarising.effect_id)
            self._count_summary_as_lost()
        self._give_back()

    def _is_awaited(self, effect_id: str) -> bool:
        return not self.is_over and bool(effect_id) and effect_id == self.state.summarising.effect_id

    def _count_summary_as_lost(self) -> None:
        call = self.state.summarising
        self.count(call, Usage(input_tokens=call.expected_tokens, estimated=True), is_lost=True, is_summary=True)

    def _give_back(self) -> None:
        self.settle(self.state.summarising, Usage())

    def _forgo(self, reason: str) -> None:
        """Goes on without a summary, for good: what keeps one from being made is rarely gone a round later."""
        self.note_warning(f"The talk could not be summarised, so its oldest exchanges are left out ({reason}).")
        self.emit(SummaryForgone(call_id=self.state.summarising.call_id, reason=reason))
        self.call_again()
