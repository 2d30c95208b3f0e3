"""History that is erased: nothing of it is left, and nothing else changes."""

from __future__ import annotations

import anyio
import pytest
from google.protobuf.message import Message

from aevatar.actors import Documents, Outcome, Projector, Runtime, applies
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.records import Checkpoint
from aevatar.testing import elapse
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, Added, HowMuch, Release, Retire, Say, TallyDocument, TallyState, Total, Wait
from tests.sample.world import ALPHA, ANN, HeldJournal, World, settled


async def added(actors: Runtime, *numbers: int) -> None:
    """Adds numbers, each under the command id `c<number>`."""
    for number in numbers:
        await actors.ask(ANN, Add(by=number), command_id=f"c{number}")


async def test_an_actor_goes_on_as_if_its_history_was_there(world: World) -> None:
    async with world.runtime() as actors:
        await added(actors, 1, 2, 3)
        await actors.erase(ANN, 2)
        assert await actors.ask(ANN, Add(by=4)) == Total(total=10)
        assert await world.turns(ANN) == [[], [], [Added(by=3, subject="program")], [Added(by=4, subject="program")]]
    async with world.runtime() as actors:
        assert await actors.ask(ANN, HowMuch()) == Total(total=10)
        document = await actors.readmodels.get("sample.tallies", ALPHA, "ann")
        assert document is not None
        assert (document.document, document.version) == (TallyDocument(total=10, additions=4), 4)


async def test_what_was_shown_stays(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Say(item="a", text="x"))
        shown = await world.shown(ANN)
        await actors.erase(ANN, 2)
        await actors.ask(ANN, Say(item="a", text="y"))
        assert (await world.shown(ANN))[:-1] == shown


async def test_erased_turns_keep_their_places_in_the_feed(world: World) -> None:
    async with world.runtime() as actors:
        await added(actors, 1, 2)
        before = [(entry.position, entry.actor, entry.version, entry.at) for entry in await world.journal.feed()]
        await actors.erase(ANN, 2)
        after = await world.journal.feed()
        assert [(entry.position, entry.actor, entry.version, entry.at) for entry in after] == before
        assert [entry.body for entry in after] == [b"", b""]


class Sums(Projector):
    """Adds up what all actors of a scope were given."""

    name = "sums"
    documents = {"sample.sums": TallyDocument}  # noqa: RUF012 - read only

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        if isinstance(event, Added):
            known = await documents.get("sample.sums", actor_id.scope, "all")
            total = known.total if isinstance(known, TallyDocument) else 0
            documents.put("sample.sums", actor_id.scope, "all", TallyDocument(total=total + event.by))


async def test_projectors_pass_over_erased_turns(world: World) -> None:
    async with world.runtime() as actors:
        await added(actors, 1, 2, 3)
        await actors.erase(ANN, 2)
    async with world.runtime(projectors=[Sums()]) as actors:
        await elapse(2)
        document = await actors.readmodels.get("sample.sums", ALPHA, "all")
        assert document is not None
        assert document.document == TallyDocument(total=3)
        assert await world.journal.checkpoint("sums") == Checkpoint((await world.journal.feed())[-1].position)


# Commands


async def test_a_command_of_erased_history_takes_no_effect_again(world: World) -> None:
    async with world.runtime() as actors:
        await added(actors, 1, 2, 3)
        await actors.erase(ANN, 2)
        for _ in range(2):
            with pytest.raises(Rejected) as refused:
                await actors.ask(ANN, Add(by=1), command_id="c1")
            assert refused.value.code == "gone"
        with pytest.raises(Rejected) as unknown:
            await actors.outcome(ANN, "c1")
        assert unknown.value.code == "gone"
        assert await actors.outcome(ANN, "c3") == Outcome(Total(total=6), version=3)
        assert await actors.ask(ANN, Add(by=3), command_id="c3") == Total(total=6)
        assert await actors.ask(ANN, HowMuch()) == Total(total=6)


async def test_a_command_of_erased_history_may_be_dispatched_again_and_changes_nothing(world: World) -> None:
    async with world.runtime() as actors:
        await added(actors, 1, 2)
        await actors.erase(ANN, 2)
        await actors.dispatch(ANN, Add(by=1), command_id="c1")
        await settled()
        assert (await actors.ask(ANN, HowMuch()), await world.journal.mail()) == (Total(total=3), [])


async def test_the_id_of_an_erased_command_is_not_free_for_another(world: World) -> None:
    async with world.runtime() as actors:
        await added(actors, 1, 2)
        await actors.erase(ANN, 2)
        with pytest.raises(Rejected) as refused:
            await actors.ask(ANN, Add(by=7), command_id="c1")
        assert refused.value.code == "command_id_reused"


async def test_a_command_that_is_still_open_gets_its_outcome(world: World) -> None:
    async with world.runtime() as actors:
        await added(actors, 1)
        await actors.dispatch(ANN, Wait(within=100), command_id="w1")
        await settled()
        await actors.erase(ANN, 2)
        assert await actors.outcome(ANN, "w1") == Outcome(None, version=2)
        await actors.ask(ANN, Release(by=4))
        assert await actors.ask(ANN, Wait(within=100), command_id="w1") == Total(total=5)


# While it goes on


async def test_turns_that_are_committed_meanwhile_are_not_lost(memory: World) -> None:
    held = HeldJournal("erase")
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as erasing:
        await added(actors, 1, 2)
        held.hold()
        erasing.start_soon(actors.erase, ANN, 2)
        await settled()
        await added(actors, 3)
        held.release()
        await settled()
        assert await actors.ask(ANN, Add(by=4)) == Total(total=10)
    async with memory.runtime() as actors:
        assert await actors.ask(ANN, HowMuch()) == Total(total=10)


async def test_erasing_again_changes_nothing(world: World) -> None:
    async with world.runtime() as actors:
        await added(actors, 1, 2, 3)
        await actors.erase(ANN, 2)
        before = await world.journal.feed(), await world.journal.load(ANN.text)
        await actors.erase(ANN, 1)
        await actors.erase(ANN, 2)
        assert (await world.journal.feed(), await world.journal.load(ANN.text)) == before


# Refusals


@pytest.mark.parametrize("version", [-1, 0, 3])
async def test_a_version_that_does_not_exist_is_refused(memory: World, version: int) -> None:
    async with memory.runtime() as actors:
        await added(actors, 1, 2)
        with pytest.raises(Rejected) as refused:
            await actors.erase(ANN, version)
        assert (refused.value.code, refused.value.field) == ("invalid_version", "through_version")


async def test_an_actor_that_never_was_has_no_history(memory: World) -> None:
    async with memory.runtime() as actors:
        with pytest.raises(Rejected) as refused:
            await actors.erase(ANN, 1)
        assert refused.value.code == "not_found"


async def test_an_erased_actor_has_no_history(memory: World) -> None:
    async with memory.runtime() as actors:
        await added(actors, 1)
        await actors.ask(ANN, Retire(erase=True))
        await elapse(60)
        with pytest.raises(Rejected) as refused:
            await actors.erase(ANN, 1)
        assert refused.value.code == "gone"


async def test_nothing_is_erased_of_an_actor_that_cannot_be_restored(memory: World) -> None:
    class Forgetful(Tally):
        @applies
        @staticmethod
        def added(state: TallyState, event: Added) -> None:
            raise ZeroDivisionError("forgot how")

    async with memory.runtime() as actors:
        await added(actors, 1)
    async with memory.runtime(Forgetful) as actors:
        before = await memory.journal.feed()
        with pytest.raises(Unavailable) as refused:
            await actors.erase(ANN, 1)
        assert (refused.value.code, await memory.journal.feed()) == ("actor_unavailable", before)


async def test_nothing_is_erased_by_a_process_that_does_not_serve(memory: World) -> None:
    actors = memory.runtime()
    with pytest.raises(Unavailable):
        await actors.erase(ANN, 1)
