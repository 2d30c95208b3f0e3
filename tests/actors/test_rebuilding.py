"""Read models made anew: they show what the log adds up to, whatever stood there and whatever goes on meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import anyio
import pytest
from google.protobuf.message import Message

from aevatar.actors import Documents, Kind, Projection, Projector, Runtime, applies
from aevatar.actors.upkeep.rebuilding import TRIES, Rebuilt, rebuild_readmodels
from aevatar.actors.upkeep.verification import verify_journal
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.records import DocumentWrite, TurnRecord
from aevatar.readmodels import DocumentOf
from aevatar.testing import elapse
from tests.actors.test_verification import PAGED, paged
from tests.sample.kinds import TALLY, Tally
from tests.sample.later import COUNTER
from tests.sample.sample_pb2 import Add, Added, Retire, TallyDocument, TallyState
from tests.sample.world import ALPHA, ANN, BEN, HeldJournal, World, settled

ON_POSTGRES = True

DOCUMENTS = "sample.tallies"


def largest(state: TallyState) -> TallyDocument | None:
    return TallyDocument(total=state.total) if state.total > 5 else None


LARGE = DocumentOf("sample.large", largest, index=lambda state: {"total": state.total})
WITH_MORE = Kind(Tally, Projection(documents=(*TALLY.projection.documents, LARGE)))


async def rebuilt(world: World, *kinds: Any, name: str | None = None) -> Rebuilt:
    async with world.opened() as journal:
        return await rebuild_readmodels(journal, kinds or [TALLY], name=name)


async def differences(world: World, *kinds: Any) -> list[str]:
    async with world.opened() as journal:
        return (await verify_journal(journal, kinds or [TALLY])).differences


async def spoil(world: World, actor: ActorId, version: int) -> None:
    """Replaces the document of an actor by one of another content, with other attributes."""
    wrong = TallyDocument(total=-1).SerializeToString()
    async with world.opened() as journal:
        await journal.replace_documents(
            actor.text, version, [DocumentWrite(DOCUMENTS, actor.scope, actor.key, version, wrong, {"parity": "odd"})]
        )


async def lived(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=4))
        await actors.ask(ANN, Add(by=4))
        await actors.ask(BEN, Add(by=2))


async def test_documents_that_are_wrong_are_put_right(world: World) -> None:
    await lived(world)
    async with world.opened() as journal:
        before = await journal.document(DOCUMENTS, "alpha", "ann")
    await spoil(world, ANN, 2)
    assert await rebuilt(world) == Rebuilt(actors=2, documents=2)
    assert await differences(world) == []
    async with world.opened() as journal:
        assert await journal.document(DOCUMENTS, "alpha", "ann") == before


async def test_a_new_read_model_shows_what_was_before_it(world: World) -> None:
    await lived(world)
    assert len(await differences(world, WITH_MORE)) == 1
    assert await rebuilt(world, WITH_MORE, name="sample.large") == Rebuilt(actors=2, documents=1)
    assert await differences(world, WITH_MORE) == []
    async with world.runtime(WITH_MORE) as actors:
        found = await actors.readmodels.list("sample.large", ALPHA, where={"total": 8})
        assert [(item.key, item.document) for item in found.items] == [("ann", TallyDocument(total=8))]


async def test_a_document_that_is_no_longer_shown_goes(world: World) -> None:
    await lived(world)
    kind = Kind(Tally, Projection(documents=(replace(LARGE, name=DOCUMENTS),)))
    await rebuilt(world, kind)
    async with world.opened() as journal:
        assert [document.key async for document, _ in journal.all_documents(DOCUMENTS)] == ["ann"]


async def test_only_the_read_model_that_is_named_is_made_anew(world: World) -> None:
    await lived(world)
    await spoil(world, ANN, 2)
    await rebuilt(world, WITH_MORE, name="sample.large")
    assert len(await differences(world, WITH_MORE)) == 2


async def test_a_read_model_that_nobody_has_is_refused(memory: World) -> None:
    with pytest.raises(Rejected) as refused:
        await rebuilt(memory, name="sample.unheard")
    assert refused.value.code == "readmodel_unknown"


async def test_pages_that_are_no_longer_answered_are_made_anew_as_they_were(world: World) -> None:
    await paged(world)
    async with world.opened() as journal:
        stored = {document.key: document.body async for document, _ in journal.all_documents("sample.pages")}
        for key in stored:
            await journal.replace_documents(ANN.text, 4, [DocumentWrite("sample.pages", "alpha", key, 2, None)])
    assert await rebuilt(world, PAGED) == Rebuilt(actors=1, documents=3)
    assert await differences(world, PAGED) == []
    async with world.opened() as journal:
        assert {document.key: document.body async for document, _ in journal.all_documents("sample.pages")} == stored


async def test_actors_under_an_older_name_of_their_kind_are_found(world: World) -> None:
    await lived(world)
    assert await rebuilt(world, COUNTER) == Rebuilt(actors=2, documents=2)


async def test_an_actor_that_cannot_be_replayed_is_told_and_the_others_are_made_anew(world: World) -> None:
    class Picky(Tally):
        @applies
        @staticmethod
        def added(state: TallyState, event: Added) -> None:
            state.total += 8 // (event.by - 2)

    await lived(world)
    found = await rebuilt(world, Kind(Picky, TALLY.projection))
    problem = f"{BEN} cannot be replayed: ZeroDivisionError: integer division or modulo by zero"
    assert found == Rebuilt(actors=1, documents=1, problems=[problem])


# While it goes on


async def test_actors_may_be_served_meanwhile(world: World) -> None:
    names = [ActorId(Tally.kind, ALPHA, f"a{number}") for number in range(8)]
    async with world.runtime() as actors:
        for name in names:
            await actors.ask(name, Add(by=1))

        async def go_on(name: ActorId) -> None:
            for _ in range(20):
                await actors.ask(name, Add(by=1))

        async with anyio.create_task_group() as asking:
            for name in names:
                asking.start_soon(go_on, name)
            for _ in range(3):
                assert (await rebuild_readmodels(world.journal, [TALLY])).problems == []
    assert await differences(world) == []


async def test_a_turn_that_was_faster_is_never_overwritten(world: World) -> None:
    held = HeldJournal("replace_documents")
    async with world.runtime() as actors, anyio.create_task_group() as rebuilding:
        await actors.ask(ANN, Add(by=1))
        held.over(world.journal)
        held.hold()
        rebuilding.start_soon(rebuild_readmodels, held, [TALLY])
        await settled()
        await actors.ask(ANN, Add(by=1))
        held.release()
        await settled()
        document = await actors.readmodels.get(DOCUMENTS, ALPHA, "ann")
        assert document is not None
        assert (document.document, document.version) == (TallyDocument(total=2, additions=2), 2)


async def test_an_actor_that_is_erased_meanwhile_does_not_come_back(memory: World) -> None:
    held = HeldJournal("replace_documents")
    async with memory.runtime() as actors, anyio.create_task_group() as rebuilding:
        await actors.ask(ANN, Add(by=1))
        held.over(memory.journal)
        held.hold()
        rebuilding.start_soon(rebuild_readmodels, held, [TALLY])
        await settled()
        await actors.ask(ANN, Retire(erase=True))
        await elapse(60)
        held.release()
        await settled()
        assert await actors.readmodels.get(DOCUMENTS, ALPHA, "ann") is None


async def test_an_actor_that_never_stands_still_is_told() -> None:
    class Restless(MemoryJournal):
        tries = 0

        async def replace_documents(self, actor: str, version: int, documents: Any) -> bool:
            self.tries += 1
            return False

    journal = Restless()
    await journal.open()
    await journal.commit([TurnRecord(ANN.text, ANN.shard, 0, 1)])
    problem = f"{ANN} kept moving on; rebuild again when it has less to do"
    assert await rebuild_readmodels(journal, [TALLY]) == Rebuilt(problems=[problem])
    assert journal.tries == TRIES


async def test_a_journal_that_does_not_answer_ends_it(memory: World) -> None:
    await lived(memory)
    journal = MemoryJournal()
    with pytest.raises(Unavailable):
        await rebuild_readmodels(journal, [TALLY])


# Projectors


class Sums(Projector):
    """Adds up what all actors of a scope were given; once there was a mistake in it."""

    name = "sums"
    documents: ClassVar = {"sample.sums": TallyDocument}
    mistake = 0

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        if isinstance(event, Added):
            known: Any = await documents.get("sample.sums", actor_id.scope, "all") or TallyDocument()
            known.total += event.by + self.mistake
            documents.put("sample.sums", actor_id.scope, "all", known, {"total": known.total})


async def summed(actors: Runtime) -> int | None:
    found: Any = await actors.readmodels.get("sample.sums", ALPHA, "all")
    return found and found.document.total


async def test_a_projector_begins_anew_and_shows_what_is_right(world: World) -> None:
    mistaken = Sums()
    mistaken.mistake = 1
    async with world.runtime(projectors=[mistaken]) as actors:
        for number in (1, 2, 4):
            await actors.ask(ANN, Add(by=number))
        await settled()
        assert await summed(actors) == 10
    async with world.runtime(projectors=[Sums()]) as actors:
        await settled()
        assert await summed(actors) == 10
        assert (await rebuild_readmodels(world.journal, [TALLY], projectors=[Sums()])).projectors == 1
        await elapse(2)
        assert await summed(actors) == 7
        await actors.ask(ANN, Add(by=1))
        await settled()
        assert await summed(actors) == 8


async def test_a_projector_that_was_under_way_cannot_undo_its_new_beginning(world: World) -> None:
    held = HeldJournal("project")
    async with world.runtime(over=held.over, projectors=[Sums()]) as actors:
        await actors.ask(ANN, Add(by=1))
        await settled()
        held.hold()
        await actors.ask(ANN, Add(by=2))
        await settled()
        await rebuild_readmodels(world.journal, [], projectors=[Sums()], name="sample.sums")
        held.release()
        await elapse(2)
        assert await summed(actors) == 3
