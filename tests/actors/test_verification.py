"""Verifying reads everything back: a sound journal shows no difference, and every damage is told in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from google.protobuf.message import Message

from aevatar.actors import Documents, Kind, Projection, Projector, Retention, applies
from aevatar.actors.actors_pb2 import Packed, TurnBody
from aevatar.actors.packing import pack_bytes
from aevatar.actors.upkeep.verification import Verified, verify_journal
from aevatar.errors import Misassembled, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.records import Checkpoint, DocumentWrite, SessionEvent, TurnRecord
from aevatar.readmodels import DocumentOf
from aevatar.testing import Fault, FaultyJournal, elapse, scripted
from tests.sample.kinds import TALLY, Tally
from tests.sample.later import COUNTER
from tests.sample.sample_pb2 import Add, Added, Retire, Say, TallyDocument, TallyState
from tests.sample.world import ANN, BEN, World, settled

ON_POSTGRES = True

DOCUMENTS = "sample.tallies"


async def verified(world: World, *kinds: Any, projectors: tuple[Projector, ...] = ()) -> Verified:
    async with world.opened() as journal:
        return await verify_journal(journal, kinds or [TALLY], projectors)


async def lived(world: World, *, kind: Kind = TALLY, turns: int = 5) -> None:
    """Two actors, one of them with a snapshot and a session."""
    async with world.runtime(kind) as actors:
        for number in range(turns):
            await actors.ask(ANN, Add(by=number + 1), command_id=f"c{number}")
        await actors.ask(ANN, Say(item="a", text="x", last=True))
        await actors.ask(BEN, Add(by=7))


def often(kind: Kind = TALLY) -> Kind:
    """The kind with a snapshot for every third version."""
    return Kind(kind.actor, kind.projection, snapshot_every=3)


def of_tally(total: int, additions: int) -> bytes:
    return TallyDocument(total=total, additions=additions).SerializeToString()


async def test_a_sound_journal_shows_no_difference(world: World) -> None:
    await lived(world, kind=often())
    counts = {"turns": 7, "actors": 2, "events": 6, "snapshots": 1, "sessions": 2, "session events": 8, "documents": 2}
    assert await verified(world) == Verified(counts, [])


async def test_an_empty_journal_shows_no_difference(world: World) -> None:
    assert await verified(world) == Verified({}, [])


async def test_verifying_changes_nothing(world: World) -> None:
    await lived(world, kind=often())
    async with world.opened() as journal:
        before = await journal.feed(), await journal.load(ANN.text), await journal.info()
        await verify_journal(journal, [TALLY])
        assert (await journal.feed(), await journal.load(ANN.text), await journal.info()) == before


async def test_folded_erased_and_retired_ones_are_sound(world: World) -> None:
    await lived(world, kind=often())
    async with world.runtime(often(), retention=Retention(fold_after=10)) as actors:
        await actors.erase(ANN, 4)
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Retire(erase=True))
        await elapse(60)
    found = await verified(world)
    assert (found.differences, found.counts["histories erased"]) == ([], 1)


async def test_a_session_that_has_expired_is_sound_without_its_events(world: World) -> None:
    async with world.runtime(Kind(Tally, Projection(retention=60.0)), retention=Retention(round=60.0)) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Say(item="i", text="one", last=True))
        await elapse(200)
        assert await world.shown(ANN) == []
    assert (await verified(world, Tally)).differences == []


async def test_actors_that_were_not_renamed_yet_are_replayed_under_their_new_kind(world: World) -> None:
    await lived(world)
    found = await verified(world, COUNTER)
    assert (found.differences, found.counts["events"]) == ([], 6)


# Damage


async def test_a_document_that_differs_from_the_log_is_told(world: World) -> None:
    await lived(world)
    ann = DocumentWrite(DOCUMENTS, "alpha", "ann", 6, of_tally(16, 5), {"total": 15, "parity": "odd"})
    ben = DocumentWrite(DOCUMENTS, "alpha", "ben", 1, of_tally(7, 1), {"total": 8, "parity": "odd"})
    async with world.opened() as journal:
        await journal.replace_documents(ANN.text, 6, [ann])
        await journal.replace_documents(BEN.text, 1, [ben])
    assert (await verified(world)).differences == [
        f"{ANN}: its document {DOCUMENTS} alpha/ann is not what the log adds up to",
        f"{BEN}: its document {DOCUMENTS} alpha/ben is listed under other attributes than the log adds up to",
    ]


async def test_documents_of_another_version_missing_and_strange_ones_are_told(world: World) -> None:
    await lived(world)
    index = {"total": 15, "parity": "odd"}
    async with world.opened() as journal:
        await journal.replace_documents(
            ANN.text,
            6,
            [
                DocumentWrite(DOCUMENTS, "alpha", "ann", 4, of_tally(15, 5), index),
                DocumentWrite(DOCUMENTS, "alpha", "nobody", 6, of_tally(1, 1), index),
            ],
        )
        await journal.replace_documents(BEN.text, 1, [DocumentWrite(DOCUMENTS, "alpha", "ben", 1, None)])
    assert (await verified(world)).differences == [
        f"{ANN}: its document {DOCUMENTS} alpha/ann is of version 4, and the actor at 6",
        f"the document {DOCUMENTS} alpha/nobody is of no actor that shows one",
        f"{BEN}: its document {DOCUMENTS} alpha/ben is missing",
    ]


async def test_a_document_that_cannot_be_read_differs(memory: World) -> None:
    await lived(memory)
    async with memory.opened() as journal:
        index = {"total": 15, "parity": "odd"}
        await journal.replace_documents(
            ANN.text, 6, [DocumentWrite(DOCUMENTS, "alpha", "ann", 6, b"\xff\xff\xff", index)]
        )
    assert (await verified(memory)).differences == [
        f"{ANN}: its document {DOCUMENTS} alpha/ann is not what the log adds up to"
    ]


async def test_a_snapshot_that_differs_from_the_log_is_told(world: World) -> None:
    await lived(world)
    async with world.opened() as journal:
        await journal.erase(ANN.text, through=0, snapshot=(6, pack_bytes(TallyState(total=99))))
    assert (await verified(world)).differences == [f"{ANN}: its snapshot of version 6 is not what the log adds up to"]


async def test_an_event_that_nothing_knows_is_told_and_the_others_are_replayed(world: World) -> None:
    await lived(world)
    body = TurnBody(events=[Packed(name="sample.Unheard", body=b"")]).SerializeToString()
    await world.before(TurnRecord(ANN.text, ANN.shard, 0, 7, body=body))
    found = await verified(world)
    sentence = f"{ANN} cannot be replayed: UnknownMessage: no generated message is called 'sample.Unheard'"
    assert (found.differences, found.counts["events"]) == ([sentence], 6)


async def test_an_applier_that_fails_is_told(memory: World) -> None:
    class Forgetful(Tally):
        @applies
        @staticmethod
        def added(state: TallyState, event: Added) -> None:
            raise ZeroDivisionError("forgot how")

    await lived(memory)
    found = await verified(memory, Kind(Forgetful, TALLY.projection))
    assert found.differences == [f"{actor} cannot be replayed: ZeroDivisionError: forgot how" for actor in (ANN, BEN)]


async def test_actors_of_a_kind_that_nobody_named_are_told(world: World) -> None:
    class Other(Tally):
        kind = "sample.other"

    await lived(world)
    assert (await verified(world, Other)).differences == [
        "2 actors of kind 'sample.tally' were not replayed: no capability here has that kind"
    ]


async def test_a_session_that_cannot_be_read_or_ends_early_is_told(world: World) -> None:
    await lived(world)
    strange = SessionEvent("strange", 1, "sample.Unheard", b"", 0)
    await world.before(TurnRecord(ANN.text, ANN.shard, 0, shown=[strange]))
    async with world.opened() as journal:
        events = (await journal.session(ANN.text, "main", 0, 99)).events
        await journal.rewrite_session(ANN.text, "main", events[:2])
    assert sorted((await verified(world)).differences) == [
        f"{ANN}: event 1 of session 'strange' cannot be read: no generated message is called 'sample.Unheard'",
        f"{ANN}: session 'main' ends with event 2 instead of 7",
    ]


async def test_what_the_store_finds_is_told() -> None:
    class Creaking(MemoryJournal):
        async def check(self) -> list[str]:
            return ["page 7 is torn"]

    journal = Creaking()
    await journal.open()
    assert (await verify_journal(journal, [TALLY])).differences == ["the store: page 7 is torn"]


async def test_a_log_that_lacks_a_turn_is_told() -> None:
    class Lossy(MemoryJournal):
        async def history(self, actor: str, after: int = 0, limit: int = 1000) -> list[Any]:
            return [row for row in await super().history(actor, after, limit) if row.version != 2]

        async def feed(self, after: int = 0, limit: int = 1000) -> list[Any]:
            return [entry for entry in await super().feed(after, limit) if entry.version != 2]

    journal = Lossy()
    await journal.open()
    body = TurnBody(subject="program").SerializeToString()
    await journal.commit([TurnRecord(ANN.text, ANN.shard, 0, version, body=body) for version in (1, 2, 3)])
    assert (await verify_journal(journal, [Tally])).differences == [
        f"{ANN}: the feed has version 3 out of order",
        f"{ANN}: the log has version 3 after 1",
    ]


async def test_a_journal_that_does_not_answer_is_not_called_wrong(memory: World) -> None:
    await lived(memory)
    async with memory.opened() as journal:
        for read in range(4, 9):
            failing = FaultyJournal(journal, at_read(read))
            with pytest.raises(Unavailable):
                await verify_journal(failing, [TALLY])


def at_read(number: int) -> Any:
    """A plan in which one read fails."""
    left = iter([None] * (number - 1) + [Fault.IO_ERROR])
    return lambda _: scripted({0: fault} if (fault := next(left, None)) else {})(0)


async def test_kinds_that_do_not_fit_together_are_refused(memory: World) -> None:
    async with memory.opened() as journal:
        with pytest.raises(Misassembled):
            await verify_journal(journal, [TALLY, Tally])


# Pages


def pages(state: TallyState) -> Mapping[str, TallyDocument]:
    """One page for each ten, of which only the newest is answered."""
    return {str(state.total // 10): TallyDocument(total=state.total)}


PAGED = Kind(Tally, Projection(documents=(DocumentOf("sample.pages", pages=pages),)), snapshot_every=2)


async def paged(world: World) -> None:
    """Pages 0, 1 and 2 of ANN, of versions 1, 3 and 4; the first was written again by another activation."""
    for numbers in ((4,), (0, 10), (10,)):
        async with world.runtime(PAGED) as actors:
            for number in numbers:
                await actors.ask(ANN, Add(by=number))


async def test_pages_that_are_no_longer_answered_are_compared_as_they_were(world: World) -> None:
    await paged(world)
    found = await verified(world, PAGED)
    assert (found.differences, found.counts["documents"]) == ([], 3)
    async with world.opened() as journal:
        wrong = TallyDocument(total=5).SerializeToString()
        await journal.replace_documents(ANN.text, 4, [DocumentWrite("sample.pages", "alpha", "ann:0", 4, wrong)])
        await journal.replace_documents(ANN.text, 4, [DocumentWrite("sample.pages", "alpha", "ann:2", 3, None)])
    assert (await verified(world, PAGED)).differences == [
        f"{ANN}: its document sample.pages alpha/ann:0 is not what the log adds up to",
        f"{ANN}: its document sample.pages alpha/ann:2 is missing",
    ]


async def test_pages_of_erased_history_are_sound(world: World) -> None:
    await paged(world)
    async with world.runtime(PAGED) as actors:
        await actors.erase(ANN, 3)
    assert (await verified(world, PAGED)).differences == []


# Projectors


class Squeamish(Projector):
    name = "squeamish"
    documents: ClassVar = {"sample.squeamish": TallyDocument}

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        raise ValueError("not this")


async def test_a_projector_that_stands_still_is_told(world: World) -> None:
    async with world.runtime(projectors=[Squeamish()]) as actors:
        await actors.ask(ANN, Add(by=1))
        await settled()
    found = await verified(world, projectors=(Squeamish(),))
    assert found.differences == ["the projector 'squeamish' is parked at 0: ValueError: not this"]


async def test_a_projector_past_the_end_of_the_feed_is_told(memory: World) -> None:
    async with memory.opened() as journal:
        await journal.project("squeamish", Checkpoint(9), [], after=0)
    found = await verified(memory, projectors=(Squeamish(),))
    assert found.differences == ["the projector 'squeamish' is at 9, past the end of the feed"]
