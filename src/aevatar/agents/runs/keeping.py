"""How long a run is kept: readers that leave it, its deletion, and the runs that still need what was said in it."""

from __future__ import annotations

from contextlib import aclosing

from aevatar.actors import Effect, Link, Policy, Runtime, command
from aevatar.agents.runs.base import UNSTORED_FOR, RunBase
from aevatar.agents.runs.facts import STATUS
from aevatar.agents.runs_pb2 import (
    AwaitRuns,
    CancelRun,
    DeleteRun,
    ReaderCame,
    ReaderLeft,
    RunDeleted,
    RunDocument,
    RunEndedAlready,
    RunErasureDue,
    RunsEnded,
)
from aevatar.identity import ActorId

ABANDONED = "abandoned"


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

    @command
    def delete(self, cmd: DeleteRun) -> RunEndedAlready:
        self.stop("deleted")
        if not self.state.deleted_at:
            effect_id = self.start(AwaitRuns(runs=cmd.continued_by)) if cmd.continued_by else ""
            self.emit(RunDeleted(at=self.turn.now_ms, effect_id=effect_id))
            if not effect_id:
                self.schedule("erase", UNSTORED_FOR, RunErasureDue())
        return RunEndedAlready(status=self.status_name())

    @command
    def no_longer_needed(self, cmd: RunsEnded) -> None:
        self.retire(erase=True)

    @command
    def erase_when_due(self, cmd: RunErasureDue) -> None:
        self.retire(erase=True)


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
