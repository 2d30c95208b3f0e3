"""Dying before any write changes nothing but the hour: two actors, timer, effect, session, read model, three stores."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from google.protobuf.message import Message

from aevatar.actors import Done, Runtime
from aevatar.actors.deciding.activation import replay
from aevatar.identity import ActorId, ScopeId
from aevatar.journal.port import Journal
from aevatar.sessions import Delta, Ended
from aevatar.testing import (
    VIRTUAL_TIME,
    VirtualClock,
    crash_at_every_write,
    seeded,
    settled,
)
from tests.sample.kinds import TALLY, CarefulEcho, Echo, Tally
from tests.sample.sample_pb2 import Add, Fetch, Forward, Release, Remind, Say, TallyDocument, TallyState, Total, Wait
from tests.torture.audits import Audit
from tests.torture.stores import NewStore, database, new_memory_store, new_store

__all__ = ["database", "new_store"]

ALPHA = ScopeId("alpha")
ANN, BEN = (ActorId(Tally.kind, ALPHA, key) for key in ("ann", "ben"))
MINUTE = 60.0


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL_TIME


@dataclass(frozen=True)
class End:
    """All that a client or a reader can see of the story; what comes in no promised order is sorted."""

    totals: dict[str, int]
    notes: dict[str, list[str]]
    outcomes: dict[str, Message | None]
    talk: list[tuple[int, Message]]
    changes: dict[str, list[int]]
    documents: dict[str, Message]


class Story:
    """Two actors write to each other, set timers, start effects, speak, and keep a caller waiting."""

    def __init__(self) -> None:
        self._chance = seeded(1)
        self._identifiers = self._chance.identifiers()  # no process makes those of another

    def runtime(self, journal: Journal) -> Runtime:
        return Runtime(
            kinds=[TALLY],
            journal=journal,
            effects=[Echo(), CarefulEcho()],
            clock=VirtualClock(),
            identifiers=self._identifiers,
            random=self._chance.random("jitter"),
        )

    async def play(self, runtime: Runtime) -> None:
        await runtime.ask(ANN, Add(by=5), command_id="ann-begins")
        await runtime.ask(BEN, Add(by=1), command_id="ben-begins")
        await runtime.ask(ANN, Forward(to=BEN.text, by=2, answer=True), command_id="forward")
        await runtime.ask(BEN, Forward(to=ANN.text, by=100, answer=True, refused=True), command_id="refused")
        await runtime.dispatch(ANN, Remind(name="tea", delay=MINUTE, by=3), command_id="remind")
        await runtime.dispatch(BEN, Fetch(text="x"), command_id="fetch")
        await runtime.ask(BEN, Fetch(text="y", careful=True), command_id="fetch-carefully")
        for number, text in enumerate(("hel", "lo ", "world"), start=1):
            say = Say(item="i", text=text, last=number == 3, session="talk")
            await runtime.ask(ANN, say, command_id=f"say-{number}")
        async with asyncio.TaskGroup() as callers:
            callers.create_task(runtime.ask(BEN, Wait(within=MINUTE), command_id="wait"))
            callers.create_task(runtime.ask(BEN, Release(by=1), command_id="release"))

    async def end(self, runtime: Runtime, journal: Journal) -> End:
        states = {actor.key: await state(journal, actor) for actor in (ANN, BEN)}
        return End(
            totals={key: state.total for key, state in states.items()},
            notes={key: sorted(_finished(note) for note in state.heard) for key, state in states.items()},
            outcomes={command: await outcome(runtime, actor, command) for command, actor in COMMANDS.items()},
            talk=[(seen.cursor, seen.event) async for seen in runtime.sessions.read(ANN, "talk")],
            changes={actor.key: await changes(runtime, actor) for actor in (ANN, BEN)},
            documents={actor.key: await document(runtime, actor) for actor in (ANN, BEN)},
        )


COMMANDS = {
    **dict.fromkeys(("ann-begins", "forward", "remind", "say-1", "say-2", "say-3"), ANN),
    **dict.fromkeys(("ben-begins", "refused", "fetch", "fetch-carefully", "wait", "release"), BEN),
}


async def state(journal: Journal, actor: ActorId) -> TallyState:
    image = await journal.load(actor.text)
    assert image is not None
    assert (image.timers, image.effects, image.open_commands) == ([], [], [])
    return replay(TALLY, image)


def _finished(note: str) -> str:
    # An effect that is not to be repeated may have been under way when the process died: the actor was told so.
    return "echoed y" if note == "interrupted sample.careful_echo" else note


async def outcome(runtime: Runtime, actor: ActorId, command: str) -> Message | None:
    found = await runtime.outcome(actor, command)
    return found and found.answer


async def changes(runtime: Runtime, actor: ActorId) -> list[int]:
    return [seen.event.by async for seen in runtime.sessions.read(actor, until_terminal=False)]


async def document(runtime: Runtime, actor: ActorId) -> TallyDocument:
    found = await runtime.readmodels.get("sample.tallies", actor.scope, actor.key)
    assert found is not None
    found.document.ClearField("last_note")  # which of two letters comes first is nobody's promise
    return found.document


@pytest.mark.timeout(240)
async def test_a_death_before_any_write_changes_nothing_in_the_end(new_store: NewStore, audit: Audit) -> None:
    audit(f"died before each of {await crash_at_every_write(Story(), new_store)} writes")


async def test_the_story_ends_as_it_is_told() -> None:
    store = new_memory_store()
    async with (runtime := Story().runtime(journal := store())):
        await Story().play(runtime)
        await settled(journal)
        end = await Story().end(runtime, journal)
    assert end == End(
        totals={"ann": 8, "ben": 4},
        notes={
            "ann": ["answer 3", "forwarded 2"],
            "ben": ["echoed x", "echoed y", "forwarded 100", "refusal too_little"],
        },
        outcomes={
            **dict.fromkeys(COMMANDS, Done()),
            "ann-begins": Total(total=5),
            "ben-begins": Total(total=1),
            "wait": Total(total=4),
        },
        talk=[(1, spoken("hel")), (2, spoken("lo ")), (3, spoken("world")), (4, Ended(reason="said"))],
        changes={"ann": [5, 3], "ben": [1, 2, 1]},
        documents={"ann": TallyDocument(total=8, additions=2), "ben": TallyDocument(total=4, additions=3)},
    )


def spoken(text: str) -> Delta:
    return Delta(item="i", channel="text", text=text)
