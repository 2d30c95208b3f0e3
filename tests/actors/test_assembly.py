"""A program that is put together wrongly does not start, and one sentence says where to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from aevatar.actors import (
    Actor,
    Effect,
    Kind,
    Link,
    Pending,
    Projection,
    Projector,
    Runtime,
    applies,
    command,
    question,
    upcasts,
)
from aevatar.actors import signal as takes_signal
from aevatar.errors import Misassembled
from aevatar.journal.memory import MemoryJournal
from aevatar.readmodels import DocumentOf
from tests.sample.kinds import TALLY, Echo, Tally, document
from tests.sample.sample_pb2 import (
    Add,
    Added,
    AddedInTens,
    Echoed,
    EchoRequest,
    Noted,
    Take,
    TallyDocument,
    TallyState,
    Total,
)


class Plain(Actor[TallyState]):
    """What all of these would be, were they right."""

    kind = "wrong.plain"

    @command(creates=True)
    def add(self, cmd: Add) -> Total:
        return Total()


class Nameless(Actor[TallyState]):
    @command(creates=True)
    def add(self, cmd: Add) -> Total:
        return Total()


class Misspelt(Plain):
    kind = "Wrong"


class AliasMisspelt(Plain):
    aliases = ("Before",)


class Stateless(Actor):  # type: ignore[type-arg]
    kind = "wrong.stateless"


class StateOfItsOwn(Actor[dict]):  # type: ignore[type-var]
    kind = "wrong.state"


class Unborn(Actor[TallyState]):
    kind = "wrong.unborn"

    @command
    def take(self, cmd: Take) -> Total:
        return Total()


class Waits(Plain):
    @command
    async def take(self, cmd: Take) -> Total:
        return Total()


class TakesTooMuch(Plain):
    @command
    def take(self, cmd: Take, more: int) -> Total:
        return Total()


class TakesNothingKnown(Plain):
    @command
    def take(self, cmd) -> Total:  # type: ignore[no-untyped-def]  # noqa: ANN001 - that is what is wrong with it
        return Total()


class TakesADict(Plain):
    @command
    def take(self, cmd: dict[str, int]) -> Total:
        return Total()


class TakesTheUnresolved(Plain):
    @command
    def take(self, cmd: Missing) -> Total:  # type: ignore[name-defined]  # noqa: F821 - that is what is wrong with it
        return Total()


class AnswersADict(Plain):
    @command
    def take(self, cmd: Take) -> dict[str, int]:
        return {}


class AsksAndWaits(Plain):
    @question
    def take(self, cmd: Take) -> Total | Pending:
        return Total()


class TakesItTwice(Plain):
    @command
    def add_again(self, cmd: Add) -> Total:
        return Total()


class CommandAndSignal(Plain):
    @takes_signal
    def hear_add(self, cmd: Add) -> None: ...


class AppliesTwice(Plain):
    @applies
    @staticmethod
    def added(state: TallyState, event: Added) -> None: ...

    @applies
    @staticmethod
    def added_again(state: TallyState, event: Added) -> None: ...


class AppliesToAnother(Plain):
    @applies
    @staticmethod
    def added(state: Total, event: Added) -> None: ...


class AppliesToNothing(Plain):
    @applies
    @staticmethod
    def added(event: Added) -> None: ...


class UpcastsToNowhere(Plain):
    @upcasts
    @staticmethod
    def in_tens(event: AddedInTens) -> Added:
        return Added()


class RenamesToNowhere(Plain):
    renamed: ClassVar = {"wrong.Before": Noted}


HERE = __name__

WRONG_NAMES = [
    (Nameless, f"{HERE}.Nameless needs a class attribute kind = '<module>.<entity>', not ''"),
    (Misspelt, f"{HERE}.Misspelt needs a class attribute kind = '<module>.<entity>', not 'Wrong'"),
]

WRONG_PARTS = [
    (AliasMisspelt, ": the alias 'Before' is not spelled <module>.<entity>"),
    (Stateless, " must be an Actor[State] where State is a generated Protobuf message"),
    (StateOfItsOwn, " must be an Actor[State] where State is a generated Protobuf message"),
    (Unborn, " has no handler marked @command(creates=True), so no actor of it could ever come to be"),
    (Waits, ": command 'take' must be a plain def: a turn cannot wait"),
    (TakesTooMuch, ": command 'take' must take (self, message)"),
    (TakesNothingKnown, ": command 'take' must annotate 'cmd' with a generated Protobuf message, not None"),
    (TakesADict, ": command 'take' must annotate 'cmd' with a generated Protobuf message, not dict[str, int]"),
    (
        TakesTheUnresolved,
        ": command 'take' has an annotation that cannot be resolved: name 'Missing' is not defined",
    ),
    (
        AnswersADict,
        ": command 'take' must return a generated Protobuf message, Pending or None, not dict[str, int]",
    ),
    (AsksAndWaits, ": question 'take' is a question and must answer at once, not Pending"),
    (TakesItTwice, " has two functions for tests.sample.Add: 'add_again' and 'add'"),
    (CommandAndSignal, " has two functions for tests.sample.Add: 'hear_add' and 'add'"),
    (AppliesTwice, " has two functions for tests.sample.Added: 'added' and 'added_again'"),
    (AppliesToAnother, f": applies 'added' must take the state as TallyState, not {Total!r}"),
    (AppliesToNothing, ": applies 'added' must take (state, event)"),
    (UpcastsToNowhere, f": the upcaster of tests.sample.AddedInTens returns {Added!r}, which nothing applies"),
    (RenamesToNowhere, ": 'wrong.Before' is said to be tests.sample.Noted now, which nothing applies"),
]


@pytest.mark.parametrize(
    ("actor", "sentence"),
    [*WRONG_NAMES, *((actor, f"kind {actor.kind!r} ({HERE}.{actor.__name__}){what}") for actor, what in WRONG_PARTS)],
)
def test_a_wrong_kind_is_refused_with_its_place_its_handler_and_the_message(actor: Any, sentence: str) -> None:
    with pytest.raises(Misassembled) as refused:
        Runtime(kinds=[actor], journal=MemoryJournal())
    assert str(refused.value) == sentence


class Twin(Plain):
    pass


class Successor(Plain):
    kind = "wrong.successor"
    aliases = ("wrong.plain",)


@pytest.mark.parametrize("other", [Twin, Successor])
def test_two_kinds_of_one_name_are_refused_with_both_places(other: Any) -> None:
    with pytest.raises(Misassembled) as refused:
        Runtime(kinds=[Plain, other], journal=MemoryJournal())
    assert str(refused.value) == f"the kind 'wrong.plain' is claimed by {HERE}.Plain and by {HERE}.{other.__name__}"


def test_a_kind_may_be_given_as_its_bare_class() -> None:
    Runtime(kinds=[Plain], journal=MemoryJournal())


def observe_added(event: Added) -> Iterator[Noted]:
    yield Noted()


def observe_added_again(event: Added) -> Iterator[Noted]:
    yield Noted()


def observe_ill(event) -> Iterator[Noted]:  # type: ignore[no-untyped-def]  # noqa: ANN001 - likewise
    yield Noted()


@pytest.mark.parametrize(
    ("observers", "sentence"),
    [
        (
            (observe_added, observe_added_again),
            "kind 'wrong.plain' has two observers of tests.sample.Added: 'observe_added' and 'observe_added_again'",
        ),
        (
            (observe_ill,),
            "observer 'observe_ill' of kind 'wrong.plain' must take one argument annotated with a generated message",
        ),
    ],
)
def test_a_wrong_observer_is_refused(observers: Any, sentence: str) -> None:
    with pytest.raises(Misassembled) as refused:
        Kind(Plain, Projection(observers=observers))
    assert str(refused.value) == sentence


def untyped(state: TallyState):  # type: ignore[no-untyped-def]  # noqa: ANN201 - that is what is wrong with it
    return None


def pages(state: TallyState) -> dict[str, TallyDocument]:
    return {}


@pytest.mark.parametrize(
    ("documents", "sentence"),
    [
        (
            lambda: (DocumentOf("wrong.documents", document), DocumentOf("wrong.documents", document)),
            "kind 'wrong.plain' declares the read model 'wrong.documents' twice",
        ),
        (
            lambda: (DocumentOf("wrong.documents", untyped),),
            "the function behind read model 'wrong.documents' must be annotated with the message it returns",
        ),
        (
            lambda: (DocumentOf("wrong.documents", document, pages=pages),),
            "read model 'wrong.documents' needs either a document or pages",
        ),
        (lambda: (DocumentOf("wrong.documents"),), "read model 'wrong.documents' needs either a document or pages"),
    ],
)
def test_a_wrong_read_model_is_refused(documents: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(Misassembled) as refused:
        Runtime(kinds=[Kind(Plain, Projection(documents=documents()))], journal=MemoryJournal())
    assert str(refused.value) == sentence


def test_a_read_model_of_two_kinds_is_refused_with_both() -> None:
    also = Kind(Plain, Projection(documents=(DocumentOf("sample.tallies", document),)))
    with pytest.raises(Misassembled) as refused:
        Runtime(kinds=[TALLY, also], journal=MemoryJournal())
    assert (
        str(refused.value)
        == "the read model 'sample.tallies' is declared by kind 'sample.tally' and kind 'wrong.plain'"
    )


class Namesake(Echo):
    pass


class Rival(Echo):
    name = "wrong.rival"


class Anonymous(Effect[EchoRequest, Echoed]):
    async def run(self, request: EchoRequest, link: Link) -> Echoed:
        return Echoed()


class Untyped(Effect[EchoRequest, Echoed]):
    name = "wrong.untyped"

    async def run(self, request, link):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - that is what is wrong
        return Echoed()


@pytest.mark.parametrize(
    ("effects", "sentence"),
    [
        ([Echo(), Namesake()], f"two effects are called 'sample.echo': tests.sample.kinds.Echo and {HERE}.Namesake"),
        (
            [Echo(), Rival()],
            (
                "two effects take tests.sample.EchoRequest: "
                f"'sample.echo' (tests.sample.kinds.Echo) and 'wrong.rival' ({HERE}.Rival)"
            ),
        ),
        ([Anonymous()], f"effect {HERE}.Anonymous needs a class attribute name = '<module>.<verb>'"),
        (
            [Untyped()],
            "effect 'wrong.untyped' must annotate run(self, request: <generated message>, link: Link)",
        ),
    ],
)
def test_a_wrong_effect_is_refused(effects: Any, sentence: str) -> None:
    with pytest.raises(Misassembled) as refused:
        Runtime(kinds=[Tally], journal=MemoryJournal(), effects=effects)
    assert str(refused.value) == sentence


class Sums(Projector):
    name = "wrong.sums"
    documents: ClassVar = {"wrong.sums": TallyDocument}


class SumsAgain(Projector):
    name = "wrong.sums"
    documents: ClassVar = {}


class SumsElsewhere(Projector):
    name = "wrong.others"
    documents: ClassVar = {"wrong.sums": TallyDocument}


class SumsOfTallies(Projector):
    name = "wrong.tallies"
    documents: ClassVar = {"sample.tallies": TallyDocument}


@pytest.mark.parametrize(
    ("projectors", "sentence"),
    [
        ([Sums(), SumsAgain()], f"two projectors are called 'wrong.sums': {HERE}.Sums and {HERE}.SumsAgain"),
        (
            [Sums(), SumsElsewhere()],
            "the read model 'wrong.sums' is declared by projector 'wrong.sums' and projector 'wrong.others'",
        ),
        (
            [SumsOfTallies()],
            "the read model 'sample.tallies' is declared by projector 'wrong.tallies' and kind 'sample.tally'",
        ),
    ],
)
def test_wrong_projectors_are_refused(projectors: Any, sentence: str) -> None:
    with pytest.raises(Misassembled) as refused:
        Runtime(kinds=[TALLY], journal=MemoryJournal(), projectors=projectors)
    assert str(refused.value) == sentence
