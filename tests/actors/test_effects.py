"""Effects: recorded before they start, ended in the turn that hears of it, found again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from aevatar.actors import Effect, EffectError, EffectFailed, Limits, Link, Policy, Retries, Runtime, command
from aevatar.credentials import Binding, MemoryVault, Secret
from aevatar.errors import Internal, Rejected, Unavailable
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
    Noted,
    Retire,
    Total,
)
from tests.sample.world import ALPHA, ANN, BEN, HeldJournal, World, noted, settled, texts


async def notes(world: World) -> list[str]:
    """What ANN wrote down."""
    return [event.text for event in await world.events(ANN) if isinstance(event, Noted)]


async def forever(link: Link) -> None:
    await asyncio.Event().wait()


async def begun(actors: Runtime, command: Fetch) -> None:
    """Has ANN start an effect."""
    await actors.ask(ANN, Add(by=0))
    await actors.ask(ANN, command)
    await settled()


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


# Failing


def failing(*errors: Exception | None, times: list[float] | None = None) -> Callable[[Link], Awaitable[None]]:
    """Raises one error after the other, then nothing, and notes when it was tried."""
    left = list(errors)

    async def run(link: Link) -> None:
        if times is not None:
            times.append(round(asyncio.get_running_loop().time(), 3))
        error = left.pop(0) if left else None
        if error is not None:
            raise error

    return run


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (EffectError("quota_exceeded", "no more today"), "failed quota_exceeded after 1"),
        (Rejected("bad_input"), "failed bad_input after 1"),
        (Unavailable("credential_unavailable"), "failed credential_unavailable after 1"),
        (ZeroDivisionError("secret"), "failed effect_failed after 1"),
        (EffectError("busy", retryable=True), "failed busy after 3"),
        (Unavailable("overloaded"), "failed overloaded after 3"),
        (ConnectionResetError("secret"), "failed unavailable after 3"),
        (TimeoutError(), "failed unavailable after 3"),
    ],
)
async def test_an_effect_that_fails_ends_in_a_code_after_as_many_tries_as_make_sense(
    memory: World, error: Exception, note: str
) -> None:
    async with memory.runtime(effects=[Echo(failing(error, error, error))]) as actors:
        await begun(actors, Fetch(text="x"))
        await elapse(10)
        assert (await notes(memory), actors.metrics.effects_failed) == ([note], 1)


async def test_the_text_of_an_unexpected_error_reaches_nobody(memory: World) -> None:
    failures: list[EffectFailed] = []

    class Curious(Tally):
        @command
        def failed(self, cmd: EffectFailed) -> None:
            failures.append(cmd)

    async with memory.runtime(Curious, effects=[Echo(failing(ZeroDivisionError("marker-4711")))]) as actors:
        await begun(actors, Fetch(text="x"))
    [failure] = failures
    assert (failure.effect, failure.code, failure.message, failure.retryable, failure.attempts) == (
        "sample.echo",
        "effect_failed",
        "ZeroDivisionError",
        False,
        1,
    )


async def test_an_effect_that_recovers_within_its_tries_succeeds(world: World) -> None:
    busy = EffectError("busy", retryable=True)
    async with world.runtime(effects=[Echo(failing(busy, busy))]) as actors:
        await begun(actors, Fetch(text="x"))
        await elapse(10)
        assert await notes(world) == ["echoed x"]


async def test_pauses_between_tries_double_with_jitter_up_to_a_limit(memory: World) -> None:
    class Persistent(Echo):
        retries = Retries(attempts=6, first_pause=1.0, longest_pause=4.0)

    times: list[float] = []
    errors = [EffectError("busy", retryable=True)] * 6
    async with memory.runtime(effects=[Persistent(failing(*errors, times=times))]) as actors:
        await begun(actors, Fetch(text="x"))
        await elapse(100)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    limits = [1.0, 2.0, 4.0, 4.0, 4.0]
    assert [limit / 2 <= pause <= limit for pause, limit in zip(pauses, limits, strict=True)] == [True] * 5
    assert len(set(pauses)) == 5


async def test_the_far_side_may_say_when_to_come_back(memory: World) -> None:
    times: list[float] = []
    busy = EffectError("busy", retryable=True, retry_after=77)
    async with memory.runtime(effects=[Echo(failing(busy, times=times))]) as actors:
        await begun(actors, Fetch(text="x"))
        await elapse(100)
        assert (times[1] - times[0], await notes(memory)) == (77, ["echoed x"])


async def test_an_effect_that_takes_longer_than_its_deadline_fails_with_all_its_tries(memory: World) -> None:
    class Hasty(Echo):
        deadline = 5.0

    async def slow(link: Link) -> None:
        await elapse(3)
        raise EffectError("busy", retryable=True, retry_after=0)

    async with memory.runtime(effects=[Hasty(slow)]) as actors:
        await begun(actors, Fetch(text="x"))
        await elapse(4.9)
        assert await notes(memory) == []
        await elapse(0.2)
        assert await notes(memory) == ["failed timeout after 2"]


async def test_no_more_effects_of_a_type_run_at_once_than_it_allows(memory: World) -> None:
    class Two(Echo):
        concurrency = 2

    running, most = 0, 0

    async def run(link: Link) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await elapse(1)
        running -= 1

    async with memory.runtime(effects=[Two(run)]) as actors:
        for number in range(5):
            await begun(actors, Fetch(text=str(number)))
        await elapse(1.5)
        assert await notes(memory) == ["echoed 0", "echoed 1"]
        await elapse(2)
        assert (await notes(memory), most) == ([f"echoed {number}" for number in range(5)], 2)


async def test_the_time_an_effect_waits_for_its_place_does_not_count_against_its_deadline(memory: World) -> None:
    class OneAtATime(Echo):
        concurrency = 1
        deadline = 5.0

    async def run(link: Link) -> None:
        await elapse(4)

    async with memory.runtime(effects=[OneAtATime(run)]) as actors:
        await begun(actors, Fetch(text="x"))
        await begun(actors, Fetch(text="y"))
        await elapse(10)
        assert await notes(memory) == ["echoed x", "echoed y"]


class Large(Effect[EchoRequest, Echoed]):
    name = "sample.large"

    async def run(self, request: EchoRequest, link: Link) -> Echoed:
        return Echoed(text="x" * 2**21)


class Careless(Effect[EchoRequest, Echoed]):
    name = "sample.careless"

    async def run(self, request: EchoRequest, link: Link) -> Echoed:
        return None  # type: ignore[return-value]


@pytest.mark.parametrize(("effect", "code"), [(Large(), "payload_too_large"), (Careless(), "effect_failed")])
async def test_a_result_that_cannot_be_delivered_is_a_failure_of_the_effect_alone(
    memory: World, effect: Any, code: str
) -> None:
    async with memory.runtime(effects=[effect]) as actors:
        await begun(actors, Fetch(text="x"))
        assert (await notes(memory), await memory.journal.effects()) == ([f"failed {code} after 1"], [])
        assert actors.health.is_ready


async def test_a_result_that_its_actor_refuses_ends_the_effect(world: World) -> None:
    class Choosy(Tally):
        @command
        def echoed(self, cmd: Echoed) -> None:
            raise Rejected("not_wanted")

    async with world.runtime(Choosy) as actors:
        await begun(actors, Fetch(text="x"))
        assert (await notes(world), await world.journal.effects()) == ([], [])


async def test_an_effect_nobody_registered_is_a_bug_of_the_turn(memory: World) -> None:
    async with memory.runtime(effects=[]) as actors:
        await actors.ask(ANN, Add(by=1))
        with pytest.raises(Internal):
            await actors.ask(ANN, Fetch(text="x"))
        assert await actors.ask(ANN, HowMuch()) == Total(total=1)


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
    assert (Large.policy, CarefulEcho.policy) == (Policy.REPEAT, Policy.ASK)


async def test_the_ledger_says_who_runs_an_effect(world: World) -> None:
    async with world.runtime(effects=[Echo(forever)]) as actors:
        await begun(actors, Fetch(text="x"))
    async with world.runtime(effects=[Echo(forever)]):
        await settled()
        [effect] = await world.journal.effects()
        assert (effect.actor, effect.type, len(effect.runner)) == (ANN.text, "sample.echo", 30)
