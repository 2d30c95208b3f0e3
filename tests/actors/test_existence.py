"""Which actors there are, and for whom."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message

from aevatar.actors import Outcome
from aevatar.errors import Rejected
from aevatar.identity import ActorId, Principal, ScopeId
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, Added, Heard, HowMuch, Retire, Take, TallyState, Total, Witness
from tests.sample.world import ALPHA, ANN, World, settled

ALICE = Principal(ALPHA, "alice")
EVE = Principal(ScopeId("beta"), "eve", frozenset("*"))


async def refusal(asked: Any) -> Rejected:
    with pytest.raises(Rejected) as refused:
        await asked
    return refused.value


async def test_an_actor_exists_from_its_first_committed_turn(world: World) -> None:
    async with world.runtime() as actors:
        assert (await refusal(actors.ask(ANN, Take(by=1)))).code == "not_found"
        assert (await refusal(actors.ask(ANN, HowMuch()))).code == "not_found"
        assert await world.journal.actors() == []
        await actors.ask(ANN, Add(by=0))
        assert await actors.ask(ANN, HowMuch()) == Total(total=0)
        assert await world.journal.actors() == [ANN.text]


async def test_a_refused_creation_creates_nothing(world: World) -> None:
    class Picky(Tally):
        @staticmethod
        def allows(principal: Principal, command: Message, actor_id: ActorId) -> bool:
            return principal.subject != "mallory"

    async with world.runtime(Picky) as actors:
        await refusal(actors.ask(ANN, Add(by=1), principal=Principal(ALPHA, "mallory")))
        assert (await world.journal.actors(), await world.journal.load(ANN.text)) == ([], None)


async def test_a_message_without_a_handler_is_unhandled(memory: World) -> None:
    async with memory.runtime() as actors:
        refused = await refusal(actors.ask(ANN, TallyState()))
        assert (refused.code, refused.message) == ("unhandled", "sample.tally does not take tests.sample.TallyState")


async def test_a_signal_is_not_given_as_a_command_nor_a_command_as_a_signal(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        assert (await refusal(actors.ask(ANN, Heard(text="x")))).code == "unhandled"
        actors.signal(ANN, Add(by=1))
        await settled()
        assert await actors.ask(ANN, HowMuch()) == Total(total=1)


async def test_an_unknown_kind_is_refused(memory: World) -> None:
    async with memory.runtime() as actors:
        nobody = ActorId("sample.nobody", ALPHA, "x")
        for asked in (actors.ask(nobody, Add(by=1)), actors.dispatch(nobody, Add(by=1)), actors.outcome(nobody, "c1")):
            refused = await refusal(asked)
            assert (refused.code, refused.field) == ("unknown_kind", "kind")


async def test_a_retired_actor_is_gone(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
        await actors.ask(ANN, Retire(), command_id="c2")
        assert (await refusal(actors.ask(ANN, Add(by=1)))).code == "gone"
    async with world.runtime() as actors:
        assert (await refusal(actors.ask(ANN, Add(by=1)))).code == "gone"
        assert (await refusal(actors.ask(ANN, HowMuch()))).code == "gone"
        assert await actors.ask(ANN, Add(by=2), command_id="c1") == Total(total=2)
        assert await world.turns(ANN) == [[Added(by=2, subject="program")], []]


async def test_what_is_not_of_ones_scope_looks_as_if_it_did_not_exist(world: World) -> None:
    async with world.runtime() as actors:
        absent = await refusal(actors.ask(ANN, Take(by=1), principal=EVE))
        await actors.ask(ANN, Add(by=2), principal=ALICE)
        present = await refusal(actors.ask(ANN, Take(by=1), principal=EVE))
        assert (absent.code, absent.message) == (present.code, present.message) == ("not_found", f"there is no {ANN}")
        assert (await refusal(actors.ask(ANN, Add(by=1), principal=EVE))).code == "not_found"
        assert await world.events(ANN) == [Added(by=2, subject="alice")]


async def test_a_stranger_learns_nothing_from_the_command_ids_of_others(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), principal=ALICE, command_id="c1")
        same = await refusal(actors.ask(ANN, Add(by=2), principal=EVE, command_id="c1"))
        other = await refusal(actors.ask(ANN, Add(by=3), principal=EVE, command_id="c1"))
    async with world.runtime() as actors:
        cold = await refusal(actors.ask(ANN, Add(by=2), principal=EVE, command_id="c1"))
        cold_other = await refusal(actors.ask(ANN, Add(by=3), principal=EVE, command_id="c1"))
        assert [refused.code for refused in (same, other, cold, cold_other)] == ["not_found"] * 4


async def test_a_stranger_dispatches_to_nobody(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), principal=ALICE, command_id="c1")
        same = await refusal(actors.dispatch(ANN, Add(by=2), principal=EVE, command_id="c1"))
        other = await refusal(actors.dispatch(ANN, Add(by=3), principal=EVE, command_id="c1"))
        fresh = await refusal(actors.dispatch(ANN, Add(by=3), principal=EVE))
        assert [refused.code for refused in (same, other, fresh)] == ["not_found"] * 3
        assert await world.journal.mail() == []


async def test_a_kind_may_say_itself_who_may_give_which_command(memory: World) -> None:
    class Guarded(Tally):
        @staticmethod
        def allows(principal: Principal, command: Message, actor_id: ActorId) -> bool:
            return isinstance(command, Add) or principal.may("tally:take")

    async with memory.runtime(Guarded) as actors:
        await actors.ask(ANN, Add(by=2), principal=ALICE)
        assert (await refusal(actors.ask(ANN, Take(by=1), principal=ALICE))).code == "not_found"
        taker = Principal(ALPHA, "bob", frozenset({"tally:take"}))
        assert await actors.ask(ANN, Take(by=1), principal=taker) == Total(total=1)


async def test_whoever_may_no_longer_give_a_command_does_not_get_its_outcome_either(memory: World) -> None:
    class Guarded(Tally):
        @staticmethod
        def allows(principal: Principal, command: Message, actor_id: ActorId) -> bool:
            return principal.may("tally:add")

    async with memory.runtime(Guarded) as actors:
        before = Principal(ALPHA, "bob", frozenset({"tally:add"}))
        await actors.ask(ANN, Add(by=2), principal=before, command_id="c1")
        refused = await refusal(actors.ask(ANN, Add(by=2), principal=Principal(ALPHA, "bob"), command_id="c1"))
        assert (refused.code, await actors.outcome(ANN, "c1")) == ("not_found", Outcome(Total(total=2), version=1))


async def test_actors_of_one_key_in_two_scopes_are_two(world: World) -> None:
    elsewhere = ActorId(ANN.kind, ScopeId("beta"), ANN.key)
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        assert await actors.ask(elsewhere, Add(by=5)) == Total(total=5)
        assert await actors.ask(ANN, Add(by=1)) == Total(total=3)


async def test_an_actor_sees_who_calls_and_what_they_may(memory: World) -> None:
    async with memory.runtime() as actors:
        caller = Principal(ALPHA, "alice", frozenset({"b", "a"}))
        witnessed: Any = await actors.ask(ANN, Witness(), principal=caller)
        assert (witnessed.subject, list(witnessed.permissions), witnessed.via) == ("alice", ["a", "b"], "")
