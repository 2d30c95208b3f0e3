"""A thread: one talk with one agent, in which runs never overlap. It knows their order, and none of their texts."""

from __future__ import annotations

from aevatar.actors import Actor, Answered, Kind, Pending, applies, command, signal
from aevatar.agents.agent import RUN, THREAD
from aevatar.agents.agents_pb2 import (
    MergeOverdue,
    Merging,
    RunSubmitted,
    SubmitRun,
    ThreadMergeAsked,
    ThreadMergeSettled,
    ThreadRunEnded,
    ThreadRunQueued,
    ThreadRunStarted,
    ThreadState,
)
from aevatar.agents.runs.blobs import names_blobs
from aevatar.agents.runs.facts import copy
from aevatar.agents.runs_pb2 import (
    AddRunInput,
    ApprovalReported,
    BeginRun,
    CancelRun,
    History,
    RunConcluded,
    RunProgressed,
    StartRun,
)
from aevatar.errors import Rejected
from aevatar.identity import ActorId

QUEUE_LIMIT = 20
MERGE_SECONDS = 25.0


class Thread(Actor[ThreadState]):
    """Gives runs of one talk their turn, as its policy says."""

    kind = THREAD

    @command(creates=True)
    def submit(self, cmd: SubmitRun) -> RunSubmitted | Pending:
        if not self.state.active:
            return self._start(cmd)
        if cmd.policy == "reject":
            raise Rejected("thread_busy", "A run of this thread is under way.")
        if cmd.policy == "merge" and not names_blobs(cmd.start.input):  # which belong to the run that was to be started
            return self._merge(cmd)
        if len(self.state.queue) >= QUEUE_LIMIT:
            raise Rejected("thread_queue_full", f"{QUEUE_LIMIT} runs of this thread are waiting.")
        return self._queue(cmd)

    def _start(self, submitted: SubmitRun) -> RunSubmitted:
        start = copy(submitted.start)
        if (history := self._history()) is not None:
            start.history.CopyFrom(history)
        self.emit(ThreadRunStarted(run_key=submitted.run_key))
        return self._send_start(submitted.run_key, start)

    def _queue(self, submitted: SubmitRun) -> RunSubmitted:
        """The run is there from now on, and begins when its turn has come."""
        interrupts = submitted.policy == "interrupt"
        self.emit(ThreadRunQueued(run_key=submitted.run_key, interrupts=interrupts))
        if interrupts:
            self._cancel_active()
        start = copy(submitted.start)
        start.is_queued = True
        return self._send_start(submitted.run_key, start)

    def _send_start(self, run_key: str, start: StartRun) -> RunSubmitted:
        run = self._run(run_key)
        self.send(run, start, command_id=f"start:{run_key}")
        return RunSubmitted(run=run.text, is_queued=start.is_queued)

    def _merge(self, submitted: SubmitRun) -> Pending:
        """Whether the active run still takes input, only it can say."""
        active = self.state.active
        adding = self.send(self._run(active), AddRunInput(input=submitted.start.input), answer=True)
        merging = Merging(submitted=self.turn.command_id, run=submitted, into=active)
        self.emit(ThreadMergeAsked(command_id=adding, merging=merging))
        return Pending(within=MERGE_SECONDS, then=MergeOverdue(command_id=adding))

    @command
    def answered(self, cmd: Answered) -> None:
        if cmd.command_id not in self.state.merging:
            return
        merging = copy(self.state.merging[cmd.command_id])
        outcome = RunSubmitted(run=cmd.actor_id, is_merged=True)
        if cmd.HasField("refusal"):  # it ended meanwhile: what was said starts a run of its own
            outcome = self._queue(merging.run) if self.state.active else self._start(merging.run)
        self._conclude_merge(cmd.command_id, outcome)

    @command
    def merge_overdue(self, cmd: MergeOverdue) -> None:
        if cmd.command_id in self.state.merging:
            run = self._run(self.state.merging[cmd.command_id].into)
            self._conclude_merge(cmd.command_id, RunSubmitted(run=run.text, is_merged=True))

    def _conclude_merge(self, command_id: str, outcome: RunSubmitted) -> None:
        self.conclude(self.state.merging[command_id].submitted, outcome)
        self.emit(ThreadMergeSettled(command_id=command_id))

    @command
    def concluded(self, cmd: RunConcluded) -> None:
        key = ActorId.parse(cmd.run_id).key
        tokens = cmd.usage.input_tokens + cmd.usage.output_tokens
        was_active = key == self.state.active
        self.emit(ThreadRunEnded(run_key=key, status=cmd.status, tokens=tokens))
        if was_active and self.state.queue:
            self._begin_next()

    def _begin_next(self) -> None:
        queued = self.state.queue[0].run_key
        self.emit(ThreadRunStarted(run_key=queued))
        self.send(self._run(queued), BeginRun(history=self._history()))
        if any(waiting.interrupts for waiting in self.state.queue):  # it has been interrupted before it began
            self._cancel_active()

    @signal
    def progressed(self, cmd: RunProgressed) -> None:
        """Nothing to a thread: only ends change its order."""

    @command
    def approval_reported(self, cmd: ApprovalReported) -> None:
        """Neither are decisions."""

    def _cancel_active(self) -> None:
        self.send(self._run(self.state.active), CancelRun(reason="interrupted"))

    def _history(self) -> History | None:
        if not self.state.last:
            return None
        return History(previous_run=self._run(self.state.last).text, estimated_tokens=self.state.last_tokens)

    def _run(self, key: str) -> ActorId:
        return ActorId(RUN, self.id.scope, key)

    @applies
    @staticmethod
    def queued(state: ThreadState, event: ThreadRunQueued) -> None:
        state.queue.add(run_key=event.run_key, interrupts=event.interrupts)

    @applies
    @staticmethod
    def started(state: ThreadState, event: ThreadRunStarted) -> None:
        state.active = event.run_key
        _leave_queue(state, event.run_key)

    @applies
    @staticmethod
    def ended(state: ThreadState, event: ThreadRunEnded) -> None:
        if event.run_key != state.active:  # cancelled while it waited
            _leave_queue(state, event.run_key)
            return
        state.active = ""
        if event.status in ("completed", "incomplete", "cancelled"):  # what failed outright said nothing worth keeping
            state.last, state.last_tokens = event.run_key, event.tokens

    @applies
    @staticmethod
    def merge_asked(state: ThreadState, event: ThreadMergeAsked) -> None:
        state.merging[event.command_id].CopyFrom(event.merging)

    @applies
    @staticmethod
    def merge_settled(state: ThreadState, event: ThreadMergeSettled) -> None:
        del state.merging[event.command_id]


def _leave_queue(state: ThreadState, run_key: str) -> None:
    left = [copy(each) for each in state.queue if each.run_key != run_key]
    del state.queue[:]
    state.queue.extend(left)


THREAD_KIND = Kind(Thread)
