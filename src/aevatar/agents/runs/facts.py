"""What each fact of a run means for its state. Pure, and nothing else: what happens next is decided in `actor`."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

from aevatar.actors import Actor, applies
from aevatar.agents.runs.reserving.limits import TELLING
from aevatar.agents.runs.reserving.pricing import add_usage
from aevatar.agents.runs_pb2 import (
    CALL_PHASE_BLOCKED,
    CALL_PHASE_DONE,
    CALL_PHASE_HELD,
    CALL_PHASE_RUNNING,
    CALL_PHASE_WAITING,
    RUN_STATUS_CANCELLED,
    RUN_STATUS_COMPLETED,
    RUN_STATUS_FAILED,
    RUN_STATUS_INCOMPLETE,
    RUN_STATUS_INTERRUPTED,
    RUN_STATUS_QUEUED,
    RUN_STATUS_RUNNING,
    RUN_STATUS_SUSPENDED,
    Approval,
    ApprovalRequested,
    ApprovalSettled,
    CancellationRequested,
    ContextCompacted,
    CurrentCall,
    MessageProduced,
    ModelCallInterrupted,
    ModelCallStarted,
    ModelFellBack,
    PastCall,
    ReplyAccepted,
    ReplyBegan,
    ReplyContinued,
    ReplyFinalised,
    ReplyRefused,
    ReplyRequested,
    ReplyRestarted,
    ReplyRetried,
    ReservationAsked,
    ResultsDelivered,
    RoundCall,
    RunConcluding,
    RunDeleted,
    RunEnded,
    RunForestalled,
    RunInputAdded,
    RunQueued,
    RunResumedFact,
    RunStarted,
    RunState,
    RunSuspendedFact,
    RunUnstored,
    SectionsRead,
    SinkState,
    SubRunAbandoned,
    SubRunEnded,
    SubRunMirrored,
    SubRunStarted,
    SubRunState,
    SubRunUsageCounted,
    SummaryAsked,
    SummaryCallInterrupted,
    SummaryCallStarted,
    SummaryForgone,
    ToolCallHeld,
    ToolCallsProposed,
    ToolCallStarted,
    ToolOutcomeUnknown,
    ToolResultRecorded,
    ToolsFixed,
    UsageCounted,
    WarningNoted,
)

PAST_CALLS = 64

STATUS = {
    "completed": RUN_STATUS_COMPLETED,
    "failed": RUN_STATUS_FAILED,
    "cancelled": RUN_STATUS_CANCELLED,
    "incomplete": RUN_STATUS_INCOMPLETE,
    "interrupted": RUN_STATUS_INTERRUPTED,
}
STATUS_NAMES = {value: name for name, value in STATUS.items()} | {
    RUN_STATUS_QUEUED: "queued",
    RUN_STATUS_RUNNING: "running",
    RUN_STATUS_SUSPENDED: "suspended",
}

M = TypeVar("M", bound=Message)


def copy(message: M) -> M:
    """A message of one's own: one inside a state changes with it."""
    own = type(message)()
    own.CopyFrom(message)
    return own


def call_of(state: RunState, call_id: str) -> RoundCall | None:
    """The call of the current round under this id."""
    return next((call for call in state.calls if call.call_id == call_id), None)


def approval_of(state: RunState, approval_id: str) -> Approval | None:
    """The approval under this id, open or settled."""
    return next((approval for approval in state.approvals if approval.id == approval_id), None)


class RunFacts(Actor[RunState]):
    """The fold of a run."""

    @applies
    @staticmethod
    def queued(state: RunState, event: RunQueued) -> None:
        state.status = RUN_STATUS_QUEUED
        state.start.CopyFrom(event.start)
        state.items.extend(state.start.input)
        state.start.ClearField("input")
        state.sinks.extend(SinkState(sink=sink) for sink in event.start.sinks)
        state.model = event.start.model
        state.fallbacks.extend(event.start.fallbacks)
        state.created_at = event.at
        state.caller.CopyFrom(event.caller)

    @applies
    @staticmethod
    def forestalled(state: RunState, event: RunForestalled) -> None:
        state.forestalled_at = event.at

    @applies
    @staticmethod
    def started(state: RunState, event: RunStarted) -> None:
        state.status, state.phase = RUN_STATUS_RUNNING, "preparing"
        state.started_at = event.at
        state.deadline = event.deadline
        state.discovery_effect = event.discovery_effect
        if event.HasField("history"):
            state.start.history.CopyFrom(event.history)

    @applies
    @staticmethod
    def tools_fixed(state: RunState, event: ToolsFixed) -> None:
        state.discovery_effect = ""
        state.tools.extend(event.tools)
        state.sources_failed.extend(event.sources_failed)

    @applies
    @staticmethod
    def reservation_asked(state: RunState, event: ReservationAsked) -> None:
        state.phase = "reserving"
        state.call.CopyFrom(CurrentCall(reservation=event.command_id))

    @applies
    @staticmethod
    def model_call_started(state: RunState, event: ModelCallStarted) -> None:
        is_same = state.call.call_id == event.call_id
        state.phase = "calling"
        state.round = event.round
        state.call.CopyFrom(
            CurrentCall(
                call_id=event.call_id,
                effect_id=event.effect_id,
                attempt=event.attempt,
                is_final=event.is_final,
                model=event.model,
                reservation=event.reservation or state.call.reservation,
                interruptions=state.call.interruptions if is_same else 0,
                lost_tokens=state.call.lost_tokens if is_same else 0,
                lost_usd_micros=state.call.lost_usd_micros if is_same else 0,
            )
        )
        state.items.extend(state.added)
        del state.added[:]

    @applies
    @staticmethod
    def reply_began(state: RunState, event: ReplyBegan) -> None:
        state.call.is_shown = True

    @applies
    @staticmethod
    def reply_restarted(state: RunState, event: ReplyRestarted) -> None:
        state.call.is_shown = state.is_message_open = False
        state.restarts += 1

    @applies
    @staticmethod
    def model_call_interrupted(state: RunState, event: ModelCallInterrupted) -> None:
        state.call.interruptions += 1
        state.call.effect_id = ""

    @applies
    @staticmethod
    def fell_back(state: RunState, event: ModelFellBack) -> None:
        state.model = event.to
        del state.fallbacks[0]

    @applies
    @staticmethod
    def reply_continued(state: RunState, event: ReplyContinued) -> None:
        state.continuations += 1
        state.again += 1
        state.open_text += event.text
        state.is_message_open = bool(state.open_text)  # nothing was opened for thoughts alone
        state.items.extend(event.items)

    @applies
    @staticmethod
    def reply_retried(state: RunState, event: ReplyRetried) -> None:
        state.reply_retries += 1
        state.again += 1
        _drop_pieces(state)

    @applies
    @staticmethod
    def message_produced(state: RunState, event: MessageProduced) -> None:
        for item in state.items:  # what was thought between the pieces of a message stays
            item.is_internal = item.is_internal and not item.HasField("reasoning")
        _drop_pieces(state)  # they are one item now
        state.items.extend(event.items)
        state.is_message_open = False
        state.reply_retries = state.again = 0

    @applies
    @staticmethod
    def usage_counted(state: RunState, event: UsageCounted) -> None:
        counted = next((entry for entry in state.usage if entry.model == event.model), None)
        if counted is None:
            counted = state.usage.add(model=event.model)
        add_usage(counted.usage, event.usage)
        counted.calls += 1
        call = state.summarising if event.is_summary else state.call
        call.effect_id = ""  # a call that is counted is over
        tokens = event.usage.input_tokens + event.usage.output_tokens
        if event.is_lost:
            call.lost_tokens += tokens
            call.lost_usd_micros += event.usage.usd_micros
            return
        call.reservation = ""
        if not event.is_summary:
            state.last_input_tokens = tokens
        if event.guessed_tokens >= TELLING:
            state.guess_permille = event.usage.input_tokens * 1000 // event.guessed_tokens

    @applies
    @staticmethod
    def summary_asked(state: RunState, event: SummaryAsked) -> None:
        state.call.effect_id = ""
        asked = CurrentCall(call_id=event.call_id, reservation=event.reservation, expected_tokens=event.tokens)
        state.summarising.CopyFrom(asked)

    @applies
    @staticmethod
    def summary_call_started(state: RunState, event: SummaryCallStarted) -> None:
        call = state.summarising
        call.effect_id, call.model, call.attempt = event.effect_id, event.model, event.attempt

    @applies
    @staticmethod
    def summary_call_interrupted(state: RunState, event: SummaryCallInterrupted) -> None:
        state.summarising.interruptions += 1

    @applies
    @staticmethod
    def summary_forgone(state: RunState, event: SummaryForgone) -> None:
        state.no_summary = True
        state.ClearField("summarising")

    @applies
    @staticmethod
    def compacted(state: RunState, event: ContextCompacted) -> None:
        if event.compaction.HasField("summary"):
            state.summary.CopyFrom(event.compaction.summary)
            state.summarised_call = state.call.call_id
            state.ClearField("summarising")

    @applies
    @staticmethod
    def sections_read(state: RunState, event: SectionsRead) -> None:
        return None

    @applies
    @staticmethod
    def warned(state: RunState, event: WarningNoted) -> None:
        state.warnings.append(event.message)

    @applies
    @staticmethod
    def calls_proposed(state: RunState, event: ToolCallsProposed) -> None:
        state.phase = "executing"
        del state.calls[:]
        state.calls.extend(event.calls)
        state.calls_made += sum(not call.is_client for call in event.calls)

    @applies
    @staticmethod
    def call_started(state: RunState, event: ToolCallStarted) -> None:
        if (call := call_of(state, event.call_id)) is not None:
            call.phase, call.effect_id = CALL_PHASE_RUNNING, event.effect_id

    @applies
    @staticmethod
    def call_held(state: RunState, event: ToolCallHeld) -> None:
        if (call := call_of(state, event.call_id)) is not None:
            call.phase, call.wait_key, call.effect_id = CALL_PHASE_HELD, event.wait_key, ""
            call.otherwise.CopyFrom(event.otherwise)

    @applies
    @staticmethod
    def result_recorded(state: RunState, event: ToolResultRecorded) -> None:
        if (call := call_of(state, event.call_id)) is not None:
            call.phase, call.effect_id = CALL_PHASE_DONE, ""
            call.result.CopyFrom(event.result)
            call.ClearField("otherwise")
            state.past_calls.append(
                PastCall(name=call.name, arguments=call.arguments, has_failed=event.result.HasField("error"))
            )
            del state.past_calls[:-PAST_CALLS]

    @applies
    @staticmethod
    def outcome_unknown(state: RunState, event: ToolOutcomeUnknown) -> None:
        if (call := call_of(state, event.call_id)) is not None:
            call.effect_id = ""

    @applies
    @staticmethod
    def results_delivered(state: RunState, event: ResultsDelivered) -> None:
        state.items.extend(event.items)
        state.characters_since = sum(len(item.result.result.text) for item in event.items)
        del state.calls[:]

    @applies
    @staticmethod
    def approval_requested(state: RunState, event: ApprovalRequested) -> None:
        state.approvals.append(event.approval)
        if (call := call_of(state, event.approval.call_id)) is not None:
            call.phase, call.effect_id, call.approval_id = CALL_PHASE_BLOCKED, "", event.approval.id

    @applies
    @staticmethod
    def approval_settled(state: RunState, event: ApprovalSettled) -> None:
        approval = approval_of(state, event.approval_id)
        if approval is None:
            return
        approval.decision, approval.note = event.decision, event.reason
        if event.credential_handle_id:
            context = state.start.context
            context.credential_handle_id = event.credential_handle_id
            context.credential_owner = context.credential_owner or context.root_run
        if event.decision == "deny":
            state.denials[approval.tool] = state.denials.get(approval.tool, 0) + 1
        call = call_of(state, approval.call_id)
        if call is not None and event.decision in ("approve", "retry"):
            call.phase, call.is_approved = CALL_PHASE_WAITING, True
            call.arguments = event.arguments or call.arguments

    @applies
    @staticmethod
    def suspended(state: RunState, event: RunSuspendedFact) -> None:
        state.status, state.remaining_ms = RUN_STATUS_SUSPENDED, event.remaining_ms

    @applies
    @staticmethod
    def resumed(state: RunState, event: RunResumedFact) -> None:
        state.status = RUN_STATUS_RUNNING
        state.deadline = event.at + state.remaining_ms

    @applies
    @staticmethod
    def sub_run_started(state: RunState, event: SubRunStarted) -> None:
        # It may have ended already: then what it used is known before that it was started.
        known = state.sub_runs[event.call_id]
        usage = known.usage if known.HasField("usage") else None
        known.CopyFrom(SubRunState(sub_run=event.sub_run, effect_id=event.effect_id, usage=usage))

    @applies
    @staticmethod
    def sub_run_abandoned(state: RunState, event: SubRunAbandoned) -> None:
        state.sub_runs[event.call_id].sub_run.run = event.run

    @applies
    @staticmethod
    def sub_run_mirrored(state: RunState, event: SubRunMirrored) -> None:
        state.sub_runs[event.call_id].cursor = event.cursor

    @applies
    @staticmethod
    def sub_run_ended(state: RunState, event: SubRunEnded) -> None:
        sub_run = state.sub_runs[event.call_id]
        sub_run.status, sub_run.effect_id = event.status, ""
        if event.HasField("usage") or not sub_run.HasField("usage"):
            sub_run.usage.CopyFrom(event.usage)

    @applies
    @staticmethod
    def sub_run_usage_counted(state: RunState, event: SubRunUsageCounted) -> None:
        state.sub_runs[event.call_id].usage.CopyFrom(event.usage)

    @applies
    @staticmethod
    def input_added(state: RunState, event: RunInputAdded) -> None:
        state.added.extend(event.items)

    @applies
    @staticmethod
    def cancellation_requested(state: RunState, event: CancellationRequested) -> None:
        state.cancelling = True

    @applies
    @staticmethod
    def reply_requested(state: RunState, event: ReplyRequested) -> None:
        sink = sink_of(state, event.sink)
        sink.ordinal = sink.in_flight_ordinal = event.ordinal
        sink.in_flight, sink.in_flight_digest, sink.in_flight_final = event.effect_id, event.digest, event.final
        sink.in_flight_length = event.length
        sink.final_tries += event.final
        sink.generation += event.final

    @applies
    @staticmethod
    def reply_accepted(state: RunState, event: ReplyAccepted) -> None:
        sink = sink_of(state, event.sink)
        sink.accepted_digest, sink.accepted_length = sink.in_flight_digest, sink.in_flight_length
        sink.last_at, sink.reference = event.at, event.reference or sink.reference
        sink.interims += not sink.in_flight_final
        sink.finalised = sink.finalised or sink.in_flight_final
        sink.in_flight = ""

    @applies
    @staticmethod
    def reply_refused(state: RunState, event: ReplyRefused) -> None:
        sink = sink_of(state, event.sink)
        sink.in_flight, sink.not_before = "", event.not_before
        if event.is_final:
            sink.finalised = sink.failed = True

    @applies
    @staticmethod
    def reply_finalised(state: RunState, event: ReplyFinalised) -> None:
        sink_of(state, event.sink).finalised = True

    @applies
    @staticmethod
    def concluding(state: RunState, event: RunConcluding) -> None:
        state.status, state.phase = RUN_STATUS_RUNNING, "delivering"
        state.concluding.CopyFrom(event.end)

    @applies
    @staticmethod
    def ended(state: RunState, event: RunEnded) -> None:
        state.status, state.phase = STATUS[event.status], ""
        state.ended.CopyFrom(event)
        for field in ("concluding", "call", "calls", "added", "past_calls", "summarising"):
            state.ClearField(field)

    @applies
    @staticmethod
    def unstored(state: RunState, event: RunUnstored) -> None:
        state.start.is_unstored = True

    @applies
    @staticmethod
    def deleted(state: RunState, event: RunDeleted) -> None:
        state.deleted_at = event.at


def _drop_pieces(state: RunState) -> None:
    """Forgets the pieces of a message that was cut, and what asked for more of it."""
    if state.continuations:
        kept = [item for item in state.items if not item.is_internal]
        del state.items[:]
        state.items.extend(kept)
    state.continuations, state.open_text = 0, ""


def sink_of(state: RunState, sink_id: str) -> SinkState:
    """The sink under this id. Raises: LookupError."""
    return next(sink for sink in state.sinks if sink.sink.id == sink_id)
