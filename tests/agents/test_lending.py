"""How long a caller's credential is lent: to the last run that may use it, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aevatar.agents import Lending
from aevatar.agents.runs_pb2 import DecideApproval, RunContext
from aevatar.credentials import Binding, Secret
from aevatar.identity import ActorId
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, hangs, says
from tests.agents.kit import ALICE, ALPHA, BOB, World, call, invoking, ticks

ROOT = ActorId("agents.run", ALPHA, "run_1")
BINDING = Binding(ALPHA, ROOT, "run")


@asynccontextmanager
async def lending(world: World) -> AsyncIterator[Lending]:
    """What lends credentials in this process, at work."""
    lends = Lending(world.now, world.vault)
    watching = asyncio.create_task(lends.watch())
    await ticks()
    try:
        yield lends
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def lent(lends: Lending) -> RunContext:
    handle = lends.lend(Secret("token"), ROOT, seconds=600)
    return RunContext(credential_handle_id=handle, credential_owner=ROOT.text)


async def test_a_credential_goes_with_the_run_it_was_lent_to() -> None:
    world = World(calls(call("a", "reveal")), says("Done."))
    async with world.opened(), lending(world) as lends:
        run = await world.begin(context=lent(lends))
        assert world.vault.holds(BINDING)
        assert (await world.story(run))[-1] == "ended: completed"
        await ticks()
        assert not world.vault.holds(BINDING)


async def test_a_credential_stays_while_a_run_waits_for_a_person() -> None:
    world = World(calls(call("rent", "pay")), says("Done."))
    async with world.opened(), lending(world) as lends:
        run = await world.begin(context=lent(lends))
        await world.approval(run)
        await ticks()
        assert world.vault.holds(BINDING)
        await world.runs.cancel(ALICE, run.key)
        await ticks()
        assert not world.vault.holds(BINDING)


async def test_a_run_below_that_has_ended_takes_no_credential_away_from_those_above() -> None:
    world = World(calls(invoking("helper")), says("Helped."), hangs("Thinking"))
    async with world.opened(), lending(world) as lends:
        await world.agent("helper")
        run = await world.begin(context=lent(lends), tools="everything")
        await world.until(run, "open message: Thinking")
        assert world.vault.holds(BINDING)


async def test_a_run_that_lives_on_by_itself_keeps_the_credential_to_its_own_end() -> None:
    world = World(calls(invoking("helper", wait="ack")), says("Started."), calls(call("2", "hang_on")), says("Helped."))
    async with world.opened(), lending(world) as lends:
        await world.agent("helper")
        run = await world.begin(context=lent(lends), tools="everything")
        assert (await world.story(run))[-1] == "ended: completed"
        await ticks()
        (helper,) = (await world.runs.list(ALICE, where={"parent": run.text})).items
        assert world.vault.holds(BINDING)
        await world.runs.cancel(ALICE, helper.key)
        await ticks()
        assert not world.vault.holds(BINDING)


async def test_a_decision_lends_the_credential_of_its_caller_to_the_callers_own_run() -> None:
    world = World(calls(call("rent", "pay")), calls(call("a", "reveal")), says("Done."))
    async with world.opened(), lending(world) as lends:
        run = await world.begin()
        runs = type(world.runs)(world.now, lends)
        decision = DecideApproval(approval_id=(await world.approval(run)).id, decision="approve")
        for _ in range(2):  # a retry lends another handle, and is the same decision
            await runs.decide(ALICE, run.key, decision, command_id="decided", secret=Secret("token"))
        story = await world.story(run)
        assert 'result of reveal: {"text":"5 characters"}' in story
        await ticks()
        assert not world.vault.holds(BINDING)


async def test_nobody_lends_a_credential_to_the_run_of_somebody_else() -> None:
    world = World(calls(call("rent", "pay")), calls(call("a", "reveal")), says("Done."))
    async with world.opened(), lending(world) as lends:
        run = await world.begin()
        runs = type(world.runs)(world.now, lends)
        decision = DecideApproval(approval_id=(await world.approval(run)).id, decision="approve")
        await runs.decide(BOB, run.key, decision, secret=Secret("token"))
        assert "result of reveal: credential_unavailable" in await world.story(run)
        assert not world.vault.holds(BINDING)


async def test_what_is_never_told_of_an_end_expires() -> None:
    world = World(hangs("Thinking"))
    async with world.opened(), lending(world) as lends:
        await world.begin(context=lent(lends))
        await elapse(601)
        world.vault.sweep()
        assert not world.vault.holds(BINDING)
