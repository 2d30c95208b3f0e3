"""Death before every write: whatever a crash may interrupt is interrupted, one write after the other.

A scenario that makes N writes is played N + 1 times: once to its end, and once for each write that a process did not
live to make. What is stored by then is what the next process finds; it plays the scenario again, as a client would that
never heard how its commands ended, and the end must be the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeAlias, TypeVar

from aevatar.actors.runtime import Runtime
from aevatar.journal.port import Journal
from aevatar.testing.faulty_journal import Crashed, Fault, FaultyJournal, Mishap

End_co = TypeVar("End_co", covariant=True)
End = TypeVar("End")

Store: TypeAlias = Callable[[], Journal]
"""Makes handles, not opened yet, over one and the same store."""

_ALL_TIMERS = 2**62
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 60.0


class Played(Protocol[End_co]):
    """What is played, and by which end it is judged."""

    def runtime(self, journal: Journal) -> Runtime:
        """A runtime as a fresh process would assemble it, not started yet."""

    async def play(self, runtime: Runtime) -> None:
        """Gives commands, each under an id of its own, so that the whole may be played again from the start."""

    async def end(self, runtime: Runtime, journal: Journal) -> End_co:
        """What has to be the same wherever a process died; asked for when nothing is open any more."""


async def crash_at_every_write(played: Played[End], new_store: Callable[[], Store]) -> int:
    """Plays a scenario with a death before each of its writes; answers how many writes that were.

    `new_store` makes an empty store. Play in virtual time where timers take part.

    Raises: AssertionError that lists the writes whose loss changed the end, and each of these ends.
    """
    journal = FaultyJournal(new_store()(), _Doom(0))
    expected = await _lived(played, journal)
    differing: list[str] = []
    for write in range(1, journal.writes + 1):
        store = new_store()
        if (end := await _reborn(played, store, write)) != expected:
            differing.append(f"death before write {write}: {end!r}")
    if differing:
        raise AssertionError("\n".join([f"{len(differing)} ends differ from {expected!r}", *differing]))
    return journal.writes


async def settled(journal: Journal) -> None:
    """Waits until no mail, effect or timer is open."""
    pause = _FIRST_PAUSE
    while await journal.mail(0, 1) or await journal.effects() or await journal.due(_ALL_TIMERS, 1):
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 2)


async def _lived(played: Played[End], journal: Journal) -> End:
    async with (runtime := played.runtime(journal)):
        return await _told(played, runtime, journal)


async def _told(played: Played[End], runtime: Runtime, journal: Journal) -> End:
    await played.play(runtime)
    await settled(journal)
    return await played.end(runtime, journal)


async def _reborn(played: Played[End], store: Store, write: int) -> End:
    doom = _Doom(write)
    journal = FaultyJournal(store(), doom)
    with suppress(Crashed):
        # Stopping a runtime writes nothing, and the journal of the dead lets nothing through: as good as a kill.
        async with (runtime := played.runtime(journal)):
            life = asyncio.ensure_future(_told(played, runtime, journal))
            death = asyncio.ensure_future(doom.struck.wait())
            await asyncio.wait((life, death), return_when=asyncio.FIRST_COMPLETED)
            if death.cancel():
                return await life
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
    return await _lived(played, store())


class _Doom:
    """A plan in which one write is the last; `struck` tells when."""

    def __init__(self, write: int) -> None:
        self._write = write
        self.struck = asyncio.Event()

    def __call__(self, write: int) -> Mishap:
        if write != self._write:
            return Mishap()
        self.struck.set()
        return Mishap(Fault.CRASH_BEFORE)
