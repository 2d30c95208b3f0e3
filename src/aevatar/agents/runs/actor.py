"""A run: the loop of a model and its tools, as a state machine that survives whatever happens to its process.

Here stand the ways into a run and the loop itself; a folder beside it is named after each phase of the loop. What facts
mean stands in `facts`, how a run looks from outside in `projection`, and how long it is kept in `keeping`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aevatar.actors import Answered, EffectFailed, EffectInterrupted, command, signal
from aevatar.agents.runs.base import PARENT_ENDED
from aevatar.agents.runs.callers import caller_of
from aevatar.agents.runs.calling.summarising import INTERRUPTIONS, Summarising
from aevatar.agents.runs.delivering.replies import Replies
from aevatar.agents.runs.executing.abandoning import ABANDONED
from aevatar.agents.runs.executing.tool_round import CALLS_AT_ONCE, ToolRound
from aevatar.agents.runs.keeping import Keeping
from aevatar.agents.runs.prompting.prompt import Prompt
from aevatar.agents.runs.reserving.limits import (
    Exceeded,
    estimated_tokens,
    exceeded,
    expected_of,
    is_out_of_rounds,
    output_left,
    prompt_tokens,
)
from aevatar.agents.runs_pb2 import (
    RUN_STATUS_QUEUED,
    AddRunInput,
    BeginRun,
    CallModel,
    CancellationRequested,
    CancelRun,
    ContextCompacted,
    DeadlinePassed,
    DeltaArrived,
    DiscoverTools,
    History,
    Item,
    MessageProduced,
    ModelCallInterrupted,
    ModelCallStarted,
    ModelFailed,
    ModelFellBack,
    ModelReplied,
    ReplyBegan,
    ReplyContinued,
    ReplyRetried,
    ReservationAsked,
    RunAccepted,
    RunEndedAlready,
    RunInputAdded,
    RunQueued,
    RunStarted,
    SectionsRead,
    StartRun,
    ToolsDiscovered,
    ToolsFixed,
)
from aevatar.agents.stream_pb2 import StepClosed, StepOpened
from aevatar.errors import Rejected
from aevatar.models.models_pb2 import (
    FINISH_CONTENT_FILTER,
    FINISH_LENGTH,
    ROLE_USER,
    Message,
    TextFormat,
    ToolCall,
    Usage,
)

SESSION = "run"
NO_TOOL_SETS = ("", "none")
"""Names of the set that has no tools: nothing has to be found out."""
CONTINUATIONS = 3
CONTINUE = "Continue exactly where you stopped. Do not repeat anything."


class AgentRun(ToolRound, Summarising, Replies, Keeping):
    """One durable run. Its key is the id that callers know it by."""

    kind = "agents.run"

    # Ways in

    @command(creates=True)
    def start_run(self, cmd: StartRun) -> RunAccepted:
        if self.state.HasField("start"):
            if self.state.start.asked not in (b"", cmd.asked):
                raise Rejected("command_id_reused", "Another run was started under this id.", "command_id")
            return RunAccepted(run_id=self.id.text, session=SESSION)
        caller = cmd.caller if cmd.HasField("caller") else caller_of(self.turn.principal)
        self.emit(RunQueued(start=cmd, run_id=self.id.text, at=self.turn.now_ms, caller=caller))
        if self.is_forestalled():
            self.stop(ABANDONED)
        elif not cmd.is_queued:
            self._begin(None)
        return RunAccepted(run_id=self.id.text, session=SESSION)

    @command
    def begin(self, cmd: BeginRun) -> None:
        if self.state.status == RUN_STATUS_QUEUED and not self.is_over:
            self._begin(cmd.history if cmd.HasField("history") else None)

    def _begin(self, history: History | None) -> None:
        start, now = self.state.start, self.turn.now_ms
        deadline = now + start.limits.wall_seconds * 1000
        if start.context.deadline:  # no run outlives the one above it
            deadline = max(now, min(deadline, start.context.deadline))
        tool_set, names, effect_id = start.persona.tool_set, start.persona.tool_names, ""
        if tool_set not in NO_TOOL_SETS:
            context = self.tool_context("", deadline)
            effect_id = self.start(DiscoverTools(tool_set=tool_set, tool_names=names, context=context))
        self.emit(RunStarted(at=now, discovery_effect=effect_id, deadline=deadline, history=history))
        self.schedule("deadline", (deadline - now) / 1000, DeadlinePassed())
        if not effect_id:
            self._fix_tools(ToolsDiscovered())

    @command
    def cancel_run(self, cmd: CancelRun) -> RunEndedAlready:
        if not self.state.HasField("start"):
            raise Rejected("not_found", "There is no such run.")
        if cmd.reason == PARENT_ENDED:
            self.tell_usage_if_ended()
        self.stop(cmd.reason)
        return RunEndedAlready(status=self.status_name())

    def stop(self, reason: str) -> None:
        """Cancels the run if it has not ended."""
        self.close_now()
        if not self.is_over:
            self.emit(CancellationRequested(reason=reason, by=self.turn.principal.subject))
            self.end("cancelled", "cancelled", reason)

    @command
    def add_input(self, cmd: AddRunInput) -> RunEndedAlready:
        if self.is_over:
            raise Rejected("run_ended", "The run has ended; start another.")
        self.emit(RunInputAdded(items=cmd.input))
        return RunEndedAlready(status=self.status_name())

    @command
    def deadline_passed(self, cmd: DeadlinePassed) -> None:
        self.close_now()
        self.end("incomplete", "deadline_exceeded", "The run took longer than it may.")

    # Preparing

    @command
    def discovered(self, cmd: ToolsDiscovered) -> None:
        if self.is_over:
            return
        if cmd.error_code:
            self.end("failed", cmd.error_code, "The agent or policy names a tool set that does not exist.")
        else:
            self._fix_tools(cmd)

    def _fix_tools(self, found: ToolsDiscovered) -> None:
        client = {tool.name for tool in self.state.start.client_tools}
        fixed = ToolsFixed(sources_failed=found.sources_failed)
        fixed.tools.extend(tool for tool in found.tools if tool.name not in client)  # a client's hides ours
        for tool in self.state.start.client_tools:
            fixed.tools.add(
                name=tool.name, description=tool.description, schema=tool.schema, strict=tool.strict, is_client=True
            )
        self.emit(fixed)
        self.next_call()

    # The loop: ask the model

    def next_call(self) -> None:
        state = self.state
        problem = exceeded(state)
        self.note_unbounded()
        if problem is not None:
            self.end("incomplete", problem.code, problem.message)
        elif state.start.context.budget:
            self._reserve()
        else:
            self._call_model("")

    def _reserve(self) -> None:
        expected = expected_of(self.state)
        command_id = self.reserve(self._call_id(), expected)
        tokens = expected.input_tokens + expected.output_tokens
        self.emit(ReservationAsked(command_id=command_id, tokens=tokens))

    @command
    def answered(self, cmd: Answered) -> None:
        if self.is_over or self.summary_answered(cmd):
            return
        if self.state.phase != "reserving" or cmd.command_id != self.state.call.reservation:
            return
        if cmd.HasField("refusal"):
            self.end("incomplete", Exceeded.BUDGET, cmd.refusal.message)
        else:
            self.note_reserved(cmd)
            self._call_model(cmd.command_id)

    def _call_id(self) -> str:
        state = self.state
        if is_out_of_rounds(state):
            return "final"
        # The pieces of one message, and a reply asked for again, belong to one round and are calls of their own.
        return f"r{state.round}.{state.again}" if state.again else f"r{state.round + 1}"

    def _call_model(self, reservation: str, *, attempt: int = 1) -> None:
        state = self.state
        is_final = is_out_of_rounds(state)
        is_new_round = attempt == 1 and not state.again
        call_id = self._call_id() if attempt == 1 else state.call.call_id
        number = state.round + is_new_round
        effect_id = self.start(
            CallModel(call_id=f"{self.id.key}:{call_id}", round=number, model=state.model, attempt=attempt),
            attachment=Prompt.of(state, call_id=call_id, is_final=is_final),
        )
        if is_new_round:
            self.show(StepOpened(round=number))
        self.emit(
            ModelCallStarted(
                call_id=call_id,
                round=number,
                effect_id=effect_id,
                model=state.model,
                attempt=attempt,
                is_final=is_final,
                reservation=reservation,
            )
        )
        self._live = None

    def call_again(self) -> None:
        """Makes the current call once more, under the same id and reservation."""
        self._call_model(self.state.call.reservation, attempt=self.state.call.attempt + 1)

    @signal
    def delta_arrived(self, delta: DeltaArrived) -> None:
        call = self.state.call
        if self.is_over or delta.call_id != f"{self.id.key}:{call.call_id}" or delta.attempt != call.attempt:
            return
        if not call.effect_id:
            return
        if delta.begins_again:
            self.restart_reply("stream_interrupted")
            return
        live = self.live
        if not call.is_shown:
            self.emit(ReplyBegan(call_id=call.call_id))
        self.show_all(live.arrived(delta))
        if not call.is_final:  # then its calls are not made
            self.show_all(live.called(delta.calls, self.is_client))
        if delta.text and not live.is_blind:
            self.reply_grows(live.text)
            self.report_progress(live.text)

    # The loop: what the model said

    @command
    def replied(self, cmd: ModelReplied) -> None:
        if self.is_over or self.turn.effect_id != self.state.call.effect_id:
            return
        is_blind = self.live.is_blind  # asked before the call is counted, which ends it
        self.count(self.state.call, cmd.usage, guessed=0 if cmd.usage.estimated else cmd.guessed_tokens)
        self._note(cmd)
        if is_blind:
            self.restart_reply("stream_interrupted")
        calls = dict(enumerate([] if self.state.call.is_final else cmd.calls[:CALLS_AT_ONCE]))
        is_cut = cmd.finish == FINISH_LENGTH
        whole = {number: call for number, call in calls.items() if not is_cut or _parses(call.arguments)}
        if whole:
            self._produce(cmd, whole)
            self.propose(list(whole.values()))
        elif is_cut:
            self._cut_short(cmd, has_dropped_calls=bool(calls))
        elif cmd.finish == FINISH_CONTENT_FILTER:
            self._produce(cmd, {}, is_incomplete=True)
            self.end("incomplete", "content_filter", "The provider's content filter ended the reply.")
        elif not (cmd.text or self.state.open_text or cmd.calls):  # the last reply may be nothing but ignored calls
            self._ask_again("empty_reply", "The model gave an empty reply, twice.")
        elif not self._has_wanted_form(self.state.open_text + cmd.text):
            self._ask_again("invalid_output", "The reply is not the JSON that was asked for.")
        else:
            is_final = self.state.call.is_final
            self._produce(cmd, {})
            self._close_step()
            self._go_on_or_complete(rounds_exhausted=is_final)

    def _note(self, cmd: ModelReplied) -> None:
        warnings = list(cmd.warnings)
        if len(cmd.calls) > CALLS_AT_ONCE:
            told = (
                f"The model made {len(cmd.calls)} calls at once; those after the first {CALLS_AT_ONCE} were left out."
            )
            warnings.append(told)
        for warning in warnings:
            self.note_warning(warning)
        if cmd.sections:
            self.emit(SectionsRead(call_id=self.state.call.call_id, sections=cmd.sections))
        if cmd.compaction.level:
            self.emit(ContextCompacted(compaction=cmd.compaction))

    def _go_on_or_complete(self, *, rounds_exhausted: bool) -> None:
        if self.state.added and not rounds_exhausted:  # somebody said something meanwhile: it gets its answer
            self.next_call()
        else:
            self.end("completed", rounds_exhausted=rounds_exhausted)

    def _produce(self, cmd: ModelReplied, calls: Mapping[int, ToolCall], *, is_incomplete: bool = False) -> None:
        state, live = self.state, self.live
        text = state.open_text + cmd.text
        self.show_all(live.finish(cmd.text, cmd.reasoning))
        self.show_all(live.close(is_incomplete=is_incomplete, is_commentary=bool(calls)))
        self.show_all(live.end_calls(calls, self.is_client))
        items = self._reasoning_items(cmd)
        if text:
            items.append(live.message_item(text, state.round, is_incomplete=is_incomplete, is_commentary=bool(calls)))
        for number, call in calls.items():
            item = Item(id=live.item_id("fc", number), round=state.round)
            item.call.name, item.call.call_id, item.call.arguments = call.name, call.call_id, call.arguments
            item.call.is_client = self.is_client(call.name)
            items.append(item)
        self.emit(MessageProduced(items=items, is_final=not calls))
        self._live = None

    def _reasoning_items(self, cmd: ModelReplied) -> list[Item]:
        live, state = self.live, self.state
        return [
            Item(id=live.item_id("rs", part), reasoning=thought, round=state.round)
            for part, thought in enumerate(cmd.reasoning)
        ]

    def _cut_short(self, cmd: ModelReplied, *, has_dropped_calls: bool) -> None:
        state = self.state
        limit = state.start.parameters.max_output_tokens
        is_used_up = state.start.parameters.HasField("max_output_tokens") and output_left(state) <= 0
        if is_used_up or state.call.is_final or state.continuations >= CONTINUATIONS:
            self._produce(cmd, {}, is_incomplete=True)
            self._close_step()
            told = f"The reply was cut at {limit} tokens." if is_used_up else "The reply was cut again and again."
            self.end("incomplete", "max_output_tokens", told)
            return
        self.show_all(self.live.finish(cmd.text, cmd.reasoning))
        self.show_all(self.live.end_calls({}, self.is_client))
        pieces = [*self._reasoning_items(cmd)]
        if cmd.text:
            pieces.append(self.live.message_item(cmd.text, state.round))
        pieces.append(Item(message=Message(role=ROLE_USER, parts=[{"text": CONTINUE}])))
        for piece in pieces:
            piece.is_internal = True
        self.emit(ReplyContinued(text=cmd.text, items=pieces, dropped_calls=has_dropped_calls))
        self.next_call()

    def _ask_again(self, code: str, message: str) -> None:
        if self.state.reply_retries or self.state.call.is_final:
            self.end("failed", code, message)
            return
        if self.state.call.is_shown or self.state.continuations:
            self.restart_reply(code)
        self.emit(ReplyRetried(reason=code))
        self.next_call()

    def _has_wanted_form(self, text: str) -> bool:
        if self.state.start.parameters.text_format.kind == TextFormat.KIND_TEXT:
            return True
        return _parses(text)

    def _close_step(self) -> None:
        self.show(StepClosed(round=self.state.round))

    def _count_as_lost(self) -> None:
        """Guesses what a call cost of which nobody tells; its reservation stays, for it may be made again."""
        said = self.live.said
        output = estimated_tokens(said) if said else 0
        usage = Usage(input_tokens=prompt_tokens(self.state), output_tokens=output, estimated=True)
        self.count(self.state.call, usage, is_lost=True)

    # The loop: when the model fails

    @command
    def model_failed(self, cmd: ModelFailed) -> None:
        if not self.is_over and self.turn.effect_id == self.state.call.effect_id:
            self._failed(cmd)

    def _failed(self, failed: ModelFailed) -> None:
        state, error = self.state, failed.error
        if state.call.is_shown:
            self._count_as_lost()
        if error.retryable and not failed.shown and state.fallbacks:
            if state.call.is_shown:
                self.restart_reply(error.code)
            self.emit(ModelFellBack(**{"from": state.model, "to": state.fallbacks[0], "code": error.code}))
            self.call_again()
        else:
            self.end("failed", error.code, error.message)

    def give_up_reply(self) -> None:
        """Ends the model's call under way, and keeps what readers saw of it, marked as incomplete."""
        is_blind = self.live.is_blind
        if self.state.call.effect_id and not self._is_over_by_itself():
            self.cancel_effect(self.state.call.effect_id)
            self._count_as_lost()
        self.settle(self.state.call, Usage())
        self.give_up_summary()
        if is_blind:
            self.restart_reply("stream_interrupted")
        text, seen = self.live.text, self.live.thoughts(self.state.round)
        self.show_all(self.live.close(is_incomplete=True))
        self.show_all(self.live.end_calls({}, self.is_client))
        if text:
            seen.append(self.live.message_item(text, self.state.round, is_incomplete=True))
        if seen or self.state.continuations:
            self.emit(MessageProduced(items=seen))
        self._live = None

    def _is_over_by_itself(self) -> bool:
        return self.turn.effect_id == self.state.call.effect_id

    @command
    def effect_failed(self, cmd: EffectFailed) -> None:
        if self.summary_effect_failed(cmd):
            return
        if not self.is_over and cmd.effect_id == self.state.call.effect_id:
            failed = ModelFailed(call_id=self.state.call.call_id, shown=self.state.call.is_shown)
            failed.error.code = "timeout" if cmd.code == "timeout" else "unavailable"
            failed.error.message, failed.error.retryable = cmd.message, True
            self._failed(failed)
        elif cmd.effect == "runs.await":  # whoever goes on from this run has had a day to end
            self.retire(erase=True)
        elif cmd.effect == "tools.discover":
            self.end("failed", "tools_unavailable", "The tools of the run could not be found out.")
        elif not self.tool_effect_failed(cmd):
            self.reply_effect_failed(cmd)

    @command
    def interrupted(self, cmd: EffectInterrupted) -> None:
        if self.is_over or self.summary_interrupted(cmd):
            return
        self.readers_died()
        if cmd.effect_id != self.state.call.effect_id:
            self.tool_interrupted(cmd)
            return
        was_shown = self.state.call.is_shown
        self.emit(ModelCallInterrupted(call_id=self.state.call.call_id, was_shown=was_shown))
        self._count_as_lost()
        if was_shown:
            self.restart_reply("process_restarted")
        if self.state.call.interruptions >= INTERRUPTIONS:
            self.end("interrupted", "interrupted", "The process died during this call again and again.")
        else:
            self.call_again()


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
