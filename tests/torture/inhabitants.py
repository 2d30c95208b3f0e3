"""Who lives in a simulated world: clients that insist on an answer, and readers that come and go."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from google.protobuf.message import Message

from aevatar.errors import Internal, Rejected, Unavailable
from aevatar.identity import ActorId, ScopeId
from aevatar.testing import Crashed, elapse
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import (
    Add,
    Break,
    CancelFetches,
    Cheer,
    Fetch,
    Forget,
    Forward,
    HowMuch,
    Release,
    Remind,
    Retire,
    Say,
    Take,
    Wait,
)

if TYPE_CHECKING:
    from tests.torture.simulator import Simulation

ALPHA: Final = ScopeId("alpha")
ACTORS: Final = tuple(ActorId(Tally.kind, ALPHA, key) for key in ("ann", "ben", "cleo"))
MORTALS: Final = tuple(ActorId(Tally.kind, ALPHA, key) for key in ("dora", "emil"))
"""Those that may be retired."""
CAST: Final = (*ACTORS, *MORTALS)
STEPS: Final = 8
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


class Client:
    """Gives commands, and gives them again under the same id until it knows how they ended."""

    def __init__(self, world: Simulation, name: str) -> None:
        self._world = world
        self._name = name
        self._dice = world.dice

    async def run(self) -> None:
        for step in range(STEPS):
            await elapse(self._dice.uniform(0, self._world.pace))
            await self._act(f"{self._name}.{step}")

    async def _act(self, command_id: str) -> None:
        target, command = self._dice.choice(CAST), self._command(command_id)
        if target in MORTALS and self._dice.random() < 0.15:
            command = Retire(erase=self._dice.random() < 0.5)
        if isinstance(command, HowMuch):
            await self._answered(target, command, command_id)
        elif isinstance(command, Add | Break | Remind) and self._dice.random() < 0.4:
            await self._dispatch(target, command, command_id)
        else:
            await self.ask(target, command, command_id)

    def _command(self, text: str) -> Message:
        dice = self._dice
        by, delay, other, chance = dice.randint(1, 9), dice.uniform(0, 30), dice.choice(CAST).text, dice.random()
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
        if target in MORTALS:  # what it has answered may be erased by now
            return
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
                outcome = await self._world.runtime_for(target).ask(
                    target, command, command_id=command_id, timeout=timeout
                )
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
                await self._world.runtime_for(target).dispatch(target, command, command_id=command_id)
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
        while not self.has_ended:
            with suppress(*LOST):
                await self._follow(until_terminal=False)
                return
            await elapse(1)

    async def _follow(self, *, until_terminal: bool) -> None:
        after = self.seen[-1][0] if self.seen else 0
        events = self.world.runtime_for(self.owner).sessions.read(
            self.owner, self.session, after, until_terminal=until_terminal
        )
        async with aclosing(events):
            async for event in events:
                self.seen.append((event.cursor, event.event))
                self.has_ended = event.is_terminal
                if until_terminal and self.world.dice.random() < 0.1:
                    return
