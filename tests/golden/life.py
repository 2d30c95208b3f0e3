"""The life that a golden journal records: a bit of everything the kernel stores, and work left open when it stops."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random

from aevatar.actors import Kind, Link, Runtime
from aevatar.identity import ActorId, ScopeId
from aevatar.journal.port import Journal
from aevatar.testing import VirtualClock, elapse, seeded
from tests.sample.kinds import TALLY, CarefulEcho, Echo, Tally
from tests.sample.sample_pb2 import Add, Break, Fetch, Forward, Release, Remind, Retire, Say, Wait
from tests.sample.world import HeldJournal

ALPHA = ScopeId("alpha")
ANN, BEN, CLEO = (ActorId(Tally.kind, ALPHA, key) for key in ("ann", "ben", "cleo"))
KIND = Kind(Tally, TALLY.projection, snapshot_every=5)
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3600.0


def served(journal: Journal, echo: Echo, *, careful: CarefulEcho, beginning: datetime = BEGINNING) -> Runtime:
    """A runtime over a golden journal, or one to be."""
    chance = seeded(1)
    return Runtime(
        kinds=[KIND],
        journal=journal,
        effects=[echo, careful],
        clock=VirtualClock(beginning),
        identifiers=chance.identifiers(),
        random=Random(1),
    )


async def live(journal: Journal) -> None:
    """Records a life, and dies in the middle of it."""
    held = HeldJournal()
    async with served(held.over(journal), Echo(never), careful=CarefulEcho(never)) as runtime:
        for number in range(1, 8):
            await runtime.ask(ANN, Add(by=number, note=f"n{number}"), command_id=f"add-{number}")
        await runtime.ask(BEN, Add(by=1), command_id="ben")
        await runtime.ask(ANN, Forward(to=BEN.text, by=4, answer=True), command_id="forward")
        for number, text in enumerate(("gol", "den ", "words"), start=1):
            await runtime.ask(
                ANN, Say(item="i", text=text, session="talk", last=number == 3), command_id=f"say-{number}"
            )
        await runtime.ask(CLEO, Add(by=9), command_id="cleo")
        await runtime.ask(CLEO, Retire(), command_id="retire")
        await runtime.dispatch(BEN, Break(), command_id="broken")
        async with asyncio.TaskGroup() as callers:
            callers.create_task(runtime.ask(BEN, Wait(within=HOUR), command_id="waited-for"))
            callers.create_task(runtime.ask(BEN, Release(by=1), command_id="release"))
        await elapse(2 * HOUR)  # the session is folded, the broken command is dead

        await runtime.ask(ANN, Remind(name="tea", delay=HOUR, by=100), command_id="remind")
        await runtime.ask(ANN, Fetch(text="again"), command_id="fetch")
        await runtime.ask(ANN, Fetch(text="carefully", careful=True), command_id="fetch-carefully")
        await runtime.dispatch(BEN, Wait(within=HOUR), command_id="left-waiting")
        await elapse(1)
        held.hold()
        await runtime.dispatch(BEN, Add(by=50, note="mail"), command_id="mail")


async def never(_: Link) -> None:
    await asyncio.Event().wait()
