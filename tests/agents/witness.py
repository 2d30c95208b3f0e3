"""An actor that runs report to."""

from __future__ import annotations

from google.protobuf.message import Message

from aevatar.actors import Actor, Kind, applies, command, signal
from aevatar.actors.actors_pb2 import Done
from aevatar.agents.agents_pb2 import BudgetSet, BudgetState
from aevatar.agents.runs_pb2 import ApprovalReported, RunConcluded, RunProgressed
from aevatar.identity import ActorId


class Witness(Actor[BudgetState]):
    """Remembers, in memory, what it has heard."""

    kind = "tests.witness"

    def __init__(self, actor_id: ActorId, state: BudgetState, kind: Kind) -> None:
        super().__init__(actor_id, state, kind)
        self.heard: list[Message] = []

    @command(creates=True)
    def begin(self, cmd: Done) -> None:
        self.emit(BudgetSet())

    @signal
    def progressed(self, cmd: RunProgressed) -> None:
        self.heard.append(cmd)

    @command
    def asked(self, cmd: ApprovalReported) -> None:
        self.heard.append(cmd)

    @command
    def concluded(self, cmd: RunConcluded) -> None:
        self.heard.append(cmd)

    @applies
    @staticmethod
    def begun(state: BudgetState, event: BudgetSet) -> None:
        return None


WITNESS = Kind(Witness)
