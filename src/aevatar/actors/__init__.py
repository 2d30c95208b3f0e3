"""The kernel: virtual actors with synchronous turns, one transaction a turn, and effects that survive a crash."""

from aevatar.actors.activation import Answer
from aevatar.actors.actor import Actor, applies, command, question, signal, upcasts
from aevatar.actors.actors_pb2 import Answered, Done, EffectFailed, EffectInterrupted
from aevatar.actors.effects import Effect, EffectError, Link, Policy, Retries
from aevatar.actors.housekeeping import Retention
from aevatar.actors.kind import Kind, Projection
from aevatar.actors.projectors import Documents, Projector
from aevatar.actors.rebuilding import Rebuilt, rebuild_readmodels
from aevatar.actors.runtime import Outcome, Receipt, Runtime
from aevatar.actors.stage import Limits
from aevatar.actors.turn import Pending
from aevatar.actors.verification import Verified, verify_journal

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
