"""The other side of a server that dies all the time: who kills it, and clients and readers that come back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Self

from google.protobuf.message import Message

from aevatar.sessions import Ended
from tests.torture.victim import read, written

ROOT = Path(__file__).resolve().parents[2]
LINE_LIMIT = 4 * 1024 * 1024


class Nursery:
    """Makes servers over one place and address. Leaving its block kills what is left."""

    def __init__(self, place: str, address: str) -> None:
        self._place = place
        self.address = address
        self._pids: set[int] = set()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.torture.victim"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
        self._process.stdin.close()
        await self._process.wait()

    async def start(self, address: str = "") -> int:
        """Starts a server and answers its pid, before it serves."""
        await self._say(f"start {self._place} {address or self.address}")
        pid = await self._hear("born")
        self._pids.add(pid)
        return pid

    async def until_ready(self) -> None:
        """Waits until the server that was started last serves."""
        await self._hear("ready")

    async def kill(self, pid: int) -> None:
        """Kills a server, and waits until it is gone."""
        os.kill(pid, signal.SIGKILL)
        await self._say(f"bury {pid}")
        await self._hear("gone")
        self._pids.remove(pid)

    async def _say(self, line: str) -> None:
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def _hear(self, word: str) -> int:
        while line := await self._process.stdout.readline():
            said, pid = line.decode().split()
            assert said != "failed", f"server {pid} ended by itself"
            if said == word:  # a server may have become ready in the moment it was killed
                return int(pid)
        raise EOFError("the nursery has died")


@dataclass
class Acknowledged:
    """What the server has said yes to."""

    outcomes: dict[str, Message | None] = field(default_factory=dict)
    """By command id; None for a command that was accepted."""
    commands: dict[str, tuple[str, Message]] = field(default_factory=dict)
    """By command id: the key of the actor, and the command."""
    retries: int = 0
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def acknowledge(self, command_id: str, outcome: list[str] | None) -> None:
        async with self.grown:
            self.outcomes[command_id] = read(outcome) if outcome else None
            self.grown.notify_all()

    async def until_more(self, count: int) -> None:
        """Waits for so many further acknowledgements."""
        wanted = len(self.outcomes) + count
        async with self.grown:
            await self.grown.wait_for(lambda: len(self.outcomes) >= wanted)


async def call(address: str, **request: Any) -> dict[str, Any]:
    """Asks the server once. Raises: ConnectionError when it dies over it."""
    async with aclosing(answers(address, **request)) as lines:
        async for line in lines:
            return line
    raise ConnectionError("no answer")


async def answers(address: str, **request: Any) -> AsyncGenerator[dict[str, Any], None]:
    """The lines that answer one request, until the server or the caller ends it."""
    reader, writer = await asyncio.open_unix_connection(address, limit=LINE_LIMIT)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        while (line := await reader.readline()).endswith(b"\n"):
            yield json.loads(line)
    finally:
        writer.close()


@dataclass
class Client:
    """Gives commands, each again and again under one id until it is acknowledged."""

    address: str
    up: asyncio.Event
    done: Acknowledged

    async def give(self, key: str, command: Message, command_id: str, *, do: str = "ask") -> None:
        self.done.commands[command_id] = (key, command)
        while True:
            await self.up.wait()
            with suppress(OSError):
                answer = await call(self.address, do=do, actor=key, id=command_id, command=written(command))
                if "outcome" in answer:
                    await self.done.acknowledge(command_id, answer["outcome"])
                    return
                assert answer["again"], answer
            self.done.retries += 1


@dataclass
class Reader:
    """Follows the session of an actor to its end, and resumes by its cursor."""

    address: str
    up: asyncio.Event
    key: str
    seen: list[tuple[int, Message]] = field(default_factory=list)
    resumed: int = 0

    async def run(self) -> None:
        while True:
            await self.up.wait()
            after = self.seen[-1][0] if self.seen else 0
            with suppress(OSError):
                async with aclosing(answers(self.address, do="read", actor=self.key, after=after)) as lines:
                    async for line in lines:
                        self.seen.append((line["cursor"], read(line["event"])))
                        if isinstance(self.seen[-1][1], Ended):
                            return
            self.resumed += 1


async def kill_again_and_again(
    nursery: Nursery, *, up: asyncio.Event, done: Acknowledged, dice: Random, until: Callable[[int], bool]
) -> int:
    """Starts the server and kills it: while it starts, or after some acknowledgements. Answers how often; it lives."""
    kills = 0
    while not until(kills):
        pid = await nursery.start()
        if dice.random() < 0.2:
            await passing(dice.uniform(0, 0.05))
        else:
            await nursery.until_ready()
            up.set()
            await done.until_more(dice.randint(1, 60))
        up.clear()
        await nursery.kill(pid)
        kills += 1
    await nursery.start()
    await nursery.until_ready()
    up.set()
    return kills


async def passing(seconds: float) -> None:
    """Real time, for what happens in another process and tells nobody."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
