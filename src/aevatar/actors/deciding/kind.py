"""A kind, assembled: handlers and appliers found by their annotations, and every mistake in them said in a sentence."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from aevatar.actors.deciding.actor import MARK, Actor, Mark
from aevatar.actors.deciding.turn import Pending
from aevatar.actors.packing import name_of
from aevatar.errors import Misassembled
from aevatar.identity import is_kind
from aevatar.readmodels.declaration import DocumentOf
from aevatar.sessions.declaration import Observer, observers_by_type

ROLES = ("command", "question", "signal", "applies", "upcasts")
_PARAMETERS = {"command": 2, "question": 2, "signal": 2, "applies": 2, "upcasts": 1}


@dataclass(frozen=True, slots=True)
class Handler:
    """How one message type is handled."""

    function: Callable[[Any, Any], Message | Pending | None]
    role: str
    creates: bool
    name: str


@dataclass(frozen=True)
class Projection:
    """What a kind's facts look like to the outside: documents, and the observers that feed its sessions.

    `session` is the session that observers mean when they name none. Ended sessions are kept `retention` seconds.
    """

    documents: tuple[DocumentOf[Any], ...] = ()
    observers: tuple[Observer, ...] = ()
    session: str = "main"
    retention: float = 24 * 3600.0


@dataclass(frozen=True)
class Kind:
    """An actor class with what it shows. Raises: Misassembled when something about it is wrong.

    `erase_when_retired` removes the log of an actor that has retired, not just its future.
    """

    actor: type[Actor[Any]]
    projection: Projection = field(default_factory=Projection)
    erase_when_retired: bool = False
    snapshot_every: int = 100

    name: str = field(init=False)
    state: type[Message] = field(init=False)
    handlers: Mapping[type[Message], Handler] = field(init=False)
    appliers: Mapping[type[Message], Callable[[Any, Any], None]] = field(init=False)
    upcasters: Mapping[type[Message], Callable[[Any], Message]] = field(init=False)
    observers: Mapping[type[Message], Observer] = field(init=False)

    def __post_init__(self) -> None:
        for name, value in _Assembly(self.actor).parts().items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "observers", observers_by_type(self.projection.observers, self.name))
        self._refuse_doubled_documents()

    def is_question(self, payload: Message) -> bool:
        """Whether a message is only asked, and leaves nothing behind."""
        return self.handlers[type(payload)].role == "question"

    def _refuse_doubled_documents(self) -> None:
        names = [declared.name for declared in self.projection.documents]
        for name in names:
            if names.count(name) > 1:
                raise Misassembled(f"kind {self.name!r} declares the read model {name!r} twice")


def assemble(kinds: Iterable[Kind | type[Actor[Any]]]) -> dict[str, Kind]:
    """Kinds by name and alias. Raises: Misassembled when two claim one name, naming both places."""
    found: dict[str, Kind] = {}
    for declared in kinds:
        kind = declared if isinstance(declared, Kind) else Kind(declared)
        for name in (kind.name, *kind.actor.aliases):
            if (other := found.get(name)) is not None:
                raise Misassembled(f"the kind {name!r} is claimed by {_place(other.actor)} and by {_place(kind.actor)}")
            found[name] = kind
    return found


class _Assembly:
    """Reads one actor class."""

    def __init__(self, actor: type[Actor[Any]]) -> None:
        self.actor = actor
        self.name = getattr(actor, "kind", "")
        if not isinstance(self.name, str) or not is_kind(self.name):
            raise Misassembled(f"{_place(actor)} needs a class attribute kind = '<module>.<entity>', not {self.name!r}")
        for alias in actor.aliases:
            if not is_kind(alias):
                raise Misassembled(f"{self.where()}: the alias {alias!r} is not spelled <module>.<entity>")

    def where(self) -> str:
        return f"kind {self.name!r} ({_place(self.actor)})"

    def parts(self) -> dict[str, Any]:
        state = self._state()
        handlers: dict[type[Message], Handler] = {}
        appliers: dict[type[Message], Callable[[Any, Any], None]] = {}
        upcasters: dict[type[Message], Callable[[Any], Message]] = {}
        tables: dict[str, dict[type[Message], Any]] = {"applies": appliers, "upcasts": upcasters}
        for mark, function in self._marked():
            message = self._message(mark, function, state)
            table = tables.get(mark.role, handlers)
            if (other := table.get(message)) is not None:
                first = other.name if isinstance(other, Handler) else other.__name__
                raise Misassembled(
                    f"{self.where()} has two functions for {name_of(message)}: {first!r} and {function.__name__!r}"
                )
            if table is handlers:
                handlers[message] = Handler(function, mark.role, mark.creates, function.__name__)
            else:
                table[message] = function
        if not any(handler.creates for handler in handlers.values()):
            raise Misassembled(
                f"{self.where()} has no handler marked @command(creates=True), so no actor of it could ever come to be"
            )
        self._check_upcasts(appliers, upcasters)
        return {"name": self.name, "state": state, "handlers": handlers, "appliers": appliers, "upcasters": upcasters}

    def _state(self) -> type[Message]:
        for base in _original_bases(self.actor):
            if typing.get_origin(base) is not None and issubclass(typing.get_origin(base), Actor):
                (state,) = typing.get_args(base)
                if isinstance(state, type) and issubclass(state, Message):
                    return state
        raise Misassembled(f"{self.where()} must be an Actor[State] where State is a generated Protobuf message")

    def _marked(self) -> Iterator[tuple[Mark, Callable[..., Any]]]:
        seen = set()
        for owner in self.actor.__mro__:
            for name, value in vars(owner).items():
                function = value.__func__ if isinstance(value, staticmethod) else value
                mark = getattr(function, MARK, None)
                if isinstance(mark, Mark) and name not in seen:
                    seen.add(name)
                    yield mark, function

    def _message(self, mark: Mark, function: Callable[..., Any], state: type[Message]) -> type[Message]:
        what = f"{self.where()}: {mark.role} {function.__name__!r}"
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise Misassembled(f"{what} must be a plain def: a turn cannot wait")
        parameters = list(inspect.signature(function).parameters)
        if len(parameters) != _PARAMETERS[mark.role]:
            wanted = {"applies": "(state, event)", "upcasts": "(event)"}.get(mark.role, "(self, message)")
            raise Misassembled(f"{what} must take {wanted}")
        try:
            hints = typing.get_type_hints(function)
        except NameError as unknown:
            raise Misassembled(f"{what} has an annotation that cannot be resolved: {unknown}") from unknown
        message = hints.get(parameters[-1])
        if not _is_message(message):
            raise Misassembled(
                f"{what} must annotate {parameters[-1]!r} with a generated Protobuf message, not {message!r}"
            )
        if mark.role == "applies" and hints.get(parameters[0]) is not state:
            raise Misassembled(f"{what} must take the state as {state.__name__}, not {hints.get(parameters[0])!r}")
        if mark.role in ("command", "question"):
            self._check_outcome(what, hints.get("return", type(None)), mark)
        return message

    def _check_outcome(self, what: str, returns: Any, mark: Mark) -> None:
        union = typing.get_origin(returns) in (typing.Union, types.UnionType)
        for member in typing.get_args(returns) if union else (returns,):
            if member is Pending and mark.role == "question":
                raise Misassembled(f"{what} is a question and must answer at once, not Pending")
            if member is not type(None) and member is not Pending and not _is_message(member):
                raise Misassembled(f"{what} must return a generated Protobuf message, Pending or None, not {member!r}")

    def _check_upcasts(
        self, appliers: Mapping[type[Message], object], upcasters: Mapping[type[Message], Callable[..., Any]]
    ) -> None:
        for old, function in upcasters.items():
            new = typing.get_type_hints(function).get("return")
            if new not in appliers and new not in upcasters:
                raise Misassembled(
                    f"{self.where()}: the upcaster of {name_of(old)} returns {new!r}, which nothing applies"
                )
        for stored, message in self.actor.renamed.items():
            if message not in appliers:
                raise Misassembled(
                    f"{self.where()}: {stored!r} is said to be {name_of(message)} now, which nothing applies"
                )


def _is_message(value: object) -> typing.TypeGuard[type[Message]]:
    return isinstance(value, type) and issubclass(value, Message) and value is not Message


def _original_bases(actor: type) -> Iterator[Any]:
    for owner in actor.__mro__:
        yield from getattr(owner, "__orig_bases__", ())


def _place(actor: type) -> str:
    return f"{actor.__module__}.{actor.__qualname__}"


__all__ = ["Handler", "Kind", "Projection", "assemble"]
