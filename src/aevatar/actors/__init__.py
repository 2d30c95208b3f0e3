"""The kernel: virtual actors with synchronous turns, one transaction a turn, and effects that survive a crash."""

from aevatar.actors.acting.effects import Effect, EffectError, Link, Policy, Retries
from aevatar.actors.actors_pb2 import Answered, Done, EffectFailed, EffectInterrupted
from aevatar.actors.deciding.activation import Answer
from aevatar.actors.deciding.actor import Actor, applies, command, question, signal, upcasts
from aevatar.actors.deciding.kind import Kind, Projection
from aevatar.actors.deciding.turn import Pending
from aevatar.actors.projectors import Documents, Projector
from aevatar.actors.runtime import Outcome, Receipt, Runtime
from aevatar.actors.serving.stage import Limits
from aevatar.actors.upkeep.housekeeping import Retention
from aevatar.actors.upkeep.rebuilding import Rebuilt, rebuild_readmodels
from aevatar.actors.upkeep.verification import Verified, verify_journal

__all__ = [
    "Actor",
    "Answer",
    "Answered",
    "Documents",
    "Done",
    "Effect",
    "EffectError",
    "EffectFailed",
    "EffectInterrupted",
    "Kind",
    "Limits",
    "Link",
    "Outcome",
    "Pending",
    "Policy",
    "Projection",
    "Projector",
    "Rebuilt",
    "Receipt",
    "Retention",
    "Retries",
    "Runtime",
    "Verified",
    "applies",
    "command",
    "question",
    "rebuild_readmodels",
    "signal",
    "upcasts",
    "verify_journal",
]
