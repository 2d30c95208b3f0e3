"""How long a run is kept: readers that leave it, its deletion, and the runs that still need what was said in it."""

from __future__ import annotations

from contextlib import aclosing

from aevatar.actors import Effect, Link, Policy, Runtime, command
from aevatar.agents.runs.base import STORED_FOR, UNSTORED_FOR, RunBase
from aevatar.agents.runs.facts import STATUS
from aevatar.agents.runs_pb2 import (
    AwaitRuns,
    CancelRun,
    ContinuationsFound,
    DeleteRun,
    FindContinuations,
    ReaderCame,
    ReaderLeft,
    RunDeleted,
    RunDocument,
    RunEndedAlready,
    RunErasureDue,
    RunsEnded,
    RunUnstored,
)
from aevatar.identity import ActorId

ABANDONED = "abandoned"
ORPHANED_FOR = 30.0
"""Seconds that an unstored run goes on whose reader's connection died with its process: it may be asked for again."""


class Keeping(RunBase):
    """The part of a run that is about its readers, and its end as a thing in the journal."""

    def stop(self, reason: str) -> None:
        """Cancels the run if it has not ended. Defined by the loop."""

    @command
    def reader_left(self, cmd: ReaderLeft) -> None:
        if not self.is_over:
            self.schedule(ABANDONED, cmd.cancel_after, CancelRun(reason="nobody reads it any more"))

    @command
    def reader_came(self, cmd: ReaderCame) -> None:
        self.cancel(ABANDONED)

    def readers_died(self) -> None:
        """The process has died, and so have all connections; nobody is left to say so."""
        if self.state.start.is_unstored:
            self.schedule(ABANDONED, ORPHANED_FOR, CancelRun(reason="nobody reads it any more"))

    @command
    def delete(self, cmd: DeleteRun) -> RunEndedAlready:
        if cmd.lets_end and not self.has_ended:
            self.emit(RunUnstored())
            return RunEndedAlready(status=self.status_name())
        self.stop("deleted")
        if not self.state.deleted_at:
            effect_id = self.start(AwaitRuns(runs=cmd.continued_by)) if cmd.continued_by else ""
            self.emit(RunDeleted(at=self.turn.now_ms, effect_id=effect_id))
            if not effect_id:
                self.schedule("erase", UNSTORED_FOR, RunErasureDue())
        return RunEndedAlready(status=self.status_name())

    @command
    def no_longer_needed(self, cmd: RunsEnded) -> None:
        self._erase()

    @command
    def erase_when_due(self, cmd: RunErasureDue) -> None:
        """Erases the run; a stored one only when nothing goes on from it, and not before its time."""
        state = self.state
        if state.start.is_unstored or state.deleted_at or not state.HasField("start"):
            self._erase()
        elif self.has_ended and self.turn.now_ms >= state.ended.at + STORED_FOR * 1000:
            self.start(FindContinuations())

    @command
    def continuations_found(self, cmd: ContinuationsFound) -> None:
        if cmd.are_there:  # the last of them will say so when it goes; if that is lost, we look again
            self.schedule("erase", STORED_FOR, RunErasureDue())
        else:
            self._erase()

    def _erase(self) -> None:
        self.retire(erase=True)
        start = self.state.start
        for sub_run in self.state.sub_runs.values() if start.is_unstored else ():
            self.send(ActorId.parse(sub_run.sub_run.run), DeleteRun(lets_end=True))
        if start.history.previous_run:
            self.send(ActorId.parse(start.history.previous_run), RunErasureDue())


class AwaitRunsEffect(Effect[AwaitRuns, RunsEnded]):
    """Waits until runs have ended, or are gone."""

    name = "runs.await"
    policy = Policy.REPEAT
    concurrency = 1_000
    deadline = 24 * 3600.0

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self, request: AwaitRuns, link: Link) -> RunsEnded:
        for run in request.runs:
            await self._ended(ActorId.parse(run))
        return RunsEnded()

    async def _ended(self, run: ActorId) -> None:
        found = await self._runtime.readmodels.get("agents.runs", run.scope, run.key)
        if found is None or not isinstance(found.document, RunDocument) or found.document.status in STATUS:
            return
        async with aclosing(self._runtime.sessions.read(run, "run")) as events:
            async for _ in events:
                pass


class FindContinuationsEffect(Effect[FindContinuations, ContinuationsFound]):
    """Looks whether a stored run goes on from this one."""

    name = "runs.continuations"
    policy = Policy.REPEAT

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self, request: FindContinuations, link: Link) -> ContinuationsFound:
        where = {"previous": link.actor_id.text}
        found = await self._runtime.readmodels.list("agents.runs", link.actor_id.scope, where=where, limit=1)
        return ContinuationsFound(are_there=bool(found.items))
