"""The real runtime in a world of misfortune: faulty journal, deaths, zombies, thieves, news that come late or never.

One to three processes share the actors. What these are asked stands in `inhabitants.py`, and what holds in the end
in `verdict.py`. All of it follows from one seed: which fault strikes, who dies when, what clients ask for, and which of
several ready callbacks runs first. Time is virtual.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Coroutine, Iterable
from contextlib import suppress
from typing import Any, ClassVar, Final

from google.protobuf.message import Message

from aevatar.actors import Documents, Kind, Limits, Link, Projector, Runtime
from aevatar.errors import Unavailable
from aevatar.identity import ActorId
from aevatar.journal.memory_store import StoredActor
from aevatar.journal.records import Checkpoint, EffectState, Mail, Retirement
from aevatar.testing import (
    Crashed,
    Fault,
    FaultyJournal,
    MemoryJournal,
    MemoryStore,
    Mishap,
    VirtualClock,
    at_random,
    elapse,
    seeded,
)
from tests.sample.kinds import TALLY, CarefulEcho, Echo, Tally
from tests.sample.sample_pb2 import Add, Added, Say, TallyDocument
from tests.torture.inhabitants import ACTORS, ALPHA, CAST, Client, Given, Reader

KIND: Final = Kind(Tally, TALLY.projection, snapshot_every=5)
TOTALS: Final = "sample.totals"
LONGEST_LIFE: Final = 20.0
"""Seconds."""

FAULTS: Final = {Fault.CONFLICT: 0.06, Fault.LOST_ANSWER: 0.06, Fault.IO_ERROR: 0.06}
DEATHS: Final = {Fault.CRASH_BEFORE: 0.01, Fault.CRASH_AFTER: 0.01}
HARSHEST: Final = 3.0
"""By how much these rates are multiplied in the worst of worlds."""


class Simulation:
    """One seed's world."""

    def __init__(self, seed: int) -> None:
        self._chance = seeded(seed)
        self._identifiers = self._chance.identifiers()
        self.dice = self._chance.random("world")
        self._clients = self.dice.randint(2, 8)
        self._lives = self.dice.randint(1, 10)
        self._seats = self.dice.choice((1, 1, 2, 3))
        """Each with one process after the other."""
        self.seat_of = {actor.shard: self.dice.randrange(self._seats) for actor in CAST}
        harshness = self.dice.uniform(0.3, HARSHEST)
        self.faults = {fault: rate * harshness for fault, rate in FAULTS.items()}
        self.deaths = {fault: rate * harshness for fault, rate in DEATHS.items()}
        self.pace = self.dice.choice((1.0, 4.0, 12.0))
        self.delay = self.dice.choice((0.05, 0.3, 1.5))
        self.store = MemoryStore()
        self.given: list[Given] = []
        self.readers: list[Reader] = []
        self.counts = Counter[str]()
        self.is_calm = False
        self.lives: dict[int, Life] = {}
        """The process that was started last, by seat."""

    def run(self) -> None:
        """Plays it to the end. What is raised carries the seed."""
        self._chance.run(self._play)

    def runtime_for(self, actor: ActorId) -> Runtime:
        """Of the process that should own an actor; sometimes of another one."""
        seat = self.seat_of[actor.shard] if self.dice.random() < 0.95 else self.dice.randrange(self._seats)
        return self.lives[seat].runtime

    def shards_of(self, seat: int) -> list[int]:
        """What a fresh process takes: what is meant for it, and sometimes by mistake all there is."""
        is_thief = not self.is_calm and self.dice.random() < 0.2
        return [shard for shard, owner in self.seat_of.items() if is_thief or owner == seat]

    def deliver(self, shard: int, mail: Mail) -> None:
        """Tells the owner of a shard of mail: soon, when it has long been found, or never."""
        if self.is_calm or self.dice.random() < 0.8:
            asyncio.get_running_loop().call_later(self.dice.uniform(0, 40), self._told, shard, mail)

    def _told(self, shard: int, mail: Mail) -> None:
        life = self.lives[self.seat_of[shard]]
        if life.runtime.health.phase == "ready":
            life.runtime.deliver(mail)

    def assembled(self, journal: FaultyJournal, shards: Collection[int]) -> Runtime:
        """What a fresh process serves."""
        return Runtime(
            kinds=[KIND],
            journal=journal,
            shards=shards,
            neighbours=self,
            effects=[Echo(self._toil), CarefulEcho(self._toil)],
            projectors=[Totals()],
            limits=Limits(idle=0.0),
            clock=VirtualClock(),
            identifiers=self._identifiers,
            random=self._chance.random("jitter"),
        )

    async def _toil(self, link: Link) -> None:
        await elapse(self.dice.uniform(0, 8))
        if self.dice.random() < 0.15:
            raise OSError("the far side hung up")

    async def _play(self) -> None:
        self.readers = [Reader(self, actor, session) for actor in ACTORS for session in ("main", "talk")]
        async with asyncio.timeout(3600), asyncio.TaskGroup() as everybody:
            born = [asyncio.Event() for _ in range(self._seats)]
            processes = [everybody.create_task(self._live_and_die(seat, born[seat])) for seat in range(self._seats)]
            await together(is_born.wait() for is_born in born)
            reading = [everybody.create_task(reader.run()) for reader in self.readers]
            births = (Client(self, "birth").ask(actor, Add(by=1), f"birth of {actor.key}") for actor in CAST)
            await together(births)
            await together(Client(self, str(number)).run() for number in range(self._clients))
            self.is_calm = True
            for life in self.lives.values():
                life.end()
            await self._come_to_rest()
            ends = (
                Client(self, "end").ask(actor, Say(last=True, session="talk"), f"end of {actor.key}")
                for actor in ACTORS
            )
            await together(ends)
            await self._come_to_rest()
            for task in reading:
                task.cancel()
            await together(reader.finish() for reader in self.readers)
            for process in processes:
                process.cancel()

    async def _live_and_die(self, seat: int, is_born: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as processes:
            for number in range(1_000_000):
                life = Life(self, self.shards_of(seat), may_die=number < self._lives)
                process = processes.create_task(life.run())
                if await life.started:
                    self.lives[seat] = life
                    is_born.set()
                    await life.until_its_end()
                    if self.dice.random() < 0.3:  # its successor starts while it still believes that it is the owner
                        self.counts["zombies"] += 1
                        asyncio.get_running_loop().call_later(self.dice.uniform(1, 10), life.end)
                        continue
                life.end()
                await process

    async def _come_to_rest(self) -> None:
        contents = self.store.contents
        while (
            contents.mail
            or any(actor.timers or is_awaited(actor) for actor in contents.actors.values())
            or any(effect.state is EffectState.STARTED for effect in contents.effects.values())
            or any(actor.retirement is Retirement.ERASE for actor in contents.actors.values())
            or contents.checkpoints.get(Totals.name, Checkpoint(0)).position < len(contents.turns)
        ):
            await elapse(0.5)


class Totals(Projector):
    """Joins the additions of those that live on into one document."""

    name = "sample.totals"
    documents: ClassVar = {TOTALS: TallyDocument}

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        if isinstance(event, Added) and actor_id in ACTORS:
            known = await documents.get(TOTALS, ALPHA, "all") or TallyDocument()
            shown = TallyDocument(total=known.total + event.by, additions=known.additions + 1)
            documents.put(TOTALS, ALPHA, "all", shown)


class Life:
    """One process: a runtime, the journal that will fail it, and the hour of its death."""

    def __init__(self, world: Simulation, shards: Collection[int], *, may_die: bool) -> None:
        self._world = world
        self._may_die = may_die
        self._fate = at_random(world.dice, world.faults | (world.deaths if may_die else {}), delay=world.delay)
        self._struck = asyncio.Event()
        self.started: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.runtime = world.assembled(FaultyJournal(MemoryJournal(world.store, exclusive=False), self._plan), shards)

    def _plan(self, write: int) -> Mishap:
        if self._world.is_calm:
            return Mishap()
        mishap = self._fate(write)
        self._world.counts[mishap.fault.value if mishap.fault else "calls without a fault"] += 1
        if write and mishap.fault in DEATHS:
            self.end()
        return mishap

    def end(self) -> None:
        self._struck.set()

    async def until_its_end(self) -> None:
        """Waits until the process is struck, or fenced, or its time has come."""
        time = self._world.dice.uniform(1, LONGEST_LIFE) if self._may_die else None
        with suppress(TimeoutError):
            async with asyncio.timeout(time):
                while not self._struck.is_set() and "fenced" not in self.runtime.health.troubles:
                    await elapse(0.5)

    async def run(self) -> None:
        with suppress(Crashed, Unavailable):
            async with self.runtime:
                self._world.counts["lives"] += 1
                self.started.set_result(True)
                await self._struck.wait()
                trouble = self.runtime.health.troubles.get("task", "Crashed")
                assert trouble.startswith("Crashed"), trouble  # nothing but death makes a task of the runtime fail
        if not self.started.done():
            self.started.set_result(False)


def is_awaited(actor: StoredActor) -> bool:
    """Whether it still owes somebody an outcome."""
    return bool(actor.open_commands) and not actor.retirement


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Waits for all of them."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)
