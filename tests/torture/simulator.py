"""The real runtime in a world of misfortune: faulty journal, deaths, zombies, impatient clients, readers on the move.

All of it follows from one seed: which fault strikes, who dies when, what clients ask for, and which of several ready
callbacks runs first. Time is virtual. What has to hold in the end stands in `verdict.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from google.protobuf.message import Message

from aevatar.actors import Documents, Kind, Limits, Link, Projector, Runtime
from aevatar.errors import Internal, Rejected, Unavailable
from aevatar.identity import ActorId, ScopeId
from aevatar.journal.records import Checkpoint, EffectState
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
from tests.sample.sample_pb2 import (
    Add,
    Added,
    Break,
    CancelFetches,
    Cheer,
    Fetch,
    Forget,
    Forward,
    HowMuch,
    Release,
    Remind,
    Say,
    Take,
    TallyDocument,
    Wait,
)

ALPHA: Final = ScopeId("alpha")
ACTORS: Final = tuple(ActorId(Tally.kind, ALPHA, key) for key in ("ann", "ben", "cleo"))
KIND: Final = Kind(Tally, TALLY.projection, snapshot_every=5)
TOTALS: Final = "sample.totals"
STEPS: Final = 8
LONGEST_LIFE: Final = 20.0
"""Seconds."""

FAULTS: Final = {Fault.CONFLICT: 0.06, Fault.LOST_ANSWER: 0.06, Fault.IO_ERROR: 0.06}
DEATHS: Final = {Fault.CRASH_BEFORE: 0.01, Fault.CRASH_AFTER: 0.01}
HARSHEST: Final = 3.0
"""By how much these rates are multiplied in the worst of worlds."""
LOST: Final = (Crashed, Unavailable, TimeoutError)
"""What may happen to whoever calls a process that dies."""


@dataclass(frozen=True, slots=True)
class Given:
    """A command, and how it ended for the client that gave it: by an outcome, or by the code of a refusal."""

    target: ActorId
    command: Message
    command_id: str
    outcome: Message | None = None
    refusal: str = ""
    was_dispatched: bool = False


class Totals(Projector):
    """Joins all additions into one document."""

    name = "sample.totals"
    documents: ClassVar = {TOTALS: TallyDocument}

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        if isinstance(event, Added):
            known = await documents.get(TOTALS, ALPHA, "all") or TallyDocument()
            shown = TallyDocument(total=known.total + event.by, additions=known.additions + 1)
            documents.put(TOTALS, ALPHA, "all", shown)


class Simulation:
    """One seed's world."""

    def __init__(self, seed: int) -> None:
        self._chance = seeded(seed)
        self._identifiers = self._chance.identifiers()
        self.dice = self._chance.random("world")
        self._clients = self.dice.randint(2, 8)
        self._lives = self.dice.randint(1, 10)
        harshness = self.dice.uniform(0.3, HARSHEST)
        self.faults = {fault: rate * harshness for fault, rate in FAULTS.items()}
        self.deaths = {fault: rate * harshness for fault, rate in DEATHS.items()}
        self.store = MemoryStore()
        self.given: list[Given] = []
        self.readers: list[Reader] = []
        self.counts = Counter[str]()
        self.is_calm = False
        self.runtime: Runtime
        """Of the process that was started last."""

    def run(self) -> None:
        """Plays it to the end. What is raised carries the seed."""
        self._chance.run(self._play)

    def assembled(self, journal: FaultyJournal) -> Runtime:
        """What a fresh process serves."""
        return Runtime(
            kinds=[KIND],
            journal=journal,
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
            processes = everybody.create_task(self._live_and_die(is_born := asyncio.Event()))
            await is_born.wait()
            reading = [everybody.create_task(reader.run()) for reader in self.readers]
            await together(Client(self, "birth").ask(actor, Add(by=1), f"birth of {actor.key}") for actor in ACTORS)
            await together(Client(self, str(number)).run() for number in range(self._clients))
            self.is_calm = True
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
            processes.cancel()

    async def _live_and_die(self, is_born: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as processes:
            for number in range(1_000_000):
                life = Life(self, may_die=number < self._lives)
                process = processes.create_task(life.run())
                if await life.started:
                    self.runtime = life.runtime
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
            or any(actor.timers or actor.open_commands for actor in contents.actors.values())
            or any(effect.state is EffectState.STARTED for effect in contents.effects.values())
            or contents.checkpoints.get(Totals.name, Checkpoint(0)).position < len(contents.turns)
        ):
            await elapse(0.5)


class Life:
    """One process: a runtime, the journal that will fail it, and the hour of its death."""

    def __init__(self, world: Simulation, *, may_die: bool) -> None:
        self._world = world
        self._may_die = may_die
        self._fate = at_random(world.dice, world.faults | (world.deaths if may_die else {}), delay=0.05)
        self._struck = asyncio.Event()
        self.started: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.runtime = world.assembled(FaultyJournal(MemoryJournal(world.store, exclusive=False), self._plan))

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
        """Waits until the process is struck, or its time has come."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._world.dice.uniform(1, LONGEST_LIFE) if self._may_die else None):
                await self._struck.wait()

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


class Client:
    """Gives commands, and gives them again under the same id until it knows how they ended."""

    def __init__(self, world: Simulation, name: str) -> None:
        self._world = world
        self._name = name
        self._dice = world.dice

    async def run(self) -> None:
        for step in range(STEPS):
            await elapse(self._dice.uniform(0, 4))
            await self._act(f"{self._name}.{step}")

    async def _act(self, command_id: str) -> None:
        target, command = self._dice.choice(ACTORS), self._command(command_id)
        if isinstance(command, HowMuch):
            await self._answered(target, command, command_id)
        elif isinstance(command, Add | Break | Remind) and self._dice.random() < 0.4:
            await self._dispatch(target, command, command_id)
        else:
            await self.ask(target, command, command_id)

    def _command(self, text: str) -> Message:
        dice = self._dice
        by, delay, other, chance = dice.randint(1, 9), dice.uniform(0, 30), dice.choice(ACTORS).text, dice.random()
        return dice.choice(
            [
                Add(by=by, note=text),
                Add(by=by, note=text),
                Take(by=by * 2),
                Forward(to=other, by=by, answer=chance < 0.6, refused=chance < 0.3),
                Forward(to=other, by=by, answer=chance < 0.6),
                Remind(name=text, delay=delay, by=by),
                Remind(name="shared", delay=delay, by=by),
                Forget(name="shared"),
                CancelFetches(),
                Fetch(text=text, careful=chance < 0.5),
                Say(item="i", text=text, session="talk"),
                Wait(within=delay),
                Release(by=by),
                Break(after_emit=chance < 0.5),
                Cheer(to=other if chance < 0.5 else "", text=text, delay=delay / 10),
                HowMuch(),
            ]
        )

    async def ask(self, target: ActorId, command: Message, command_id: str) -> None:
        """Gives a command and remembers how it ended; sometimes makes sure that it ended so."""
        given = await self._answered(target, command, command_id)
        self._world.given.append(given)
        if given.refusal == "" and self._dice.random() < 0.25:
            self._world.counts["commands repeated"] += 1
            assert await self._answered(target, command, command_id) == given
        if given.refusal == "" and self._dice.random() < 0.1:
            other = await self._answered(target, Add(by=1_000_000), command_id)
            assert other.refusal == "command_id_reused"

    async def _answered(self, target: ActorId, command: Message, command_id: str) -> Given:
        while True:
            try:
                timeout = self._dice.choice((0.02, 1.0, 30.0))
                outcome = await self._world.runtime.ask(target, command, command_id=command_id, timeout=timeout)
                return Given(target, command, command_id, outcome)
            except LOST as lost:
                self._world.counts[f"client told {getattr(lost, 'code', type(lost).__name__)}"] += 1
            except Rejected as refusal:
                return Given(target, command, command_id, refusal=refusal.code)
            except Internal as bug:
                return Given(target, command, command_id, refusal=bug.code)
            await elapse(self._dice.uniform(0, 1))

    async def _dispatch(self, target: ActorId, command: Message, command_id: str) -> None:
        while True:
            try:
                await self._world.runtime.dispatch(target, command, command_id=command_id)
                self._world.given.append(Given(target, command, command_id, was_dispatched=True))
                return
            except LOST:
                self._world.counts["dispatches lost"] += 1
            await elapse(self._dice.uniform(0, 1))


@dataclass
class Reader:
    """Follows one session, leaves at any moment, and comes back with its cursor."""

    world: Simulation
    owner: ActorId
    session: str
    seen: list[tuple[int, Message]] = field(default_factory=list)
    has_ended: bool = False

    async def run(self) -> None:
        while not self.has_ended:
            with suppress(*LOST):
                async with asyncio.timeout(self.world.dice.uniform(0, 12)):
                    await self._follow(until_terminal=True)
            self.world.counts["readers cut"] += 1
            await elapse(self.world.dice.uniform(0, 1))

    async def finish(self) -> None:
        """Reads what is stored and was not seen yet."""
        if not self.has_ended:
            await self._follow(until_terminal=False)

    async def _follow(self, *, until_terminal: bool) -> None:
        after = self.seen[-1][0] if self.seen else 0
        events = self.world.runtime.sessions.read(self.owner, self.session, after, until_terminal=until_terminal)
        async with aclosing(events):
            async for event in events:
                self.seen.append((event.cursor, event.event))
                self.has_ended = event.is_terminal
                if until_terminal and self.world.dice.random() < 0.1:
                    return


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Waits for all of them."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)
