"""Several processes over one store: each serves its shards, mail finds its way, and who lost a shard writes no more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from aevatar.actors import Outcome, Receipt, Runtime
from aevatar.actors.actors_pb2 import EnvelopeRecord, Packed
from aevatar.errors import Unavailable
from aevatar.identity import SHARDS, ActorId
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.memory_store import MemoryStore
from aevatar.journal.records import Mail
from aevatar.testing import elapse
from tests.sample.kinds import letter
from tests.sample.sample_pb2 import Add, Cheer, HowMuch, Noted, Relay, Remind, Total
from tests.sample.world import ANN, BEN, World, settled

HERE, THERE = [ANN.shard], [shard for shard in range(SHARDS) if shard != ANN.shard]


class Post:
    """Carries news of mail from one process to another, while it is up."""

    def __init__(self) -> None:
        self.is_up = True
        self.other: Runtime | None = None

    def deliver(self, shard: int, mail: Mail) -> None:
        if self.is_up and self.other is not None:
            self.other.deliver(mail)


@pytest.fixture
def shared() -> World:
    """A store that several processes may have open."""
    store = MemoryStore()
    return World(lambda: MemoryJournal(store, exclusive=False))


def process(shared: World, shards: Collection[int], post: Post | None = None) -> Runtime:
    return shared.runtime(shards=shards, neighbours=post)


async def total(actors: Runtime, actor: ActorId) -> Any:
    return await actors.ask(actor, HowMuch())


async def test_a_command_for_another_process_is_handled_there(shared: World) -> None:
    post = Post()
    async with process(shared, HERE, post) as here, process(shared, THERE) as there:
        post.other = there
        assert await here.dispatch(BEN, Add(by=2), command_id="c1") == Receipt(BEN, "c1")
        await settled()
        assert await total(there, BEN) == Total(total=2)
        assert await here.outcome(BEN, "c1") == Outcome(Total(total=2), version=1)


async def test_actors_of_two_processes_write_to_each_other_and_are_answered(shared: World) -> None:
    to_there, to_here = Post(), Post()
    async with process(shared, HERE, to_there) as here, process(shared, THERE, to_here) as there:
        to_there.other, to_here.other = there, here
        await here.ask(ANN, Add(by=0))
        await here.ask(ANN, Relay(letters=[letter(BEN, Add(by=5), answer=True)]))
        await settled()
        assert (await shared.events(ANN), await shared.journal.mail()) == ([Noted(text="answer 5")], [])


async def test_mail_whose_news_was_lost_is_found_by_its_owner_at_the_next_start(shared: World) -> None:
    post = Post()
    post.is_up = False
    async with process(shared, HERE, post) as here:
        async with process(shared, THERE) as there:
            await here.dispatch(BEN, Add(by=2))
            await settled()
            assert there.metrics.turns == 0
        async with process(shared, THERE) as there:
            await settled()
            assert await total(there, BEN) == Total(total=2)


async def test_an_actor_of_another_process_is_not_asked_here(shared: World) -> None:
    async with process(shared, HERE) as here, process(shared, THERE) as there:
        await there.ask(BEN, Add(by=2))
        with pytest.raises(Unavailable) as elsewhere:
            await here.ask(BEN, Add(by=2))
        assert (elsewhere.value.code, here.metrics.activations) == ("not_here", 0)
        assert await total(there, BEN) == Total(total=2)
        assert (here.health.is_ready, there.health.is_ready) == (True, True)


async def test_timers_and_effects_are_taken_up_by_whoever_has_their_shard(shared: World) -> None:
    async with process(shared, range(SHARDS)) as both:
        for actor in (ANN, BEN):
            await both.ask(actor, Remind(name="tea", delay=10, by=1))
    async with process(shared, HERE) as here:
        await elapse(20)
        assert await total(here, ANN) == Total(total=1)
        assert here.metrics.timers_fired == 1
    async with process(shared, THERE) as there:
        await settled()
        assert await total(there, BEN) == Total(total=1)
        assert there.metrics.timers_fired == 1


async def test_a_signal_to_another_process_is_dropped_and_counted(shared: World) -> None:
    async with process(shared, HERE) as here, process(shared, THERE) as there:
        await here.ask(ANN, Add(by=0))
        await there.ask(BEN, Add(by=0))
        await here.ask(ANN, Cheer(to=BEN.text, text="x"))
        await settled()
        assert (here.metrics.signals_dropped, await shared.events(BEN)) == (1, [])


async def test_mail_a_process_cannot_read_stays_for_one_that_can(shared: World) -> None:
    body = EnvelopeRecord(id="m1", target=BEN.text, payload=Packed(name="tests.sample.Vanished")).SerializeToString()
    async with process(shared, THERE) as there:
        there.deliver(Mail("m1", BEN.text, BEN.shard, body))
        await settled()
        assert (there.metrics.mail_unreadable, there.health.is_ready) == (1, True)


async def test_a_process_that_lost_its_shards_records_nothing_more_and_says_so(shared: World) -> None:
    async with process(shared, range(SHARDS)) as old:
        await old.ask(ANN, Add(by=1))
        async with process(shared, range(SHARDS)) as new:
            with pytest.raises(Unavailable) as fenced:
                await old.ask(ANN, Add(by=2), command_id="c1")
            assert (fenced.value.code, old.health.reasons) == (
                "fenced",
                ["fenced: another process owns the actors now"],
            )
            assert await new.ask(ANN, Add(by=2), command_id="c1") == Total(total=3)
            assert [event.by for event in await shared.events(ANN)] == [1, 2]


async def test_a_reader_in_another_process_finds_what_was_shown_in_the_store(shared: World) -> None:
    async with process(shared, HERE) as here, process(shared, THERE) as there:
        await here.ask(ANN, Add(by=1))
        events = [event.event async for event in there.sessions.read(ANN, until_terminal=False)]
        assert [type(event).__name__ for event in events] == ["TotalChanged"]
