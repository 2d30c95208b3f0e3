"""Commands from actor to actor: in order, at least once on the way, with effect once, answered when asked for."""

from __future__ import annotations

import pytest

from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.testing import Fault, elapse
from tests.sample.kinds import Tally, letter
from tests.sample.sample_pb2 import (
    Add,
    Added,
    Break,
    HowMuch,
    Noted,
    Relay,
    Retire,
    Take,
    TallyState,
    Total,
)
from tests.sample.world import ALPHA, ANN, BEN, Faults, HeldJournal, World, settled

ON_POSTGRES = True


def added(*amounts: int) -> list[Added]:
    return [Added(by=by, subject="program") for by in amounts]


async def test_what_is_sent_to_one_target_arrives_in_order(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=by)) for by in range(1, 51)]))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=by)) for by in range(51, 101)]))
        await settled()
        assert (await world.events(BEN), await world.journal.mail()) == (added(*range(1, 101)), [])


async def test_what_is_sent_to_one_target_arrives_in_order_also_after_a_restart(world: World) -> None:
    held = HeldJournal()
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
    async with world.runtime(over=held.over) as actors:
        await actors.ask(ANN, HowMuch())
        held.hold()
        for first in (1, 51):
            letters = [letter(BEN, Add(by=by)) for by in range(first, first + 50)]
            await actors.dispatch(ANN, Relay(letters=letters))
        await settled()
        held.hold(after=2)
        held.release()
        await settled()
        assert (len(await world.turns(ANN)), await world.events(BEN)) == (3, [])
    async with world.runtime():
        await settled()
        assert (await world.events(BEN), await world.journal.mail()) == (added(*range(1, 101)), [])


async def test_nothing_is_sent_by_a_turn_that_was_refused(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        letters = [letter(BEN, Add(by=1)), letter(ActorId(ANN.kind, "beta", "x"), Add(by=1))]
        with pytest.raises(Rejected, match="scope_mismatch"):
            await actors.ask(ANN, Relay(letters=letters))
        await settled()
        assert await world.events(BEN) == []


async def test_a_message_that_arrives_twice_takes_effect_once(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=1), command_id="m1")]))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=1), command_id="m1")]))
        await settled()
    async with world.runtime() as actors:
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=1), command_id="m1")]))
        await settled()
        assert (await world.events(BEN), await world.journal.mail()) == (added(1), [])


async def test_a_delivery_whose_answer_the_journal_lost_takes_effect_once(world: World) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.dispatch(ANN, Relay(letters=[letter(BEN, Add(by=1), answer=True)]))
        faults.extend([Fault.LOST_ANSWER] * 3)
        await elapse(5)
        assert (faults, await world.events(BEN)) == ([], added(1))
        assert (await world.events(ANN), await world.journal.mail()) == ([Noted(text="answer 1")], [])


async def test_an_outcome_comes_back_to_whoever_asked_for_it(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=5), answer=True)]))
        await settled()
        assert (await world.events(ANN), await world.journal.mail()) == ([Noted(text="answer 5")], [])


async def test_no_outcome_comes_back_to_whoever_did_not_ask(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=5))]))
        await settled()
        assert await world.events(ANN) == []


async def test_the_answer_to_a_question_comes_back_too(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(BEN, Add(by=5))
        await actors.ask(ANN, Relay(letters=[letter(BEN, HowMuch(), answer=True)]))
        await settled()
        assert (await world.events(ANN), len(await world.turns(BEN))) == ([Noted(text="answer 5")], 1)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Take(by=9), "too_little"),
        (TallyState(), "unhandled"),
        (Break(), "internal"),
    ],
)
async def test_a_refusal_comes_back_to_whoever_asked_for_the_answer(world: World, command: object, code: str) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(BEN, Add(by=1))
        await actors.ask(ANN, Relay(letters=[letter(BEN, command, answer=True)]))  # type: ignore[arg-type]
        await elapse(5)
        assert (await world.events(ANN), await world.journal.mail()) == ([Noted(text=f"refusal {code}")], [])


async def test_an_actor_that_does_not_exist_or_is_gone_refuses_like_any_other(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Take(by=1), answer=True)]))
        await settled()
        await actors.ask(BEN, Add(by=1))
        await actors.ask(BEN, Retire())
        await actors.ask(ANN, Relay(letters=[letter(BEN, Take(by=1), answer=True)]))
        await settled()
        assert await world.events(ANN) == [Noted(text="refusal not_found"), Noted(text="refusal gone")]


async def test_an_answer_survives_a_restart_and_comes_once(world: World) -> None:
    held = HeldJournal()
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
    async with world.runtime(over=held.over) as actors:
        await actors.dispatch(ANN, Relay(letters=[letter(BEN, Add(by=5), answer=True)]))
        held.hold(after=2)
        await settled()
        assert (await world.events(BEN), await world.events(ANN)) == (added(5), [])
    for _ in range(2):
        async with world.runtime():
            await settled()
            assert (await world.events(ANN), await world.journal.mail()) == ([Noted(text="answer 5")], [])


async def test_an_actor_may_send_to_itself(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Relay(letters=[letter(ANN, Add(by=2), answer=True)]))
        await settled()
        assert await world.events(ANN) == [*added(1, 2), Noted(text="answer 3")]


async def test_mail_for_a_kind_this_program_does_not_know_waits_for_one_that_does(world: World) -> None:
    class Other(Tally):
        kind = "sample.other"

    other = ActorId("sample.other", ALPHA, "x")
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Relay(letters=[letter(other, Add(by=5), answer=True)]))
        await settled()
        assert [mail.target for mail in await world.journal.mail()] == [other.text]
    async with world.runtime(Tally, Other) as actors:
        await settled()
        assert await actors.ask(other, HowMuch()) == Total(total=5)
        assert (await world.events(ANN), await world.journal.mail()) == ([Noted(text="answer 5")], [])
