"""A process whose actors another one has taken over: it says so, and leaves no trace of what it still believed."""

from __future__ import annotations

import pytest

from aevatar.actors import Runtime
from aevatar.errors import Unavailable
from aevatar.identity import SHARDS
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.memory_store import MemoryStore
from aevatar.testing import VirtualClock
from tests.sample.kinds import TALLY
from tests.sample.sample_pb2 import Add
from tests.sample.world import ANN, settled


class Taken:
    """Two processes over one store; the first one serves until the second takes all of its shards."""

    def __init__(self) -> None:
        store = MemoryStore()
        self.first, self.second = (MemoryJournal(store, exclusive=False) for _ in range(2))

    def runtime(self) -> Runtime:
        return Runtime(kinds=[TALLY], journal=self.first, clock=VirtualClock())

    async def take_over(self) -> None:
        await self.second.open()
        await self.second.claim(range(SHARDS))


async def test_a_command_that_a_fenced_process_is_asked_takes_no_effect() -> None:
    taken = Taken()
    async with taken.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await taken.take_over()
        codes = []
        for _ in range(2):
            with pytest.raises(Unavailable) as refused:
                await actors.ask(ANN, Add(by=2))
            codes.append(refused.value.code)
        assert (codes, actors.health.is_ready) == (["fenced", "unavailable"], False)
        assert actors.health.reasons == ["fenced: another process owns the actors now"]
        assert len(await taken.second.history(ANN.text)) == 1


async def test_a_command_that_a_fenced_process_accepts_is_refused_and_leaves_no_mail() -> None:
    taken = Taken()
    async with taken.runtime() as actors:
        await taken.take_over()
        with pytest.raises(Unavailable) as refused:
            await actors.dispatch(ANN, Add(by=2))
        assert (refused.value.code, actors.health.is_ready) == ("fenced", False)
        await settled()
        assert (await taken.second.mail(), await taken.second.history(ANN.text)) == ([], [])
