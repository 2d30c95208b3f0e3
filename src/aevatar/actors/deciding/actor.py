"""What authors of actors write: a class with handlers and appliers, and what they may call in a turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from google.protobuf.message import Message

from aevatar.actors.deciding.turn import Pending, Scheduled, Shown, Started, Turn, TurnTooLarge
from aevatar.identity import ActorId, Principal
from aevatar.journal.records import Retirement

if TYPE_CHECKING:
    from aevatar.actors.deciding.kind import Kind

S = TypeVar("S", bound=Message)
F = TypeVar("F", bound=Callable[..., Any])

MARK = "__aevatar__"
"""The attribute under which a decorated function carries its mark."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a decorator says about a function; read when the kind is assembled."""

    role: str
    creates: bool = False


@overload
def command(handler: F) -> F: ...
@overload
def command(*, creates: bool = False) -> Callable[[F], F]: ...
def command(handler: F | None = None, *, creates: bool = False) -> F | Callable[[F], F]:
    """Marks the handler of the command its parameter is annotated with.

    One that `creates` is accepted by an actor that does not exist yet; all others answer `not_found` there.
    """
    if handler is None:
        return lambda function: _marked(function, Mark("command", creates))
    return _marked(handler, Mark("command"))


def question(handler: F) -> F:
    """Marks a handler that only answers: nothing of it is recorded, and it may be asked again under the same id."""
    return _marked(handler, Mark("question"))


def signal(handler: F) -> F:
    """Marks the handler of a signal: a message that is not itself recorded and may be lost in a crash."""
    return _marked(handler, Mark("signal"))


def applies(applier: F) -> F:
    """Marks the pure function that changes the state for an event: `(state, event)`, a static method."""
    return _marked(applier, Mark("applies"))


def upcasts(upcaster: F) -> F:
    """Marks the pure function that turns an event of an earlier meaning into today's: `(event)`, a static method.

    Its return annotation is today's event. Events are changed while they are read, never in the log.
    """
    return _marked(upcaster, Mark("upcasts"))


def _marked(function: F, mark: Mark) -> F:
    setattr(getattr(function, "__func__", function), MARK, mark)
    return function


class Actor(Generic[S]):
    """A virtual actor: a state that is the fold of its events, and handlers that decide, one message at a time.

    Handlers are plain `def`: they read `self.state`, change it by `emit` only, and say what else they want. All they
    asked for is committed as one unit, or none of it is.
    """

    kind: ClassVar[str]
    """`<module>.<entity>`: stable, registered, never a class path."""
    aliases: ClassVar[Sequence[str]] = ()
    """What the kind was called before."""
    renamed: ClassVar[Mapping[str, type[Message]]] = {}
    """Full names under which events were stored before, and what they are called now."""

    id: ActorId
    state: S
    turn: Turn

    def __init__(self, actor_id: ActorId, state: S, kind: Kind) -> None:
        self.id = actor_id
        self.state = state
        self._kind = kind

    @classmethod
    def allows(cls, principal: Principal, command: Message, actor_id: ActorId) -> bool:
        """Whether `principal` may give `command` to this actor. By default: whoever is of the actor's scope.

        What is not allowed answers like what does not exist.
        """
        return principal.scope == actor_id.scope

    def emit(self, event: Message) -> None:
        """Records a fact and applies it to the state at once."""
        turn = self.turn
        if len(turn.events) >= turn.most_events:
            raise TurnTooLarge(f"more than {turn.most_events} events in one turn")
        applier = self._kind.appliers.get(type(event))
        if applier is None:
            raise TypeError(f"{type(self).__name__} has no applier for {event.DESCRIPTOR.full_name}")
        turn.events.append(event)
        if type(event) in self._kind.observers:  # a fact that nothing observes stays inside
            turn.shown.append(Shown(event, "", terminal=False))
        applier(self.state, event)

    def show(self, observation: Message, *, session: str = "", terminal: bool = False) -> None:
        """Shows something that is no fact, such as a token, to the readers of a session of this actor."""
        self.turn.shown.append(Shown(observation, session, terminal))

    def send(self, target: ActorId, command: Message, *, command_id: str | None = None, answer: bool = False) -> str:
        """Sends a command to an actor of the same scope once the turn is committed; answers its command id.

        With `answer` its outcome, or its refusal, comes back as a command `Answered`.
        """
        return self.turn.send(target, command, command_id=command_id, answer=answer, sender=self.id)

    def signal(self, target: ActorId, message: Message) -> None:
        """Sends a signal to an actor of the same scope after the commit: unrecorded, lost if it cannot be reached."""
        self.turn.signal(target, message, sender=self.id)

    def signal_after(self, delay: float, message: Message) -> None:
        """Sends a signal to this actor itself after `delay` seconds, unless its activation is gone by then."""
        self.turn.signals_after.append((delay, message))

    def schedule(self, name: str, delay: float, command: Message) -> None:
        """Sets the timer `name` to fire `command` at this actor in `delay` seconds, in place of what it was set to."""
        self.turn.timers[name] = Scheduled(self.turn.now_ms + max(0, round(delay * 1000)), command)

    def cancel(self, name: str) -> None:
        """Clears the timer `name`. Harmless if it is not set."""
        self.turn.timers[name] = None

    def start(self, request: Message, *, attachment: object = None) -> str:
        """Starts the effect that takes `request` once the turn is committed; answers its effect id."""
        effect_id = self.turn.new_id()
        self.turn.effects_started.append(Started(effect_id, request, attachment))
        return effect_id

    def cancel_effect(self, effect_id: str) -> None:
        """Cancels an effect: its task and its connections end, and a result that still comes is dropped."""
        self.turn.effects_cancelled.append(effect_id)

    def conclude(self, command_id: str, outcome: Message) -> None:
        """Gives a command that was answered `Pending` its outcome."""
        self.turn.concluded[command_id] = outcome

    def retire(self, *, erase: bool = False) -> None:
        """Ends this actor: later commands answer `gone`. With `erase` its log and documents are removed soon after."""
        self.turn.retirement = Retirement.ERASE if erase else Retirement.KEPT


__all__ = ["Actor", "Mark", "Pending", "applies", "command", "question", "signal", "upcasts"]
