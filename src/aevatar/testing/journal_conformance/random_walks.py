"""Random calls, made alike of the adapter under test and of a `MemoryJournal`: both must say and hold the same."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from operator import attrgetter
from random import Random
from typing import Any

import pytest

from aevatar.identity import SHARDS
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.port import Journal
from aevatar.journal.records import (
    ActorImage,
    Checkpoint,
    DeadLetter,
    DocumentQuery,
    DocumentWrite,
    EffectStarted,
    EffectState,
    OpenCommand,
    Retirement,
    SessionEvent,
    TimerSet,
    TurnRecord,
)
from aevatar.testing.journal_conformance.examples import ANN, BEN, CLEO, FAR, NOW, mail, shown, turn
from aevatar.testing.journal_conformance.harness import Journals

ACTORS = [ANN, BEN, CLEO]
COMMANDS = [f"c{number}" for number in range(16)]
SESSIONS = ["s", "t"]

Call = Callable[[Journal], Awaitable[Any]]


@pytest.mark.parametrize("seed", range(24))
async def test_random_calls_leave_what_they_leave_in_memory(journals: Journals, seed: int) -> None:
    model = await _opened(MemoryJournal())
    walk = Walk(model, Random(seed))
    journal = await _opened(journals.handle())
    try:
        for _ in range(24):
            call = await walk.next_call()
            assert await call(journal) == await call(model)
            if walk.is_to_reopen():
                assert await contents(journal) == await contents(model)
                await journal.close()
                journal = await _opened(journals.handle())
        assert await contents(journal) == await contents(model)
    finally:
        await journal.close()


class Walk:
    """Makes up calls that a runtime might make: mostly in order, given what `model` holds by now."""

    def __init__(self, model: Journal, random: Random) -> None:
        self._model = model
        self._random = random
        self._ids: Counter[str] = Counter()
        self._last_batch: list[TurnRecord] = []

    def is_to_reopen(self) -> bool:
        """Whether the journal is to be closed and opened anew."""
        return self._one_in(6)

    async def next_call(self) -> Call:
        """The next call, to be made of both journals."""
        if self._one_in(3):
            makers = [self._repeat, self._accept, self._take, self._project, self._erase, self._erase_early, self._fold]
            makers += [self._expire, self._sweep, self._restart, self._replace, self._replace, self._compact]
            return self._random.choice(makers)()
        return await self._commit()

    # Calls

    async def _commit(self) -> Call:
        at = {actor: await self._model.load(actor) or ActorImage(version=0) for actor in ACTORS}
        versions = {actor: image.version for actor, image in at.items()}
        numbers = {(actor, key): last for actor in ACTORS for key, (last, _) in at[actor].sessions.items()}
        living = [actor for actor in ACTORS if at[actor].retirement is not Retirement.ERASED]
        waiting = [(each.target, each.id) for each in await self._model.mail()]
        acting = [self._random.choice(living) for _ in range(self._upto(6)) if living]
        batch = [self._record(actor, versions, numbers, waiting) for actor in acting]
        self._last_batch = batch
        return lambda journal: journal.commit(batch)

    def _repeat(self) -> Call:
        batch = self._last_batch
        return lambda journal: journal.commit(batch)

    def _accept(self) -> Call:
        batch = [mail(f"a{self._upto(6)}", self._random.choice(ACTORS), digest=self._bytes()) for _ in range(3)]
        return lambda journal: journal.accept(batch)

    def _take(self) -> Call:
        effects = [self._known(f"effect of {self._random.choice(ACTORS)}") for _ in range(2)]
        runner = f"runner-{self._upto(3)}"
        return lambda journal: journal.take(effects, runner)

    def _project(self) -> Call:
        checkpoint = Checkpoint(self._upto(3), parked=self._random.choice(["", "a bug"]))
        documents, after = self._documents(), self._upto(3) - 1
        return lambda journal: journal.project("p", checkpoint, documents, after=after)

    def _restart(self) -> Call:
        return lambda journal: journal.restart_projector("p", ["demo.documents"])

    def _replace(self) -> Call:
        actor, slip = self._random.choice(ACTORS), self._slip()
        documents = self._documents(f"of {actor}")

        async def call(journal: Journal) -> bool:
            image = await journal.load(actor) or ActorImage(version=0)
            return await journal.replace_documents(actor, image.version + slip, documents)

        return call

    def _compact(self) -> Call:
        return lambda journal: journal.compact()

    def _erase(self) -> Call:
        actor = self._random.choice(ACTORS)
        return lambda journal: journal.erase(actor)

    def _erase_early(self) -> Call:
        actor, body = self._random.choice(ACTORS), self._bytes()

        async def call(journal: Journal) -> None:
            image = await journal.load(actor)
            if image and image.version and image.retirement is not Retirement.ERASED:
                through = (image.version + image.snapshot_version + 1) // 2
                await journal.erase(actor, through=through, snapshot=(through, body))

        return call

    def _fold(self) -> Call:
        before = self._time()

        async def call(journal: Journal) -> list[tuple[str, str]]:
            ended = sorted(await journal.sessions_ended(before))
            for owner, session in ended:
                page = await journal.session(owner, session, after=0, limit=1000)
                await journal.rewrite_session(owner, session, page.events[-1:])
            return ended

        return call

    def _expire(self) -> Call:
        before = self._time()
        return lambda journal: journal.expire_sessions("demo.counter", before)

    def _sweep(self) -> Call:
        before = self._time()
        return lambda journal: journal.sweep(before)

    # Records

    def _record(
        self,
        actor: str,
        versions: dict[str, int],
        numbers: dict[tuple[str, str], int],
        waiting: list[tuple[str, str]],
    ) -> TurnRecord:
        record = turn(actor, None, at=self._time())
        record.shown = [self._event(actor, numbers) for _ in range(self._upto(3))]
        known = [mail_id for target, mail_id in waiting if target == actor]
        record.mail_done = self._random.sample(known, min(len(known), self._upto(3) - 1))
        record.mail_done += [self._known("mail")] * self._one_in(12)
        record.dead = [DeadLetter(self._id("letter"), actor, "a bug", self._bytes(), record.at)] * self._one_in(4)
        if not self._one_in(4):
            versions[actor] += 1
            self._decide(record, versions[actor] + self._slip())
        return record

    def _decide(self, record: TurnRecord, version: int) -> None:
        actor = record.actor
        record.version, record.body = version, self._bytes()
        record.command_id = self._random.choice([None, None, *COMMANDS])
        if record.command_id and self._one_in(3):
            record.opened = OpenCommand(record.command_id, reply_to=self._random.choice(["", BEN]))
        elif record.command_id:
            record.outcome = self._bytes()
        record.concluded = [(command, f"late {command}".encode()) for command in self._some(COMMANDS)]
        record.mail = [mail(self._id("mail"), self._random.choice(ACTORS)) for _ in range(self._upto(3))]
        record.timers_cleared = [(name, self._ids["generation"] - self._upto(4)) for name in self._some(["t", "u"])]
        record.timers_set = [self._timer(name) for name in self._some(["t", "u"])]
        effects = f"effect of {actor}"
        record.effects_started = [EffectStarted(self._id(effects), "demo.call", self._bytes())] * self._one_in(2)
        record.effects_ended = [(self._known(effects), self._random.choice(list(EffectState)[1:]))]
        record.documents = self._documents(f"of {actor}")
        record.snapshot = self._bytes() if self._one_in(5) else None
        record.retirement = self._random.choice([Retirement.NO] * 20 + [Retirement.KEPT, Retirement.ERASE])

    def _timer(self, name: str) -> TimerSet:
        return TimerSet(name, self._next("generation"), NOW + self._upto(1000), self._bytes())

    def _event(self, actor: str, numbers: dict[tuple[str, str], int]) -> SessionEvent:
        session = self._random.choice(SESSIONS)
        number = numbers[actor, session] = numbers.get((actor, session), 0) + 1
        return shown(session, number + self._slip(), at=self._time(), terminal=self._one_in(6))

    def _documents(self, prefix: str = "projected") -> list[DocumentWrite]:
        return [self._document(f"{prefix} {key}") for key in self._some(["k", "l", "m"])]

    def _document(self, key: str) -> DocumentWrite:
        body = None if self._one_in(4) else self._bytes()
        values: list[int | str] = [1, 2, "1", "x"]
        index = None if self._one_in(3) else {name: self._random.choice(values) for name in self._some(["a", "b"])}
        return DocumentWrite("demo.documents", "alpha", key, self._upto(9), body, index)

    # Choices

    def _one_in(self, chances: int) -> bool:
        return self._random.randrange(chances) == 0

    def _upto(self, limit: int) -> int:
        return self._random.randint(1, limit)

    def _slip(self) -> int:
        return self._random.choice([-1, 1]) if self._one_in(12) else 0

    def _some(self, names: list[str]) -> list[str]:
        return [name for name in names if self._one_in(len(names))]

    def _time(self) -> int:
        return NOW + self._upto(50)

    def _bytes(self) -> bytes:
        return self._random.choice([b"", b"\x00", b"one", b"two"])

    def _next(self, series: str) -> int:
        self._ids[series] += 1
        return self._ids[series]

    def _id(self, series: str) -> str:
        return f"{series}-{self._next(series)}"

    def _known(self, series: str) -> str:
        return f"{series}-{self._upto(self._ids[series] + 1)}"


async def contents(journal: Journal) -> dict[str, Any]:
    """All that a journal tells but its positions: how the actors of a batch stand to each other is its own affair."""
    by_key = DocumentQuery("demo.documents", "alpha")
    queries = [by_key, replace(by_key, order="a"), replace(by_key, order="b", descending=True)]
    return {
        "images": [await _image(journal, actor) for actor in ACTORS],
        "outcomes": [await journal.outcome(actor, command) for actor in ACTORS for command in COMMANDS],
        "sessions": [await journal.session(actor, key, after=0, limit=1000) for actor in ACTORS for key in SESSIONS],
        "feed": sorted((replace(entry, position=0) for entry in await journal.feed()), key=attrgetter("actor")),
        "mail": sorted((replace(each, position=0) for each in await journal.mail()), key=attrgetter("target", "id")),
        "effects": sorted(await journal.effects(), key=attrgetter("id")),
        "timers": await journal.due(FAR),
        "documents": [await journal.documents(query) for query in queries],
        "checkpoint": await journal.checkpoint("p"),
        "erasable": sorted(await journal.erasable()),
        "letters": sorted(await journal.dead_letters(), key=attrgetter("id")),
        "counts": dict((await journal.info()).counts),
    }


async def _image(journal: Journal, actor: str) -> object:
    image = await journal.load(actor)
    if image:
        image.timers.sort(key=attrgetter("name"))
        image.effects.sort(key=attrgetter("id"))
        image.open_commands.sort(key=attrgetter("command_id"))
    return image


async def _opened(journal: Journal) -> Journal:
    await journal.open()
    await journal.claim(range(SHARDS))
    return journal
