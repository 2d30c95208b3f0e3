"""A thread: one talk with one agent, in which runs never overlap. It knows their order and none of their texts."""

from __future__ import annotations

from aevatar.actors import Actor, Kind, applies, command
from aevatar.agents.agent import RUN, THREAD
from aevatar.agents.agents_pb2 import (
    RunSubmitted,
    SubmitRun,
    ThreadRunEnded,
    ThreadRunMerged,
    ThreadRunQueued,
    ThreadRunStarted,
    ThreadState,
)
from aevatar.agents.runs.facts import copy
from aevatar.agents.runs_pb2 import AddRunInput, CancelRun, History, RunConcluded
from aevatar.errors import Rejected
from aevatar.identity import ActorId

QUEUE_LIMIT = 20


class Thread(Actor[ThreadState]):
    """Gives runs of one talk their turn, as its policy says."""

    kind = THREAD

    @command(creates=True)
    def submit(self, cmd: SubmitRun) -> RunSubmitted:
        run = ActorId(RUN, self.id.scope, cmd.run_key).text
        if not self.state.active:
            self._begin(cmd)
            return RunSubmitted(run=run)
        policy = cmd.policy or "queue"
        if policy == "reject":
            raise Rejected("thread_busy", "A run of this thread is under way.")
        if policy == "merge":
            active = ActorId(RUN, self.id.scope, self.state.active)
            self.emit(ThreadRunMerged(run_key=self.state.active))
            self.send(active, AddRunInput(input=cmd.start.input))
            return RunSubmitted(run=active.text, is_merged=True)
        if len(self.state.queue) >= QUEUE_LIMIT:
            raise Rejected("thread_queue_full", f"{QUEUE_LIMIT} runs of this thread are waiting.")
        self.emit(ThreadRunQueued(start=cmd.start, run_key=cmd.run_key))
        if policy == "interrupt":
            self.send(ActorId(RUN, self.id.scope, self.state.active), CancelRun(reason="interrupted"))
        return RunSubmitted(run=run, is_queued=True)

    @command
    def concluded(self, cmd: RunConcluded) -> None:
        key = ActorId.parse(cmd.run_id).key
        if key != self.state.active:
            return
        tokens = cmd.usage.input_tokens + cmd.usage.output_tokens
        self.emit(ThreadRunEnded(run_key=key, status=cmd.status, tokens=tokens))
        if self.state.queue:
            self._begin(copy(self.state.queue[0]))

    def _begin(self, submitted: SubmitRun) -> None:
        start = copy(submitted.start)
        if self.state.last:
            previous = ActorId(RUN, self.id.scope, self.state.last).text
            start.history.CopyFrom(History(previous_run=previous, estimated_tokens=self.state.last_tokens))
        self.emit(ThreadRunStarted(run_key=submitted.run_key))
        self.send(ActorId(RUN, self.id.scope, submitted.run_key), start, command_id=f"start:{submitted.run_key}")

    @applies
    @staticmethod
    def queued(state: ThreadState, event: ThreadRunQueued) -> None:
        state.queue.add(start=event.start, run_key=event.run_key)

    @applies
    @staticmethod
    def started(state: ThreadState, event: ThreadRunStarted) -> None:
        state.active = event.run_key
        if state.queue and state.queue[0].run_key == event.run_key:
            del state.queue[0]

    @applies
    @staticmethod
    def merged(state: ThreadState, event: ThreadRunMerged) -> None:
        return None

    @applies
    @staticmethod
    def ended(state: ThreadState, event: ThreadRunEnded) -> None:
        state.active = ""
        if event.status in ("completed", "incomplete", "cancelled"):  # what failed outright said nothing worth keeping
            state.last, state.last_tokens = event.run_key, event.tokens


THREAD_KIND = Kind(Thread)
