"""One store, and runtimes of the sample over it, one after the other, in virtual time.

Each runtime stands for a process. Leaving its `async with` is as good as killing it: what is not committed is lost.
A test folder imports the fixtures into its `conftest.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from google.protobuf.message import Message

from aevatar.actors import Runtime
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.packing import message_type, unpack
from aevatar.identity import SHARDS, ActorId, ScopeId
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.memory_store import MemoryStore
from aevatar.journal.port import Journal
from aevatar.journal.records import TurnRecord, Verdict
from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing import (
    VIRTUAL_TIME,
    Fault,
    FaultyJournal,
    Mishap,
    VirtualClock,
    elapse,
    in_real_time,
    seeded,
)
from tests.postgres import PostgresJournals
from tests.sample.kinds import TALLY, CarefulEcho, Echo, Tally
from tests.sample.sample_pb2 import Add, Fetch, Noted

ALPHA = ScopeId("alpha")
ANN, BEN, CLEO = (ActorId(Tally.kind, ALPHA, key) for key in ("ann", "ben", "cleo"))


class World:
    """A store and what it holds. `handle` makes a new handle over it, not opened yet."""

    def __init__(self, handle: Callable[[], Journal]) -> None:
        self._handle = handle
        self._identifiers = seeded(1).identifiers()
        self.journal = handle()

    def runtime(
        self, *kinds: Any, over: Callable[[Journal], Journal] = lambda journal: journal, **parts: Any
    ) -> Runtime:
        """A runtime over the store, not started yet, of the sample kind unless others are given."""
        self.journal = self._handle()
        assembled = {
            "effects": [Echo(), CarefulEcho()],
            "clock": VirtualClock(),
            "identifiers": self._identifiers,
            "random": Random(1),
            **parts,
        }
        return Runtime(kinds=kinds or [TALLY], journal=over(self.journal) if over else self.journal, **assembled)

    async def events(self, actor: ActorId) -> list[Message]:
        """What is recorded of an actor, while a runtime has the store open."""
        return [event for turn in await self.turns(actor) for event in turn]

    async def turns(self, actor: ActorId) -> list[list[Message]]:
        """The same, turn by turn."""
        rows = await self.journal.history(actor.text)
        return [[unpack(packed) for packed in TurnBody.FromString(row.body).events] for row in rows]

    async def shown(self, actor: ActorId, session: str = "main") -> list[Message]:
        """The stored events of a session."""
        page = await self.journal.session(actor.text, session, 0, 1000)
        return [message_type(event.name).FromString(event.body) for event in page.events]

    async def commit(self, *records: TurnRecord) -> None:
        """Stores turns as an earlier release or another process would have."""
        assert await self.journal.commit(records) == [Verdict.COMMITTED] * len(records)

    async def before(self, *records: TurnRecord) -> None:
        """The same, while no runtime has the store open."""
        async with self.opened():
            await self.commit(*records)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Journal]:
        """The store, for whoever works on it while no runtime has it open."""
        self.journal = self._handle()
        await self.journal.open()
        await self.journal.claim(range(SHARDS))
        try:
            yield self.journal
        finally:
            await self.journal.close()


class HeldJournal:
    """Passes everything on to the journal it is put over, but while it is held, calls of one method wait.

    They wait before the journal hears of them or, where `answers` are held, before their caller hears from it.
    """

    def __init__(self, method: str = "commit", *, answers: bool = False) -> None:
        self._method = method
        self._holds_answers = answers
        self._inner: Any = None
        self._open = asyncio.Event()
        self._open.set()
        self._passing = 0

    def over(self, inner: Journal) -> Any:
        self._inner = inner
        return self

    def hold(self, *, after: int = 0) -> None:
        """Holds what is called from now on, or after so many calls more."""
        self._passing = after
        if not after:
            self._open.clear()

    def release(self) -> None:
        self._open.set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        return self._gate(method) if name == self._method else method

    def _gate(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            if not self._holds_answers:
                await self._open.wait()
            self._passing -= 1
            if self._passing == 0:
                self._open.clear()
            answer = await method(*args, **kwargs)
            if self._holds_answers:
                await self._open.wait()
            return answer

        return call


class Faults(list[Fault]):
    """What goes wrong, one each, with the next calls of one method of the journal it is put over."""

    def __init__(self, method: str = "commit") -> None:
        super().__init__()
        self._method = method

    def over(self, inner: Journal) -> Any:
        return _FaultyAt(self._method, FaultyJournal(inner, self._next), inner)

    def _next(self, _write: int) -> Mishap:
        return Mishap(self.pop(0)) if self else Mishap()


class _FaultyAt:
    def __init__(self, method: str, faulty: Journal, sound: Journal) -> None:
        self._method = method
        self._faulty = faulty
        self._sound = sound

    def __getattr__(self, name: str) -> Any:
        return getattr(self._faulty if name == self._method else self._sound, name)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL_TIME


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs what takes a `world` on each store: on PostgreSQL, which is slower, where a module has `ON_POSTGRES`."""
    if "world" in metafunc.fixturenames:
        stores = ["memory", "sqlite", *(["postgres"] if hasattr(metafunc.module, "ON_POSTGRES") else [])]
        metafunc.parametrize("world", stores, indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A store of each kind in turn."""
    if request.param == "memory":
        return memory_world()
    if request.param == "postgres":
        postgres: PostgresJournals = request.getfixturevalue("postgres")
        return World(lambda: in_real_time(postgres.handle()))
    return World(lambda: in_real_time(SqliteJournal(tmp_path / "journal.db")))


@pytest.fixture
def memory() -> World:
    """A store in memory, for what no store could make a difference to."""
    return memory_world()


def memory_world() -> World:
    store = MemoryStore()
    return World(lambda: MemoryJournal(store))


async def settled() -> None:
    """Lets everything that is under way come to its end; timers later than a millisecond from now do not fire."""
    await elapse(0.001)


async def begun(actors: Runtime, command: Fetch) -> None:
    """Has ANN start an effect."""
    await actors.ask(ANN, Add(by=0))
    await actors.ask(ANN, command)
    await settled()


async def notes(world: World) -> list[str]:
    """What ANN wrote down."""
    return [event.text for event in await world.events(ANN) if isinstance(event, Noted)]


async def collected(events: AsyncIterator[Any]) -> list[Message]:
    """All that a reader of a session gets, to the end."""
    return [event.event async for event in events]


async def noted(events: AsyncIterator[Any], into: list[Any]) -> None:
    """Notes what a reader of a session gets, as it comes."""
    async for event in events:
        into.append(event.event)  # noqa: PERF401 - as it comes, not at the end


def texts(messages: Sequence[Any]) -> list[str]:
    """The texts of messages that have one."""
    return [message.text for message in messages]
