"""What travels with a message: why it was sent, on whose behalf, and how large it may be."""

from __future__ import annotations

from typing import Any

import pytest

from aevatar.actors import Link
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.envelope import PAYLOAD_LIMIT
from aevatar.errors import Rejected
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.testing import elapse
from tests.sample.kinds import Echo, letter, packed
from tests.sample.sample_pb2 import Add, Cheer, Fetch, HowMuch, Plan, Relay, Total, Witness, Witnessed
from tests.sample.world import ALPHA, ANN, BEN, CLEO, World, settled

ALICE = Principal(ALPHA, "alice", frozenset({"tally:add"}))
ELSEWHERE = ActorId(ANN.kind, ScopeId("beta"), "ann")


async def rejection(asked: Any) -> tuple[str, str | None]:
    with pytest.raises(Rejected) as refused:
        await asked
    return refused.value.code, refused.value.field


async def test_a_command_from_outside_is_its_own_beginning(memory: World) -> None:
    async with memory.runtime() as actors:
        assert await actors.ask(ANN, Witness(), command_id="w1", principal=ALICE) == Witnessed(
            correlation_id="w1", subject="alice", permissions=["tally:add"]
        )


async def test_a_sent_command_carries_the_principal_and_the_actor_it_came_through(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Witness())]), command_id="r1", principal=ALICE)
        await settled()
        assert await world.events(BEN) == [
            Witnessed(correlation_id="r1", causation_id="r1", subject="alice", via=ANN.text, permissions=["tally:add"])
        ]


async def test_along_a_chain_the_correlation_stays_and_the_cause_is_the_last_link(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Add(by=1))
        onwards = Relay(letters=[letter(CLEO, Witness())])
        relay = Relay(letters=[letter(BEN, onwards, command_id="r2")])
        await actors.ask(ANN, relay, command_id="r1", principal=ALICE)
        await settled()
        assert await world.events(CLEO) == [
            Witnessed(correlation_id="r1", causation_id="r2", subject="alice", via=BEN.text, permissions=["tally:add"])
        ]


async def test_a_timer_runs_as_the_actor_itself(world: World) -> None:
    async with world.runtime() as actors:
        plan = Plan(name="w", delay=1, command=packed(Witness()))
        await actors.ask(ANN, plan, command_id="p1", principal=ALICE)
        await elapse(2)
        assert await world.events(ANN) == [
            Witnessed(correlation_id="p1", causation_id="p1", subject=ANN.text, via=ANN.text)
        ]


async def test_what_a_timer_sends_carries_the_actor_as_principal(world: World) -> None:
    async with world.runtime() as actors:
        relay = Relay(letters=[letter(BEN, Witness())])
        await actors.ask(ANN, Plan(name="w", delay=1, command=packed(relay)), command_id="p1", principal=ALICE)
        await elapse(2)
        assert await world.events(BEN) == [
            Witnessed(correlation_id="p1", causation_id="timer:1:w", subject=ANN.text, via=ANN.text)
        ]


async def test_an_effect_knows_on_whose_behalf_it_runs_also_after_a_restart(world: World) -> None:
    principals: list[Principal] = []

    async def note(link: Link) -> None:
        principals.append(link.principal)
        if len(principals) == 1:
            await elapse(1000)

    async with world.runtime(effects=[Echo(note)]) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Fetch(text="x"), principal=ALICE)
        await settled()
    async with world.runtime(effects=[Echo(note)]):
        await settled()
    assert principals == [ALICE, ALICE]


async def test_the_log_says_who_decided_what_and_why(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1), principal=ALICE)
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=2))]), command_id="r1", principal=ALICE)
        await settled()
        [row] = await world.journal.history(BEN.text)
        body = TurnBody.FromString(row.body)
        assert (body.subject, body.via, body.correlation_id, body.causation_id) == ("alice", ANN.text, "r1", "r1")


async def test_a_command_to_another_scope_is_refused_in_the_turn_of_its_sender(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ELSEWHERE, Add(by=1))
        letters = [letter(BEN, Add(by=2)), letter(ELSEWHERE, Add(by=2))]
        assert await rejection(actors.ask(ANN, Relay(letters=letters))) == ("scope_mismatch", "target")
        await settled()
        assert (await world.journal.mail(), await world.events(BEN)) == ([], [])
        assert await actors.ask(ELSEWHERE, HowMuch()) == Total(total=1)


async def test_a_signal_to_another_scope_is_refused_in_the_turn_of_its_sender(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ELSEWHERE, Add(by=1))
        assert await rejection(actors.ask(ANN, Cheer(to=ELSEWHERE.text, text="x"))) == ("scope_mismatch", "target")
        await settled()
        assert len(await memory.events(ELSEWHERE)) == 1


def of_size(size: int) -> Add:
    """A command of so many bytes."""
    overhead = Add(by=1, note="x" * PAYLOAD_LIMIT).ByteSize() - PAYLOAD_LIMIT
    return Add(by=1, note="x" * (size - overhead))


async def test_a_message_of_a_mebibyte_is_carried_and_a_larger_one_refused(world: World) -> None:
    assert (of_size(PAYLOAD_LIMIT).ByteSize(), PAYLOAD_LIMIT) == (2**20, 2**20)
    async with world.runtime() as actors:
        assert await actors.ask(ANN, of_size(PAYLOAD_LIMIT)) == Total(total=1)
        await actors.dispatch(ANN, of_size(PAYLOAD_LIMIT))
        for asked in (actors.ask, actors.dispatch):
            assert await rejection(asked(ANN, of_size(PAYLOAD_LIMIT + 1))) == ("payload_too_large", None)
        assert await actors.ask(ANN, HowMuch()) == Total(total=2)


async def test_what_is_too_large_is_not_sent_either_nor_set_as_a_timer(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        large = of_size(PAYLOAD_LIMIT // 2)
        doubled = Relay(letters=[letter(BEN, large), letter(BEN, Add(by=2))])
        assert await actors.ask(ANN, doubled) is not None
        await settled()
        assert await actors.ask(BEN, HowMuch()) == Total(total=3)
