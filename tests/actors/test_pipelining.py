"""Turns of one actor run ahead of the journal, and nobody hears of what may still be undone."""

from __future__ import annotations

from typing import Any

import anyio

from aevatar.actors import Limits, Link, command
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.packing import pack
from aevatar.errors import Rejected
from aevatar.journal.records import TurnRecord
from aevatar.testing import Fault
from tests.sample.kinds import Echo, Tally, letter
from tests.sample.sample_pb2 import Add, Added, Cheer, Fetch, HowMuch, Noted, Relay, Take, Total, TotalChanged
from tests.sample.world import ANN, BEN, Faults, HeldJournal, World, noted, settled

ON_POSTGRES = True


def elsewhere(version: int, by: int) -> TurnRecord:
    """A turn of ANN that another process committed."""
    body = TurnBody(events=[pack(Added(by=by))]).SerializeToString()
    return TurnRecord(ANN.text, ANN.shard, 0, version, body=body)


async def total(asked: Any, totals: list[Any]) -> None:
    """Notes the total that is answered, or the code of the refusal."""
    try:
        totals.append((await asked).total)
    except Rejected as refusal:
        totals.append(refusal.code)


async def test_turns_go_on_while_the_journal_works_and_share_its_next_commit(world: World) -> None:
    held, totals = HeldJournal(), list[Any]()
    async with world.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        await actors.ask(ANN, Add(by=1))
        held.hold()
        asking.start_soon(total, actors.ask(ANN, Add(by=1)), totals)
        await settled()
        for _ in range(99):
            asking.start_soon(total, actors.ask(ANN, Add(by=1)), totals)
        await settled()
        assert (actors.metrics.turns, actors.metrics.commits, totals) == (101, 1, [])
        held.release()
        await settled()
        assert (actors.metrics.commits, totals) == (3, list(range(2, 102)))


async def test_nothing_is_shown_before_it_is_durable(world: World) -> None:
    held, told, started = HeldJournal(), list[Any](), list[str]()

    async def begin(link: Link) -> None:
        started.append(link.effect_id)

    async def ask(target: Any, command: Any) -> None:
        told.append(await actors.ask(target, command))

    async with world.runtime(over=held.over, effects=[Echo(begin)]) as actors, anyio.create_task_group() as asking:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(BEN, Add(by=0))
        asking.start_soon(noted, actors.sessions.read(ANN), told)
        await settled()
        held.hold()
        for command in (Add(by=1), Fetch(text="x"), Relay(letters=[letter(BEN, Add(by=1))]), HowMuch()):
            asking.start_soon(ask, ANN, command)
        asking.start_soon(ask, ANN, Cheer(to=BEN.text, text="signal"))
        await settled()
        assert (told, started, actors.metrics.turns) == ([], [], 2 + 5)
        held.release()
        await settled()
        assert [type(each).__name__ for each in told] == ["Total", "TotalChanged", "Done", "Done", "Total", "Done"]
        assert len(started) == 1
        assert await world.events(BEN) == [Added(by=1, subject="program"), Noted(text="signal")]
        asking.cancel_scope.cancel()


async def test_a_question_about_what_is_not_durable_yet_waits_for_it(world: World) -> None:
    held, totals = HeldJournal(), list[Any]()
    async with world.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        await actors.ask(ANN, Add(by=1))
        held.hold()
        asking.start_soon(actors.ask, ANN, Add(by=2))
        await settled()
        asking.start_soon(total, actors.ask(ANN, HowMuch()), totals)
        await settled()
        assert totals == []
        held.release()
        await settled()
        assert totals == [3]


async def test_a_turn_that_cannot_be_stored_takes_the_later_ones_with_it_and_all_are_handled_again(
    world: World,
) -> None:
    held, faults, totals = HeldJournal(), Faults(), list[Any]()
    async with (
        world.runtime(over=lambda journal: held.over(faults.over(journal))) as actors,
        anyio.create_task_group() as asking,
    ):
        await actors.ask(ANN, Add(by=1))
        held.hold()
        for by in (2, 4, 8):
            asking.start_soon(total, actors.ask(ANN, Add(by=by)), totals)
            await settled()
        asking.start_soon(total, actors.ask(ANN, HowMuch()), totals)
        await settled()
        faults.append(Fault.CONFLICT)
        held.release()
        await settled()
        assert (totals, actors.metrics.turns) == ([3, 7, 15, 15], 5 + 4)
        assert [event.by for event in await world.events(ANN)] == [1, 2, 4, 8]


async def test_a_stale_activation_reads_what_another_process_decided_and_builds_on_it(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await world.commit(elsewhere(version=2, by=100))
        assert await actors.ask(ANN, Add(by=2)) == Total(total=103)


async def test_a_refusal_that_rests_on_a_turn_that_was_undone_is_decided_again(memory: World) -> None:
    held, totals = HeldJournal(), list[Any]()
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        await actors.ask(ANN, Add(by=1))
        await memory.commit(elsewhere(version=2, by=100))
        held.hold()
        asking.start_soon(total, actors.ask(ANN, Add(by=1)), totals)
        await settled()
        asking.start_soon(total, actors.ask(ANN, Take(by=50)), totals)
        await settled()
        held.release()
        await settled()
        assert totals == [102, 52]


async def test_a_refusal_is_decided_again_also_if_the_turn_is_undone_while_the_log_is_searched(memory: World) -> None:
    commits, reads, totals = HeldJournal(), HeldJournal("outcome"), list[Any]()
    async with (
        memory.runtime(over=lambda journal: commits.over(reads.over(journal))) as actors,
        anyio.create_task_group() as asking,
    ):
        await actors.ask(ANN, Add(by=1))
        await memory.commit(elsewhere(version=2, by=100))
        commits.hold()
        reads.hold()
        asking.start_soon(total, actors.ask(ANN, Add(by=1)), totals)
        await settled()
        asking.start_soon(total, actors.ask(ANN, Take(by=50)), totals)
        await settled()
        commits.release()
        await settled()
        reads.release()
        await settled()
        assert totals == [102, 52]


async def test_a_conflict_of_one_actor_harms_no_neighbour_in_its_batch(world: World) -> None:
    held, totals = HeldJournal(), list[Any]()
    async with world.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Add(by=1))
        await world.commit(elsewhere(version=2, by=100))
        held.hold()
        asking.start_soon(actors.ask, BEN, Add(by=1))
        await settled()
        asking.start_soon(total, actors.ask(ANN, Add(by=1)), totals)
        asking.start_soon(total, actors.ask(BEN, Add(by=1)), totals)
        await settled()
        held.release()
        await settled()
        assert (sorted(totals), actors.metrics.conflicts) == ([3, 102], 1)


async def test_the_caller_hears_before_the_readers_and_they_before_other_actors(memory: World) -> None:
    heard: list[Any] = []

    async def ask() -> None:
        heard.append(await actors.ask(ANN, Add(by=1)))

    async with memory.runtime() as actors, anyio.create_task_group() as asking:
        await actors.ask(ANN, Add(by=0))
        asking.start_soon(noted, actors.sessions.read(ANN), heard)
        await settled()
        asking.start_soon(ask)
        await settled()
        assert heard == [Total(total=1), TotalChanged(by=1)]
        asking.cancel_scope.cancel()


async def test_actors_stop_deciding_when_they_are_too_far_ahead_of_the_journal(memory: World) -> None:
    held = HeldJournal()
    async with (
        memory.runtime(over=held.over, limits=Limits(uncommitted_turns=10)) as actors,
        anyio.create_task_group() as asking,
    ):
        await actors.ask(ANN, Add(by=1))
        held.hold()
        for _ in range(1000):
            asking.start_soon(actors.ask, ANN, Add(by=1))
        await settled()
        ahead = actors.metrics.turns
        held.release()
        await settled()
        assert (ahead < 1000, actors.metrics.turns) == (True, 1001)


async def test_a_turn_that_is_run_again_draws_the_same_ids_and_numbers(memory: World) -> None:
    faults, drawn = Faults(), list[Any]()

    class Drawing(Tally):
        @command
        def take(self, cmd: Take) -> Total:
            turn = self.turn
            drawn.append((turn.new_id(), turn.new_id(), turn.random().random(), turn.now))
            self.emit(Added(by=-cmd.by))
            return Total()

    async with memory.runtime(Drawing, over=faults.over) as actors:
        await actors.ask(ANN, Add(by=9))
        faults.append(Fault.CONFLICT)
        await actors.ask(ANN, Take(by=1), command_id="c1")
        await actors.ask(ANN, Take(by=1), command_id="c2")
    first, again, other = drawn
    assert (first == again, len({*first, *other})) == (True, 7)
