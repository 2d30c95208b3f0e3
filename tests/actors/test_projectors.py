"""Read models that join many actors: from the feed, once each, and one poisoned projector hinders nobody."""

from __future__ import annotations

from typing import Any, ClassVar

from google.protobuf.message import Message

from aevatar.actors import Documents, Projector
from aevatar.actors.actors_pb2 import Packed, TurnBody
from aevatar.actors.packing import pack
from aevatar.identity import ActorId
from aevatar.journal.records import Checkpoint, TurnRecord
from aevatar.testing import Fault, elapse
from tests.sample.later import TallyToday
from tests.sample.sample_pb2 import Add, Added, AddedInTens, HowMuch, Retire, TallyDocument, Total
from tests.sample.world import ALPHA, ANN, BEN, CLEO, Faults, HeldJournal, World, settled


class Sums(Projector):
    """Adds up what all tallies of a scope were given."""

    name = "sample.sums"
    documents: ClassVar = {"sample.sums": TallyDocument}

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        self.seen.append((actor_id.key, version))
        if isinstance(event, Added):
            document: Any = await documents.get("sample.sums", actor_id.scope, "all") or TallyDocument()
            document.total += event.by
            document.additions += 1
            documents.put("sample.sums", actor_id.scope, "all", document, {"total": document.total})


class Squeamish(Sums):
    """Cannot digest what is noted as poison, until it is told to."""

    name = "sample.squeamish"
    documents: ClassVar = {"sample.squeamish": TallyDocument}
    poison = "poison"

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        if isinstance(event, Added) and event.note == self.poison:
            raise ValueError("not this")
        self.seen.append((actor_id.key, version))


class Latest(Projector):
    """Shows what each tally was given last, and nothing once that is not to be seen."""

    name = "sample.latest"
    documents: ClassVar = {"sample.latest": TallyDocument}

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        if isinstance(event, Added):
            document = TallyDocument(total=event.by) if event.by > 0 else None
            documents.put(self.name, actor_id.scope, actor_id.key, document, {"by": event.by})


async def summed(actors: Any, key: str = "all") -> tuple[int, int] | None:
    """The sum, and how many additions it is of."""
    found = await actors.readmodels.get("sample.sums", ALPHA, key)
    return None if found is None else (found.document.total, found.document.additions)


async def test_a_projector_joins_the_facts_of_many_actors(world: World) -> None:
    async with world.runtime(projectors=[Sums()]) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Add(by=2))
        await actors.ask(ANN, Add(by=4))
        await settled()
        assert await summed(actors) == (7, 3)


async def test_a_projector_sees_turns_in_the_order_of_the_feed(world: World) -> None:
    sums = Sums()
    async with world.runtime(projectors=[sums]) as actors:
        for actor in (ANN, BEN, ANN, ANN, BEN):
            await actors.ask(actor, Add(by=1))
        await settled()
        assert sums.seen == [("ann", 1), ("ben", 1), ("ann", 2), ("ann", 3), ("ben", 2)]


async def test_a_projector_goes_on_where_it_was_after_a_restart(world: World) -> None:
    async with world.runtime(projectors=[Sums()]) as actors:
        await actors.ask(ANN, Add(by=1))
        await settled()
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
    again = Sums()
    async with world.runtime(projectors=[again]) as actors:
        await actors.ask(ANN, Add(by=4))
        await settled()
        assert (again.seen, await summed(actors)) == ([("ann", 2), ("ann", 3)], (7, 3))


async def test_a_new_projector_catches_up_with_all_that_ever_happened(world: World) -> None:
    async with world.runtime() as actors:
        for _ in range(20):
            await actors.ask(ANN, Add(by=1))
    async with world.runtime(projectors=[Sums()]) as actors:
        await settled()
        assert await summed(actors) == (20, 20)


async def test_a_turn_that_is_seen_twice_counts_once(world: World) -> None:
    faults = Faults("project")
    async with world.runtime() as actors:
        for _ in range(5):
            await actors.ask(ANN, Add(by=1))
    async with world.runtime(over=faults.over, projectors=[Sums()]) as actors:
        faults.extend([Fault.LOST_ANSWER] * 4)
        await elapse(30)
        assert (faults, await summed(actors)) == ([], (5, 5))


async def test_documents_and_checkpoint_are_one_unit(world: World) -> None:
    held, sums = HeldJournal("project"), Sums()
    async with world.runtime(over=held.over, projectors=[sums]) as actors:
        held.hold()
        await actors.ask(ANN, Add(by=1))
        await settled()
        assert (sums.seen, await summed(actors)) == ([("ann", 1)], None)
        assert await world.journal.checkpoint("sample.sums") == Checkpoint(0)
    async with world.runtime(projectors=[Sums()]) as actors:
        await settled()
        assert await summed(actors) == (1, 1)
        assert await world.journal.checkpoint("sample.sums") == Checkpoint(1)


async def test_a_poisoned_event_parks_its_projector_alone_and_everybody_can_see_it(world: World) -> None:
    squeamish = Squeamish()
    async with world.runtime(projectors=[Sums(), squeamish]) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Add(by=2, note="poison"))
        await actors.ask(ANN, Add(by=4))
        await settled()
        assert (squeamish.seen, await summed(actors)) == ([("ann", 1)], (7, 3))
        assert actors.health.parked == {"sample.squeamish": "ValueError: not this"}
        assert await world.journal.checkpoint("sample.squeamish") == Checkpoint(1, parked="ValueError: not this")
        assert (actors.health.is_ready, await actors.ask(ANN, HowMuch())) == (True, Total(total=7))


async def test_a_parked_projector_is_tried_again_and_goes_on_when_it_is_repaired(world: World) -> None:
    squeamish = Squeamish()
    async with world.runtime(projectors=[squeamish]) as actors:
        await actors.ask(ANN, Add(by=2, note="poison"))
        await actors.ask(ANN, Add(by=4))
        await elapse(70)
        assert (squeamish.seen, list(actors.health.parked)) == ([], ["sample.squeamish"])
        squeamish.poison = "nothing"
        await elapse(60)
        assert (squeamish.seen, actors.health.parked) == ([("ann", 1), ("ann", 2)], {})
        assert await world.journal.checkpoint("sample.squeamish") == Checkpoint(2)


async def test_a_parked_projector_is_tried_at_once_by_the_next_release(world: World) -> None:
    async with world.runtime(projectors=[Squeamish()]) as actors:
        await actors.ask(ANN, Add(by=2, note="poison"))
        await settled()
    repaired = Squeamish()
    repaired.poison = "nothing"
    async with world.runtime(projectors=[repaired]) as actors:
        await settled()
        assert (repaired.seen, actors.health.parked) == ([("ann", 1)], {})


async def test_a_projector_outlives_a_journal_that_does_not_answer(world: World) -> None:
    reads, writes = Faults("checkpoint"), Faults("project")
    async with world.runtime(over=lambda journal: reads.over(writes.over(journal)), projectors=[Squeamish()]) as actors:
        await actors.ask(ANN, Add(by=1))
        await settled()
        await actors.ask(ANN, Add(by=2, note="poison"))
        writes.extend([Fault.IO_ERROR] * 3)
        reads.extend([Fault.IO_ERROR] * 2)
        await elapse(200)
        assert (reads, writes, actors.health.is_ready) == ([], [], True)
        assert list(actors.health.parked) == ["sample.squeamish"]


async def test_a_projector_reads_renamed_events_and_todays_meaning(world: World) -> None:
    old = Packed(name="tests.sample.Increased", body=Added(by=3).SerializeToString())
    body = TurnBody(events=[old, pack(AddedInTens(tens=4))]).SerializeToString()
    await world.before(TurnRecord(ANN.text, ANN.shard, 0, 1, body=body))
    async with world.runtime(TallyToday, projectors=[Sums()]) as actors:
        await settled()
        assert (actors.health.parked, await summed(actors)) == ({}, (43, 2))


async def test_how_far_a_projector_lags_behind_can_be_told(world: World) -> None:
    held = HeldJournal("project")
    async with world.runtime(over=held.over, projectors=[Sums()]) as actors:
        await actors.ask(ANN, Add(by=1))
        await settled()
        held.hold()
        await actors.ask(ANN, Add(by=1))
        await elapse(5)
        assert actors.gauges().projector_lag == {"sample.sums": 5.0}
        held.release()
        await settled()
        assert actors.gauges().projector_lag == {"sample.sums": 0.0}


async def test_an_erased_actor_stays_a_place_in_the_feed(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Add(by=2))
        await actors.ask(ANN, Retire(erase=True))
        await elapse(60)
    async with world.runtime(projectors=[Sums()]) as actors:
        await settled()
        assert (await summed(actors), await world.journal.checkpoint("sample.sums")) == ((2, 1), Checkpoint(3))


async def test_a_projector_may_index_its_documents_and_delete_them(world: World) -> None:
    async with world.runtime(projectors=[Latest()]) as actors:
        for actor, by in ((ANN, 1), (BEN, 2), (CLEO, 2), (CLEO, -2)):
            await actors.ask(actor, Add(by=by, note="x"))
        await settled()
        found = await actors.readmodels.list("sample.latest", ALPHA, where={"by": 2})
        assert [item.key for item in found.items] == ["ben"]
        assert await actors.readmodels.get("sample.latest", ALPHA, "cleo") is None
