"""Effects: recorded before they start, ended in the turn that hears of it, found again after a crash."""

from __future__ import annotations

import asyncio
from typing import Any

from aevatar.actors import Effect, Limits, Link, Policy, Runtime, command
from aevatar.actors.actors_pb2 import EffectRecord, Packed
from aevatar.credentials import Binding, MemoryVault, Secret
from aevatar.journal.records import EffectStarted, TurnRecord
from aevatar.testing import VirtualClock, elapse
from tests.sample.kinds import CarefulEcho, Echo, Tally
from tests.sample.sample_pb2 import (
    Add,
    CancelFetches,
    Echoed,
    EchoRequest,
    Fetch,
    Fetching,
    Heard,
    HowMuch,
    Retire,
)
from tests.sample.world import ALPHA, ANN, BEN, HeldJournal, World, begun, noted, notes, settled, texts


async def forever(link: Link) -> None:
    await asyncio.Event().wait()


async def test_the_result_of_an_effect_comes_back_as_a_command(world: World) -> None:
    async with world.runtime() as actors:
        await begun(actors, Fetch(text="x"))
        assert (await notes(world), await world.journal.effects()) == (["echoed x"], [])
        assert (actors.metrics.effects_started, actors.metrics.effects_done) == (1, 1)


async def test_the_intent_is_recorded_before_the_effect_starts(world: World) -> None:
    held, started = HeldJournal(), list[str]()

    async def begin(link: Link) -> None:
        started.append(link.effect_id)

    async with world.runtime(over=held.over, effects=[Echo(begin)]) as actors:
        await actors.ask(ANN, Add(by=0))
        held.hold()
        await actors.dispatch(ANN, Fetch(text="x"))
        await settled()
        assert (started, await world.journal.effects()) == ([], [])
        held.release()
        await settled()
        [event] = [event for event in await world.events(ANN) if isinstance(event, Fetching)]
        assert started == [event.effect_id]


async def test_the_result_and_the_end_of_the_effect_are_one_commit(world: World) -> None:
    runs, held = list[str](), HeldJournal()

    async def count(link: Link) -> None:
        runs.append(link.effect_id)

    async with world.runtime(over=held.over, effects=[Echo(count)]) as actors:
        await actors.ask(ANN, Add(by=0))
        held.hold(after=1)
        await actors.ask(ANN, Fetch(text="x"))
        await settled()
        assert (len(runs), await notes(world), len(await world.journal.effects())) == (1, [], 1)
    async with world.runtime(effects=[Echo(count)]):
        await settled()
        assert (await notes(world), await world.journal.effects()) == (["echoed x"], [])
    assert runs == [runs[0]] * 2


async def test_an_effect_that_may_be_repeated_runs_again_after_a_crash_under_its_id(world: World) -> None:
    ids: list[str] = []

    async def crash_first(link: Link) -> None:
        ids.append(link.effect_id)
        if len(ids) == 1:
            await forever(link)

    async with world.runtime(effects=[Echo(crash_first)]) as actors:
        await begun(actors, Fetch(text="x"))
    async with world.runtime(effects=[Echo(crash_first)]) as actors:
        await settled()
        assert await notes(world) == ["echoed x"]
        assert (ids, actors.metrics.effects_interrupted) == ([ids[0]] * 2, 0)


async def test_an_effect_that_asks_is_not_repeated_and_the_actor_hears_that_it_was_interrupted(world: World) -> None:
    runs: list[str] = []

    async def run(link: Link) -> None:
        runs.append(link.effect_id)
        await forever(link)

    async with world.runtime(effects=[CarefulEcho(run)]) as actors:
        await begun(actors, Fetch(text="x", careful=True))
    async with world.runtime(effects=[CarefulEcho(run)]) as actors:
        await settled()
        assert (await notes(world), await world.journal.effects()) == (["interrupted sample.careful_echo"], [])
        assert (len(runs), actors.metrics.effects_interrupted) == (1, 1)
    async with world.runtime(effects=[CarefulEcho(run)]):
        await settled()
        assert await notes(world) == ["interrupted sample.careful_echo"]


async def test_an_effect_this_program_no_longer_has_is_reported_as_interrupted(world: World) -> None:
    async with world.runtime(effects=[Echo(forever)]) as actors:
        await begun(actors, Fetch(text="x"))
    async with world.runtime(effects=[]):
        await settled()
        assert (await notes(world), await world.journal.effects()) == (["interrupted sample.echo"], [])


async def test_an_effect_whose_request_nobody_knows_stays_in_the_ledger_and_stops_no_start(world: World) -> None:
    async with world.runtime(effects=[Echo()]) as actors:
        await actors.ask(ANN, Add(by=1))
        unknown = EffectRecord(request=Packed(name="tests.sample.FromTheFuture"), principal={"scope": ALPHA})
        started = EffectStarted("e1", "sample.echo", unknown.SerializeToString())
        await world.journal.commit([TurnRecord(ANN.text, ANN.shard, 0, effects_started=[started])])
    async with world.runtime(effects=[Echo()]) as actors:
        assert (actors.health.is_ready, [effect.id for effect in await world.journal.effects()]) == (True, ["e1"])


async def test_an_effect_is_given_what_was_attached_and_the_attachment_is_recorded_nowhere(world: World) -> None:
    attachments: list[object] = []

    class Attaching(Tally):
        @command
        def fetch(self, cmd: Fetch) -> None:
            self.start(EchoRequest(text=cmd.text), attachment={"large": "marker-4711"})

    async def attached(link: Link) -> None:
        attachments.append(link.attachment)
        if len(attachments) == 1:
            await forever(link)

    async with world.runtime(Attaching, effects=[Echo(attached)]) as actors:
        await begun(actors, Fetch(text="x"))
        [effect] = await world.journal.effects()
        assert b"marker-4711" not in effect.body
    async with world.runtime(Attaching, effects=[Echo(attached)]):
        await settled()
    assert attachments == [{"large": "marker-4711"}, None]


async def test_signals_of_an_effect_arrive_in_order_and_before_its_result(world: World) -> None:
    async def tell(link: Link) -> None:
        for text in ("one", "two", "three"):
            link.signal(Heard(text=text, remember=True))

    async with world.runtime(effects=[Echo(tell)]) as actors:
        await begun(actors, Fetch(text="x"))
        assert await notes(world) == ["one", "two", "three", "echoed x"]


async def test_signals_of_an_effect_reach_readers_while_it_runs(world: World) -> None:
    seen: list[Any] = []

    async def tell(link: Link) -> None:
        for text in ("one", "two"):
            link.signal(Heard(text=text))
            await elapse(1)
        await forever(link)

    async with world.runtime(effects=[Echo(tell)]) as actors:
        reading = asyncio.ensure_future(noted(actors.sessions.read(ANN), seen))
        await begun(actors, Fetch(text="x"))
        assert texts(seen) == ["one"]
        await elapse(1)
        assert texts(seen) == ["one", "two"]
        reading.cancel()


# Cancelling


async def test_cancelling_ends_the_task_and_the_ledger_at_once(world: World) -> None:
    ended: list[str] = []

    async def run(link: Link) -> None:
        try:
            await forever(link)
        finally:
            ended.append(link.effect_id)

    async with world.runtime(effects=[Echo(run)]) as actors:
        await begun(actors, Fetch(text="x"))
        await actors.ask(ANN, CancelFetches())
        await settled()
        assert (len(ended), await world.journal.effects(), await notes(world)) == (1, [], [])
        assert actors.metrics.effects_cancelled == 1
    async with world.runtime(effects=[Echo(run)]):
        await settled()
        assert (len(ended), await notes(world)) == (1, [])


async def test_a_result_that_comes_after_its_effect_was_cancelled_is_dropped_and_counted(memory: World) -> None:
    loads, finish = HeldJournal("load"), asyncio.Event()

    async def run(link: Link) -> None:
        await finish.wait()

    async with memory.runtime(over=loads.over, effects=[Echo(run)], limits=Limits(idle=10)) as actors:
        await begun(actors, Fetch(text="x"))
        await elapse(100)  # the actor is dropped meanwhile, and both messages wait for it to be loaded
        loads.hold()
        await actors.dispatch(ANN, CancelFetches())
        finish.set()
        await settled()
        loads.release()
        await settled()
        assert (await notes(memory), await memory.journal.effects()) == ([], [])
        assert actors.metrics.results_dropped == 1


async def test_an_effect_that_waits_for_its_place_is_cancelled_before_it_starts(world: World) -> None:
    class OneAtATime(Echo):
        concurrency = 1

    runs: list[str] = []

    async def run(link: Link) -> None:
        runs.append(link.effect_id)
        await forever(link)

    async with world.runtime(effects=[OneAtATime(run)]) as actors:
        await begun(actors, Fetch(text="x"))
        await begun(actors, Fetch(text="y"))
        await actors.ask(ANN, CancelFetches())
        await settled()
        assert (len(runs), await world.journal.effects()) == (1, [])


async def test_an_effect_cancelled_in_the_turn_that_started_it_never_runs(world: World) -> None:
    runs: list[str] = []

    async def run(link: Link) -> None:
        runs.append(link.effect_id)

    async with world.runtime(effects=[Echo(run)]) as actors:
        await begun(actors, Fetch(text="x", regret=True))
        assert (runs, await world.journal.effects(), await notes(world)) == ([], [], [])


async def test_to_cancel_an_effect_that_has_ended_is_harmless(world: World) -> None:
    async with world.runtime() as actors:
        await begun(actors, Fetch(text="x"))
        await actors.ask(ANN, CancelFetches())
        assert (await notes(world), actors.metrics.effects_cancelled) == (["echoed x"], 0)


async def test_a_retired_actor_has_no_effects_left(world: World) -> None:
    async with world.runtime(effects=[Echo(forever)]) as actors:
        await begun(actors, Fetch(text="x"))
        await actors.ask(ANN, Retire())
        await settled()
        assert (await world.journal.effects(), actors.metrics.effects_cancelled) == ([], 1)


# What it is given


async def test_an_effect_may_be_made_from_the_runtime_it_serves(memory: World) -> None:
    class AsksBack(Effect[EchoRequest, Echoed]):
        name = "sample.asks_back"

        def __init__(self, actors: Runtime) -> None:
            self._actors = actors

        async def run(self, request: EchoRequest, link: Link) -> Echoed:
            total: Any = await self._actors.ask(BEN, HowMuch())
            return Echoed(text=str(total.total))

    async with memory.runtime(effects=[AsksBack]) as actors:
        await actors.ask(BEN, Add(by=7))
        await begun(actors, Fetch(text="x"))
        assert await notes(memory) == ["echoed 7"]


async def test_a_secret_is_given_once_to_the_effect_it_was_meant_for(memory: World) -> None:
    vault = MemoryVault(VirtualClock())
    binding = Binding(ALPHA, ANN, "main")
    handle = vault.mint(Secret("marker-4711"), binding)
    revealed: list[str] = []

    async def redeem(link: Link) -> None:
        revealed.append(link.secret(handle, binding).reveal())

    async with memory.runtime(effects=[Echo(redeem)], vault=vault) as actors:
        await begun(actors, Fetch(text="x"))
        await begun(actors, Fetch(text="y"))
        assert (revealed, await notes(memory)) == (
            ["marker-4711"],
            ["echoed x", "failed credential_unavailable after 1"],
        )


async def test_without_a_vault_no_secret_is_to_be_had(memory: World) -> None:
    async def redeem(link: Link) -> None:
        link.secret("handle", None)

    async with memory.runtime(effects=[Echo(redeem)]) as actors:
        await begun(actors, Fetch(text="x"))
        assert await notes(memory) == ["failed credential_unavailable after 1"]


def test_the_policy_of_an_effect_is_to_repeat_unless_it_says_otherwise() -> None:
    assert (Effect.policy, CarefulEcho.policy) == (Policy.REPEAT, Policy.ASK)


async def test_the_ledger_says_who_runs_an_effect(world: World) -> None:
    async with world.runtime(effects=[Echo(forever)]) as actors:
        await begun(actors, Fetch(text="x"))
    async with world.runtime(effects=[Echo(forever)]):
        await settled()
        [effect] = await world.journal.effects()
        assert (effect.actor, effect.type, len(effect.runner)) == (ANN.text, "sample.echo", 30)
