"""What clients do to a server that may die at any moment, and the audit of what is left, with exact counts."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random

from google.protobuf.message import Message

from aevatar.actors import verify_journal
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.packing import unpack, unpack_bytes
from aevatar.identity import SHARDS, ActorId
from aevatar.journal.port import Journal
from aevatar.sessions import Delta, Ended
from tests.sample.kinds import TALLY, Tally
from tests.sample.sample_pb2 import Add, Added, Fetch, Forward, Noted, Remind, Say, TotalChanged
from tests.torture.killing import Acknowledged, Client, Reader, call
from tests.torture.victim import ALPHA, journal_at

KEYS = ("ann", "ben", "cleo", "dora")


class Crowd:
    """Clients at work and readers of every session, from the first birth to the end of the last session."""

    def __init__(self, address: str, up: asyncio.Event) -> None:
        self.done = Acknowledged()
        self.client = Client(address, up, self.done)
        self.readers = [Reader(address, up, key) for key in KEYS]

    def move(self, address: str) -> None:
        """Has everybody go to another server from their next call on."""
        for caller in (self.client, *self.readers):
            caller.address = address

    async def work(self, clients: int) -> None:
        """Gives commands until cancelled."""
        for key in KEYS:
            await self.client.give(key, Add(by=1, note=f"birth of {key}"), f"birth of {key}")
        async with asyncio.TaskGroup() as together:
            for number in range(clients):
                together.create_task(self._work(number))

    async def read(self) -> None:
        """Follows every session to its end."""
        async with asyncio.TaskGroup() as together:
            for reader in self.readers:
                together.create_task(reader.run())

    async def finish(self) -> None:
        """Waits until nothing is open any more, and ends the sessions. Nobody works by then."""
        for command_id in set(self.done.commands) - set(self.done.outcomes):
            del self.done.commands[command_id]  # their clients have never heard of them, and either is right
        assert await call(self.client.address, do="settle") == {"outcome": None}
        for key in KEYS:
            await self.client.give(key, Say(last=True), f"end of {key}")

    async def _work(self, number: int) -> None:
        dice = Random(number)
        for step in range(1_000_000_000):
            command_id, key, by = f"{number}.{step}", dice.choice(KEYS), dice.randint(1, 9)
            other = ActorId(Tally.kind, ALPHA, dice.choice(KEYS)).text
            command, do = dice.choice(
                [
                    (Add(by=by, note=command_id), "ask"),
                    (Add(by=by, note=command_id), "ask"),
                    (Add(by=by, note=command_id), "dispatch"),
                    (Forward(to=other, by=by), "ask"),
                    (Remind(name=command_id, delay=0.05, by=by), "dispatch"),
                    (Fetch(text=command_id), "ask"),
                ]
            )
            await self.client.give(key, command, command_id, do=do)


@dataclass
class Log:
    """What is stored of one actor."""

    events: list[Message]
    causes: list[str]


async def audited(place: str, crowd: Crowd) -> str:
    """Asserts that what was acknowledged and what was read is what is recorded; answers the counts."""
    done, readers = crowd.done, crowd.readers
    journal = journal_at(place)
    await journal.open()
    try:
        await journal.claim(range(SHARDS))
        assert (await verify_journal(journal, [TALLY])).differences == []
        assert (await journal.mail(), await journal.effects(), await journal.due(2**62)) == ([], [], [])
        assert await journal.dead_letters() == []
        logs = {key: await log_of(journal, key) for key in KEYS}
        await every_acknowledgement_is_recorded(journal, done)
        every_command_had_its_consequences_once(done, logs)
        for reader in readers:
            shown = [TotalChanged(by=event.by) for event in logs[reader.key].events if isinstance(event, Added)]
            assert reader.seen == list(enumerate([*shown, Delta(channel="text"), Ended(reason="said")], start=1))
        info = await journal.info()
    finally:
        await journal.close()
    read = sum(len(reader.seen) for reader in readers)
    return (
        f"{len(done.outcomes)} commands acknowledged after {done.retries} retries, all recorded once among"
        f" {info.counts['turns']} turns; {read} session events read once each in"
        f" {sum(reader.resumed for reader in readers)} resumptions"
    )


async def log_of(journal: Journal, key: str) -> Log:
    actor = ActorId(Tally.kind, ALPHA, key).text
    log, after = Log([], []), 0
    while rows := await journal.history(actor, after):
        assert [row.version for row in rows] == list(range(after + 1, after + len(rows) + 1))
        after = rows[-1].version
        bodies = [TurnBody.FromString(row.body) for row in rows]
        log.events += [unpack(packed) for body in bodies for packed in body.events]
        log.causes += [body.causation_id for body in bodies]
    return log


async def every_acknowledgement_is_recorded(journal: Journal, done: Acknowledged) -> None:
    for command_id, outcome in done.outcomes.items():
        key, _ = done.commands[command_id]
        known = await journal.outcome(ActorId(Tally.kind, ALPHA, key).text, command_id)
        assert known is not None, f"{command_id} was acknowledged and is lost"
        assert known.outcome is not None
        assert outcome is None or unpack_bytes(known.outcome) == outcome


def every_command_had_its_consequences_once(done: Acknowledged, logs: dict[str, Log]) -> None:
    additions = Counter(event.note for log in logs.values() for event in log.events if isinstance(event, Added))
    notes = Counter(event.text for log in logs.values() for event in log.events if isinstance(event, Noted))
    causes = Counter(cause for log in logs.values() for cause in log.causes)
    happened = {Add: additions, Remind: additions, Forward: causes}
    for command_id, (_, command) in done.commands.items():
        if isinstance(command, Fetch):
            assert notes[f"echoed {command_id}"] == 1
        elif type(command) in happened:
            assert happened[type(command)][command_id] == 1, f"{command_id} took effect more or less than once"
    assert max(count for note, count in additions.items() if note) == 1
