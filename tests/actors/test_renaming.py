"""What is stored outlives the program that stored it: renamed kinds and events, changed meanings, unknown events."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message

from aevatar.actors import Kind, applies, upcasts
from aevatar.actors.actors_pb2 import Packed, TurnBody
from aevatar.actors.envelope import Envelope
from aevatar.actors.packing import pack, pack_bytes
from aevatar.actors.recording.record import mail_of
from aevatar.errors import Internal, Misassembled, Unavailable
from aevatar.identity import ActorId, Principal
from aevatar.journal.records import TurnRecord
from aevatar.testing import elapse
from tests.sample.kinds import TALLY, Echo, Tally, letter
from tests.sample.later import COUNTER, Counter, TallyToday
from tests.sample.sample_pb2 import (
    Add,
    Added,
    AddedInTens,
    Cheer,
    Fetch,
    Heard,
    HowMuch,
    Noted,
    Relay,
    Release,
    Remind,
    Say,
    TallyState,
    Total,
    Wait,
)
from tests.sample.world import ALPHA, ANN, BEN, HeldJournal, World, collected, settled

ON_POSTGRES = True

NEW_ANN, NEW_BEN = (ActorId(Counter.kind, ALPHA, old.key) for old in (ANN, BEN))


def stored(*events: Message | Packed, **parts: Any) -> TurnRecord:
    """A turn of ANN as an earlier release left it."""
    packed = [event if isinstance(event, Packed) else pack(event) for event in events]
    return TurnRecord(ANN.text, ANN.shard, 0, 1, body=TurnBody(events=packed).SerializeToString(), **parts)


# Kinds


async def test_an_actor_is_found_under_the_new_name_of_its_kind(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
    async with world.runtime(COUNTER) as actors:
        assert await actors.ask(NEW_ANN, Add(by=3)) == Total(total=5)
        assert await actors.ask(NEW_ANN, Add(by=2), command_id="c1") == Total(total=2)
        assert await world.journal.actors() == [NEW_ANN.text]


async def test_old_references_still_reach_the_actor(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
        await actors.ask(ANN, Say(item="i", text="x", last=True))
    async with world.runtime(COUNTER) as actors:
        actors.signal(ANN, Heard(text="signal", remember=True))
        await settled()
        assert await actors.ask(ANN, Add(by=3)) == Total(total=5)
        await actors.dispatch(ANN, Add(by=3))
        await settled()
        assert await actors.ask(NEW_ANN, HowMuch()) == Total(total=8)
        outcome = await actors.outcome(ANN, "c1")
        assert (outcome.answer if outcome else None, await world.journal.actors()) == (Total(total=2), [NEW_ANN.text])
        assert Noted(text="signal") in await world.events(NEW_ANN)


async def test_a_session_is_read_under_the_old_name_too(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Say(item="i", text="x", last=True))
    async with world.runtime(COUNTER) as actors:
        by_old, by_new = await collected(actors.sessions.read(ANN)), await collected(actors.sessions.read(NEW_ANN))
        assert (len(by_new), by_old) == (2, by_new)
        assert await actors.sessions.page(ANN, "main") == await actors.sessions.page(NEW_ANN, "main")


async def test_an_actor_that_kept_an_old_reference_may_go_on_sending_to_it(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(BEN, Add(by=0))
    async with world.runtime(COUNTER) as actors:
        await actors.ask(NEW_ANN, Relay(letters=[letter(BEN, Add(by=5), answer=True)]))
        await settled()
        await actors.ask(NEW_ANN, Cheer(to=BEN.text, text="signal"))
        await settled()
        assert (await world.events(NEW_BEN))[-1] == Noted(text="signal")
        assert (await actors.ask(NEW_BEN, HowMuch()), await world.journal.mail()) == (Total(total=5), [])
        assert await world.journal.actors() == [NEW_ANN.text, NEW_BEN.text]
        assert (await world.events(NEW_ANN))[-1] == Noted(text="answer 5")


async def test_mail_timers_and_effects_under_way_follow_their_actor_to_its_new_name(world: World) -> None:
    async def wait_once(link: Any) -> None:
        if link.actor_id.kind == "sample.tally":
            await elapse(10_000)

    async with world.runtime(effects=[Echo(wait_once)]) as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Remind(name="tea", delay=10, by=1))
        await actors.ask(ANN, Fetch(text="x"))
        await actors.dispatch(ANN, Wait(within=20), command_id="w1")
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=2))]))
    async with world.runtime(COUNTER, effects=[Echo(wait_once)]) as actors:
        await elapse(15)
        assert await world.journal.actors() == [NEW_ANN.text, NEW_BEN.text]
        notes = [event for event in await world.events(NEW_ANN) if isinstance(event, Noted | Added)]
        assert notes == [Noted(text="echoed x"), Added(by=1, note="tea", subject=ANN.text)]
        await elapse(10)
        outcome = await actors.outcome(NEW_ANN, "w1")
        assert (outcome.answer if outcome else None, await world.journal.due(10**15)) == (Total(total=-1), [])


async def test_mail_that_waits_is_delivered_to_the_new_name(world: World) -> None:
    held = HeldJournal()
    async with world.runtime(over=held.over) as actors:
        held.hold()
        await actors.dispatch(ANN, Add(by=2))
        await settled()
    async with world.runtime(COUNTER) as actors:
        await settled()
        assert (await actors.ask(NEW_ANN, HowMuch()), await world.journal.mail()) == (Total(total=2), [])


async def test_mail_that_an_older_program_leaves_meanwhile_finds_the_new_name(world: World) -> None:
    envelope = Envelope("letter", ANN, Add(by=2), Add(by=2).SerializeToString(), Principal(ALPHA, "eve"), 0)
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
    async with world.runtime(COUNTER) as actors:
        await world.journal.accept([mail_of(envelope)])
        actors.deliver(mail_of(envelope))  # as the older program tells of it
        await elapse(70)
        assert (await actors.ask(NEW_ANN, HowMuch()), await world.journal.mail()) == (Total(total=3), [])


async def test_an_answer_finds_whoever_asked_under_their_new_name(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(BEN, Add(by=0))
        await actors.ask(ANN, Relay(letters=[letter(BEN, Wait(within=100), answer=True)]))
        await settled()
    async with world.runtime(COUNTER) as actors:
        await actors.ask(NEW_BEN, Release(by=4))
        await settled()
        assert (await world.events(NEW_ANN))[-1:] == [Noted(text="answer 4")]
        assert await world.journal.actors() == [NEW_ANN.text, NEW_BEN.text]


async def test_actors_under_both_names_stop_the_start(world: World) -> None:
    class Young(Tally):
        kind = "sample.counter"

    async with world.runtime(TALLY, Young) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(NEW_ANN, Add(by=1))
    with pytest.raises(Misassembled):
        async with world.runtime(COUNTER):
            pass


# Events


async def test_an_event_is_read_under_its_new_name(world: World) -> None:
    old = Packed(name="tests.sample.Increased", body=Added(by=3).SerializeToString())
    await world.before(stored(old))
    async with world.runtime(TallyToday) as actors:
        assert await actors.ask(ANN, Add(by=1)) == Total(total=4)


async def test_an_event_of_an_earlier_meaning_is_read_in_todays(world: World) -> None:
    await world.before(stored(AddedInTens(tens=4), Added(by=2)))
    async with world.runtime(TallyToday) as actors:
        assert await actors.ask(ANN, HowMuch()) == Total(total=42)
        assert await world.events(ANN) == [AddedInTens(tens=4), Added(by=2)]


async def test_upcasters_are_applied_one_after_the_other(world: World) -> None:
    class Later(TallyToday):
        @upcasts
        @staticmethod
        def noted_amount(event: Noted) -> AddedInTens:
            return AddedInTens(tens=int(event.text))

    await world.before(stored(Noted(text="7")))
    async with world.runtime(Later) as actors:
        assert await actors.ask(ANN, HowMuch()) == Total(total=70)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (
            Packed(name="tests.sample.Vanished"),
            "UnknownMessage: no generated message is called 'tests.sample.Vanished'",
        ),
        (pack(AddedInTens(tens=1)), "LookupError: sample.tally has no applier for tests.sample.AddedInTens"),
    ],
)
async def test_an_event_this_program_does_not_know_is_never_skipped(world: World, event: Packed, reason: str) -> None:
    await world.before(stored(Added(by=1), event))
    async with world.runtime() as actors:
        await actors.ask(BEN, Add(by=2))
        with pytest.raises(Unavailable) as refused:
            await actors.ask(ANN, HowMuch())
        assert (refused.value.code, actors.health.quarantined) == ("actor_unavailable", {ANN.text: reason})
        assert (await actors.ask(BEN, HowMuch()), actors.health.is_ready) == (Total(total=2), True)


async def test_an_outcome_this_program_does_not_know_harms_nobody_else(world: World) -> None:
    unknown = Packed(name="tests.sample.Vanished").SerializeToString()
    digest = b""
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2), command_id="c1")
        known = await world.journal.outcome(ANN.text, "c1")
        digest = known.digest if known else b""
    await world.before(
        TurnRecord(
            BEN.text,
            BEN.shard,
            0,
            1,
            command_id="c1",
            digest=digest,
            outcome=unknown,
            body=TurnBody(events=[pack(Added(by=2))]).SerializeToString(),
        )
    )
    async with world.runtime() as actors:
        for _ in range(2):
            with pytest.raises(Internal):
                await actors.ask(BEN, Add(by=2), command_id="c1")
        with pytest.raises(Internal):
            await actors.outcome(BEN, "c1")
        assert (await actors.ask(BEN, HowMuch()), actors.health.is_ready) == (Total(total=2), True)


# Snapshots


async def test_a_snapshot_is_taken_as_often_as_the_kind_says(world: World) -> None:
    async with world.runtime(Kind(Tally, snapshot_every=4)) as actors:
        for _ in range(6):
            await actors.ask(ANN, Add(by=1))
        image = await world.journal.load(ANN.text)
        assert image is not None
        assert (image.snapshot_version, [turn.version for turn in image.turns]) == (4, [5, 6])


async def test_a_restored_actor_is_the_same_with_and_without_a_snapshot(world: World) -> None:
    totals: list[Any] = []
    for every in (1, 4, 1000):
        actor = ActorId(Tally.kind, ALPHA, f"every-{every}")
        kind = Kind(Tally, TALLY.projection, snapshot_every=every)
        async with world.runtime(kind) as actors:
            for by in range(1, 11):
                await actors.ask(actor, Add(by=by, note=str(by)))
        async with world.runtime(kind) as actors:
            totals.append(await actors.ask(actor, HowMuch()))
            assert await actors.ask(actor, Add(by=1)) == Total(total=56)
    assert totals == [Total(total=55)] * 3


async def test_a_snapshot_of_another_state_quarantines_its_actor(world: World) -> None:
    await world.before(stored(Added(by=1), snapshot=pack_bytes(Total(total=1))))
    async with world.runtime() as actors:
        with pytest.raises(Unavailable):
            await actors.ask(ANN, HowMuch())
        sentence = "TypeError: the snapshot is a tests.sample.Total, not a tests.sample.TallyState"
        assert actors.health.quarantined == {ANN.text: sentence}


async def test_replay_does_what_appliers_do_and_nothing_else(world: World) -> None:
    applied: list[int] = []

    class Watched(Tally):
        @applies
        @staticmethod
        def added(state: TallyState, event: Added) -> None:
            applied.append(event.by)

    async with world.runtime(Watched) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Add(by=2))
    async with world.runtime(Watched) as actors:
        await actors.ask(ANN, HowMuch())
    assert applied == [1, 2, 1, 2]
