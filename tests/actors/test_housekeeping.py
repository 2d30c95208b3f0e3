"""What happens by itself as time passes: folding, expiry, sweeping, erasing, and activations that go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aevatar.actors import Effect, Kind, Limits, Link, Policy, Projection, Retention
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.journal.records import EffectStarted, EffectState, TurnRecord
from aevatar.sessions import Delta, Ended
from aevatar.testing import Fault, FaultyJournal, elapse, scripted
from tests.sample.kinds import TALLY, Tally, letter
from tests.sample.sample_pb2 import Add, Break, Echoed, EchoRequest, Fetch, HowMuch, Relay, Retire, Say, Total
from tests.sample.world import ALPHA, ANN, BEN, World, collected, settled, texts

HOUR = 3600.0
DAY = 24 * HOUR
SELDOM = Retention(round=HOUR)  # a month of rounds every half minute would take its time, even virtual time


async def stored(world: World, actor: ActorId, session: str = "main") -> list[str]:
    """The names under which the events of a session are stored."""
    return [event.name.rpartition(".")[2] for event in (await world.journal.session(actor.text, session, 0, 99)).events]


# Sessions


async def test_an_ended_session_is_folded_after_an_hour(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        for text in ("one ", "two ", "three"):
            await actors.ask(ANN, Say(item="a", text=text, session="talk"))
        await actors.ask(ANN, Say(item="a", text="!", session="talk", last=True))
        await elapse(HOUR - 60)
        assert await stored(world, ANN, "talk") == ["Delta"] * 4 + ["Ended"]
        await elapse(120)
        assert await stored(world, ANN, "talk") == ["Folded", "Ended"]
        for cursor, text in ((0, "one two three!"), (2, "three!")):
            rest = [Delta(item="a", channel="text", text=text), Ended(reason="said")]
            assert await collected(actors.sessions.read(ANN, "talk", after=cursor)) == rest


async def test_a_session_that_has_not_ended_stays_as_it_is(memory: World) -> None:
    async with memory.runtime(retention=SELDOM) as actors:
        await actors.ask(ANN, Add(by=1))
        for text in ("one ", "two "):
            await actors.ask(ANN, Say(item="a", text=text, session="talk"))
        await elapse(DAY)
        assert await stored(memory, ANN, "talk") == ["Delta", "Delta"]


async def test_more_sessions_than_one_round_takes_are_folded_at_once(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        for number in range(250):
            await actors.ask(ANN, Say(item="a", text="one ", session=f"talk {number}"))
            await actors.ask(ANN, Say(item="a", text="two", session=f"talk {number}", last=True))
        await elapse(HOUR + 31)
        assert [await stored(memory, ANN, f"talk {number}") for number in range(250)] == [["Folded", "Ended"]] * 250


@pytest.mark.parametrize(("kept", "kind"), [(DAY, TALLY), (2 * HOUR, Kind(Tally, Projection(retention=2 * HOUR)))])
async def test_an_ended_session_is_kept_as_long_as_its_kind_says(world: World, kept: float, kind: Kind) -> None:
    async with world.runtime(kind, retention=SELDOM) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Say(item="a", text="going on", session="open"))
        await actors.ask(ANN, Say(item="a", text="good-bye", session="talk", last=True))
        await elapse(kept)
        assert await stored(world, ANN, "talk") == ["Delta", "Ended"]
        await elapse(2 * HOUR)
        assert (await stored(world, ANN, "talk"), await stored(world, ANN, "open")) == ([], ["Delta"])


async def test_how_long_things_are_kept_can_be_chosen(memory: World) -> None:
    async with memory.runtime(retention=Retention(fold_after=60.0, round=5.0)) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Say(item="a", text="one ", session="talk"))
        await actors.ask(ANN, Say(item="a", text="two", session="talk", last=True))
        await elapse(66)
        assert await stored(memory, ANN, "talk") == ["Folded", "Ended"]


# Dead letters and effects


async def test_a_dead_letter_is_kept_for_a_week(memory: World) -> None:
    async with memory.runtime(retention=SELDOM) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Break(), command_id="c1")
        await elapse(7 * DAY)
        assert [dead.reason for dead in await memory.journal.dead_letters()] == ["ZeroDivisionError"]
        await elapse(2 * HOUR)
        assert await memory.journal.dead_letters() == []


async def test_a_finished_effect_is_kept_for_a_week(memory: World) -> None:
    async with memory.runtime(retention=SELDOM) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Fetch(text="x"))
        await elapse(7 * DAY)
        assert (await memory.journal.info()).counts["effects"] == 1
        await elapse(2 * HOUR)
        assert (await memory.journal.info()).counts["effects"] == 0


async def test_an_effect_without_an_end_is_kept(memory: World) -> None:
    started = [EffectStarted(name, "sample.unknown", b"") for name in ("open", "done")]
    async with memory.runtime(retention=SELDOM):
        await memory.commit(
            TurnRecord(BEN.text, BEN.shard, 0, 1, effects_started=started, effects_ended=[("done", EffectState.DONE)])
        )
        await elapse(30 * DAY)
        assert [effect.id for effect in await memory.journal.effects()] == ["open"]


# Erasing


async def test_an_actor_that_asks_for_it_is_erased_within_a_minute(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
        await actors.ask(ANN, Say(item="a", text="secret"))
        await actors.ask(BEN, Add(by=3))
        await actors.ask(ANN, Retire(erase=True))
        await elapse(60)
        assert await nothing_is_left(world, ANN)
        feed = [(entry.actor, entry.version, entry.body == b"") for entry in await world.journal.feed()]
        assert feed == [(ANN.text, 1, True), (ANN.text, 2, True), (BEN.text, 1, False), (ANN.text, 3, True)]
        for command, command_id in ((Add(by=2), "c1"), (Add(by=2), None)):
            with pytest.raises(Rejected) as refused:
                await actors.ask(ANN, command, command_id=command_id)
            assert refused.value.code == "gone"
        assert await actors.ask(BEN, HowMuch()) == Total(total=3)


async def test_an_actor_whose_kind_says_so_is_erased_when_it_retires(world: World) -> None:
    async with world.runtime(replace(TALLY, erase_when_retired=True)) as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.ask(ANN, Retire())
        await elapse(60)
        assert await nothing_is_left(world, ANN)


async def test_what_another_actor_kept_in_the_mail_of_an_erased_one_is_ticked_off(world: World) -> None:
    async with world.runtime() as actors:
        for actor in (ANN, BEN):
            await actors.ask(actor, Add(by=2))
        await actors.ask(ANN, Retire(erase=True))
        await elapse(60)
        await actors.ask(BEN, Relay(letters=[letter(ANN, Add(by=1))]))
        await settled()
        assert (await nothing_is_left(world, ANN), await world.journal.mail()) == (True, [])


async def test_an_erasure_that_a_crash_came_before_is_made_up_for(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.ask(ANN, Retire(erase=True))
    async with world.runtime():
        await elapse(60)
        assert await nothing_is_left(world, ANN)


async def test_an_actor_that_only_retires_keeps_its_log(memory: World) -> None:
    async with memory.runtime(retention=SELDOM) as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.ask(ANN, Retire())
        before = await memory.journal.feed()
        await elapse(30 * DAY)
        assert await memory.journal.feed() == before


async def nothing_is_left(world: World, actor: ActorId) -> bool:
    """Whether no fact, document or session event of the actor can be found any more."""
    bodies = [entry.body for entry in await world.journal.history(actor.text)]
    document = await world.journal.document("sample.tallies", actor.scope, actor.key)
    return (any(bodies), document, await stored(world, actor)) == (False, None, [])


# Activations


async def test_an_activation_that_was_idle_for_ten_minutes_is_dropped_and_comes_back(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        await elapse(590)
        assert actors.metrics.passivations == 0
        await elapse(60)
        assert actors.metrics.passivations == 1
        assert await actors.ask(ANN, HowMuch()) == Total(total=2)
        assert actors.metrics.activations == 2


async def test_over_the_memory_budget_the_least_recently_used_go_first(memory: World) -> None:
    names = [ActorId(Tally.kind, ALPHA, f"a{number}") for number in range(4)]
    async with memory.runtime(limits=Limits(memory=2 * 2048)) as actors:
        for name in names:
            await actors.ask(name, Add(by=1))
            await elapse(1)
        await actors.ask(names[0], HowMuch())
        await elapse(30)
        assert actors.metrics.passivations == 2
        for name in (names[0], names[3]):
            await actors.ask(name, HowMuch())
        assert actors.metrics.activations == 4
        await actors.ask(names[1], HowMuch())
        assert actors.metrics.activations == 5


async def test_a_result_finds_an_actor_that_was_dropped_meanwhile(memory: World) -> None:
    class Slow(Effect[EchoRequest, Echoed]):
        name = "sample.echo"
        policy = Policy.REPEAT

        async def run(self, request: EchoRequest, link: Link) -> Echoed:
            await elapse(45)
            return Echoed(text=request.text)

    async with memory.runtime(effects=[Slow()], limits=Limits(idle=1.0)) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Fetch(text="x"))
        await elapse(120)
        assert actors.metrics.passivations == 2
        assert texts((await memory.events(ANN))[2:]) == ["echoed x"]


# Trouble


async def test_a_round_that_the_journal_cuts_short_is_made_up_for(memory: World) -> None:
    faults: dict[int, Fault] = {}
    async with memory.runtime(over=lambda journal: FaultyJournal(journal, scripted(faults))) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Say(item="a", text="one ", session="talk"))
        await actors.ask(ANN, Say(item="a", text="two", session="talk", last=True))
        faults |= dict.fromkeys(range(1, 10_000), Fault.IO_ERROR)
        await elapse(HOUR + 60)
        assert await stored(memory, ANN, "talk") == ["Delta", "Delta", "Ended"]
        faults.clear()
        await elapse(60)
        assert await stored(memory, ANN, "talk") == ["Folded", "Ended"]
