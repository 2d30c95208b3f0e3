"""What is recorded, what the caller hears and what becomes of the message, whatever goes wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
import structlog

from aevatar.actors import applies, command
from aevatar.errors import Internal, Rejected, Unavailable
from aevatar.testing import elapse
from tests.sample.kinds import Tally, letter, packed
from tests.sample.sample_pb2 import (
    Add,
    Added,
    AddedInTens,
    Break,
    Echoed,
    Fetch,
    Heard,
    HowMuch,
    Noted,
    Plan,
    Relay,
    Take,
    TallyState,
    Total,
)
from tests.sample.world import ANN, BEN, World, settled


async def unavailable(asked: Any) -> Unavailable:
    with pytest.raises(Unavailable) as refused:
        await asked
    return refused.value


# Refusals


async def test_a_refusal_is_told_with_its_code_and_field_and_records_nothing(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        with pytest.raises(Rejected) as refused:
            await actors.ask(ANN, Take(by=3), command_id="c1")
        told = (refused.value.code, refused.value.message, refused.value.field)
        assert told == ("too_little", "there are only 2", "by")
        assert (await actors.outcome(ANN, "c1"), len(await world.turns(ANN))) == (None, 1)


async def test_a_refused_command_may_be_given_again_and_succeed(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        with pytest.raises(Rejected):
            await actors.ask(ANN, Take(by=3), command_id="c1")
        await actors.ask(ANN, Add(by=2))
        assert await actors.ask(ANN, Take(by=3), command_id="c1") == Total(total=1)


async def test_a_handler_that_refuses_after_it_has_emitted_leaves_the_actor_as_it_was(memory: World) -> None:
    class TwoMinds(Tally):
        @command
        def take(self, cmd: Take) -> Total:
            self.emit(Added(by=-cmd.by))
            raise Rejected("changed_my_mind")

    async with memory.runtime(TwoMinds) as actors:
        await actors.ask(ANN, Add(by=2))
        with pytest.raises(Rejected):
            await actors.ask(ANN, Take(by=1))
        assert await actors.ask(ANN, HowMuch()) == Total(total=2)


async def test_a_handler_that_refuses_after_it_has_asked_for_anything_gets_nothing_of_it(memory: World) -> None:
    class TwoMinds(Tally):
        @command
        def take(self, cmd: Take) -> Total:
            self.retire()
            self.schedule("too large", 1, Add(by=1, note="x" * 2**21))
            return Total()

    async with memory.runtime(TwoMinds) as actors:
        await actors.ask(ANN, Add(by=2))
        with pytest.raises(Rejected) as refused:
            await actors.ask(ANN, Take(by=1))
        assert refused.value.code == "payload_too_large"
        assert await actors.ask(ANN, HowMuch()) == Total(total=2)


async def test_a_refused_dispatch_is_done(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.dispatch(ANN, Take(by=3), command_id="c1")
        await settled()
        assert (await world.journal.mail(), await world.journal.dead_letters()) == ([], [])
        assert await actors.outcome(ANN, "c1") is None


# Bugs


async def test_a_bug_in_a_handler_is_told_as_internal_and_records_nothing(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        with pytest.raises(Internal) as failed:
            await actors.ask(ANN, Break(after_emit=True), command_id="c1")
        assert (failed.value.code, failed.value.request_id) == ("internal", "c1")
        assert await actors.ask(ANN, HowMuch()) == Total(total=2)
        assert (await actors.outcome(ANN, "c1"), len(await world.turns(ANN))) == (None, 1)


async def test_the_log_names_the_request_of_a_bug_and_never_the_payload(memory: World) -> None:
    class Leaky(Tally):
        @command
        def take(self, cmd: Take) -> Total:
            raise ZeroDivisionError

    async with memory.runtime(Leaky) as actors:
        await actors.ask(ANN, Add(by=1))
        with structlog.testing.capture_logs() as lines, pytest.raises(Internal):
            await actors.ask(ANN, Take(by=4711), command_id="c1")
        [line] = lines
        assert (line["event"], line["actor"], line["message"], line["request_id"], line["error"]) == (
            "handler_failed",
            ANN.text,
            "tests.sample.Take",
            "c1",
            "ZeroDivisionError",
        )
        assert "4711" not in str(lines)


class Flaky(Tally):
    """Fails as often as it is told, then recovers."""

    failures = 0

    @command
    def break_down(self, cmd: Break) -> None:
        type(self).failures -= 1
        if self.failures >= 0:
            raise ZeroDivisionError
        self.emit(Noted(text=f"recovered after {self.turn.now.microsecond // 1000} ms"))


async def test_a_dispatched_command_is_tried_again_three_times_with_growing_pauses(world: World) -> None:
    Flaky.failures = 3
    async with world.runtime(Flaky) as actors:
        await actors.ask(ANN, Add(by=1))
        began = anyio.current_time()
        await actors.dispatch(ANN, Break())
        await elapse(1.3)
        assert len(await world.turns(ANN)) == 1
        await elapse(0.2)
        assert (len(await world.turns(ANN)), actors.metrics.failures) == (2, 3)
        assert (await world.journal.mail(), await world.journal.dead_letters()) == ([], [])
        assert anyio.current_time() - began == pytest.approx(1.5)


@pytest.mark.parametrize("way", ["dispatch", "send", "timer"])
async def test_a_message_that_fails_four_times_becomes_a_dead_letter(world: World, way: str) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        if way == "dispatch":
            await actors.dispatch(ANN, Break(), command_id="c1")
        elif way == "send":
            await actors.ask(BEN, Add(by=1))
            await actors.ask(BEN, Relay(letters=[letter(ANN, Break(), command_id="c1")]))
        else:
            await actors.ask(ANN, Plan(name="break", delay=0.01, command=packed(Break())))
        await elapse(2)
        [dead] = await world.journal.dead_letters()
        message_id = "timer:2:break" if way == "timer" else "c1"
        assert (dead.id, dead.actor, dead.reason) == (f"{ANN}/{message_id}", ANN.text, "ZeroDivisionError")
        assert (await world.journal.mail(), await world.journal.due(10**15)) == ([], [])
        assert (actors.metrics.failures, actors.metrics.dead_letters) == (4, 1)


async def test_a_message_that_fails_does_not_keep_later_ones_waiting(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Break())
        await actors.dispatch(ANN, Add(by=2))
        await settled()
        assert await actors.ask(ANN, HowMuch()) == Total(total=3)


async def test_a_message_that_fails_is_tried_again_after_a_restart(world: World) -> None:
    Flaky.failures = 2
    async with world.runtime(Flaky) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Break())
        await settled()
    async with world.runtime(Flaky) as actors:
        await elapse(1)
        assert (len(await world.turns(ANN)), await world.journal.mail()) == (2, [])


async def test_a_retry_that_comes_after_the_stop_does_nothing(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Break())
        await settled()
    before = len(asyncio.all_tasks())
    await elapse(10)
    assert len(asyncio.all_tasks()) == before


async def test_one_dead_letter_does_not_displace_that_of_another_actor(world: World) -> None:
    async with world.runtime() as actors:
        for actor in (ANN, BEN):
            await actors.ask(actor, Add(by=1))
            await actors.dispatch(actor, Break(), command_id="c1")
        await elapse(2)
        letters = {letter.id for letter in await world.journal.dead_letters()}
        assert letters == {f"{ANN}/c1", f"{BEN}/c1"}


async def test_a_bug_while_an_effect_is_answered_ends_the_effect(world: World) -> None:
    class Deaf(Tally):
        @command
        def echoed(self, cmd: Echoed) -> None:
            raise ZeroDivisionError

    async with world.runtime(Deaf) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Fetch(text="x"))
        await elapse(2)
        [dead] = await world.journal.dead_letters()
        assert (dead.actor, dead.reason, await world.journal.effects()) == (ANN.text, "ZeroDivisionError", [])


async def test_an_event_that_nothing_applies_is_a_bug_of_the_handler(memory: World) -> None:
    class Careless(Tally):
        @command
        def take(self, cmd: Take) -> Total:
            self.emit(AddedInTens(tens=1))
            return Total()

    async with memory.runtime(Careless) as actors:
        await actors.ask(ANN, Add(by=1))
        with pytest.raises(Internal):
            await actors.ask(ANN, Take(by=1))
        assert len(await memory.turns(ANN)) == 1


# Actors that cannot be restored


class Forgetful(Tally):
    """A release with a bug in an applier."""

    @applies
    @staticmethod
    def added(state: TallyState, event: Added) -> None:
        raise ZeroDivisionError("forgot how")


async def test_an_actor_that_cannot_be_replayed_is_quarantined_and_listed(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Add(by=0))
    async with world.runtime(Forgetful) as actors:
        refused = [await unavailable(actors.ask(ANN, HowMuch())) for _ in range(2)]
        assert [refusal.code for refusal in refused] == ["actor_unavailable"] * 2
        assert actors.health.quarantined == {ANN.text: "ZeroDivisionError: forgot how"}
        assert (await actors.ask(BEN, HowMuch()), actors.health.is_ready) == (Total(total=0), True)
        assert actors.metrics.quarantines == 1


async def test_what_is_sent_to_a_quarantined_actor_is_parked_until_it_is_repaired(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
    async with world.runtime(Forgetful) as actors:
        await actors.dispatch(ANN, Add(by=2), command_id="c1")
        await settled()
        await actors.dispatch(ANN, Add(by=4), command_id="c2")
        await elapse(60)
        assert [mail.id for mail in await world.journal.mail()] == ["c1", "c2"]
    async with world.runtime() as actors:
        await settled()
        assert (await actors.ask(ANN, HowMuch()), await world.journal.mail()) == (Total(total=7), [])


async def test_a_signal_to_a_quarantined_actor_is_dropped_and_counted(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
    async with world.runtime(Forgetful) as actors:
        await unavailable(actors.ask(ANN, HowMuch()))
        actors.signal(ANN, Heard(text="x"))
        assert actors.metrics.signals_dropped == 1
