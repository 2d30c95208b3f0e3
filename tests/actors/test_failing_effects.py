"""Effects that fail: as many tries as make sense, with pauses, within a deadline, and one code in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from aevatar.actors import Effect, EffectError, EffectFailed, Link, Retries, command
from aevatar.errors import Internal, Rejected, Unavailable
from aevatar.identity import ActorId, ScopeId
from aevatar.testing import elapse
from tests.sample.kinds import Echo, Tally
from tests.sample.sample_pb2 import (
    Add,
    Echoed,
    EchoRequest,
    Fetch,
    HowMuch,
    Total,
)
from tests.sample.world import ANN, World, begun, notes, settled


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


async def test_a_scope_takes_no_more_places_than_are_meant_for_it(memory: World) -> None:
    class Shared(Echo):
        concurrency = 3
        concurrency_per_scope = 2
        waiting_per_scope = 1

    finish, bea = asyncio.Event(), ActorId(ANN.kind, ScopeId("beta"), "bea")

    async def run(link: Link) -> None:
        await finish.wait()

    async with memory.runtime(effects=[Shared(run)]) as actors:
        for number in range(4):
            await begun(actors, Fetch(text=str(number)))
        assert (actors.gauges().effects_running, actors.gauges().effects_waiting) == (4, 2)
        with pytest.raises(Unavailable) as refused:
            actors.require_place(Shared.name, ANN.scope)
        assert (refused.value.code, refused.value.retry_after) == ("overloaded", 5.0)
        actors.require_place(Shared.name, bea.scope)
        await actors.ask(bea, Add(by=0))
        await actors.ask(bea, Fetch(text="x"))
        await settled()
        assert actors.gauges().effects_waiting == 2
        finish.set()
        await settled()
        assert await notes(memory) == [f"echoed {number}" for number in range(4)]
        assert actors.gauges().effects_running == 0


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
