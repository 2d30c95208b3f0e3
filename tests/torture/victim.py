"""A small server that is made to be killed: the runtime behind a line protocol on a socket.

Started as a program it is a nursery: it imports everything once and then forks a server for every line `start <place>
<address>` on its standard input, so that a process is up again in milliseconds. It answers `born <pid>`; the server
says `ready <pid>` once it serves. `bury <pid>` waits until a killed one is really gone, and answers `gone <pid>`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

import structlog
from google.protobuf.message import Message

from aevatar.actors import Link, Runtime
from aevatar.actors.packing import message_type
from aevatar.errors import AevatarError, Unavailable
from aevatar.identity import ActorId, ScopeId
from aevatar.journal.port import Journal
from aevatar.journal.postgres import PostgresJournal
from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing import settled
from tests.quiet import dropped
from tests.sample.kinds import TALLY, Echo, Tally

ALPHA = ScopeId("alpha")


def journal_at(place: str) -> Journal:
    """The journal in a SQLite file, or in PostgreSQL at `<address>#<schema>`."""
    url, is_postgres, schema = place.partition("#")
    return PostgresJournal(url, schema=schema, connections=2) if is_postgres else SqliteJournal(place)


def written(message: Message) -> list[str]:
    """A message as the protocol carries it."""
    return [message.DESCRIPTOR.full_name, message.SerializeToString().hex()]


def read(written: list[str]) -> Any:
    """The message that was written."""
    name, body = written
    return message_type(name).FromString(bytes.fromhex(body))


class Served:
    """One connection: a line with a request, a line with the answer; after a `read`, a line for every event."""

    def __init__(self, runtime: Runtime, journal: Journal) -> None:
        self._runtime = runtime
        self._journal = journal

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                request = json.loads(line)
                if request["do"] == "read":
                    await self._read(request, writer)
                else:
                    writer.write(json.dumps(await self._answer(request)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        actor = ActorId(Tally.kind, ALPHA, request.get("actor", "nobody"))
        try:
            match request["do"]:
                case "ask":
                    command = read(request["command"])
                    return {"outcome": written(await self._runtime.ask(actor, command, command_id=request["id"]))}
                case "dispatch":
                    await self._runtime.dispatch(actor, read(request["command"]), command_id=request["id"])
                    return {"outcome": None}
                case "settle":
                    await settled(self._journal)
                    return {"outcome": None}
                case _:
                    return {"reasons": self._runtime.health.reasons}
        except AevatarError as refusal:
            return {"refused": getattr(refusal, "code", ""), "again": isinstance(refusal, Unavailable)}

    async def _read(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        actor = ActorId(Tally.kind, ALPHA, request["actor"])
        async for seen in self._runtime.sessions.read(actor, "main", request["after"]):
            writer.write(json.dumps({"cursor": seen.cursor, "event": written(seen.event)}).encode() + b"\n")
            await writer.drain()


async def serve(place: str, address: str) -> None:
    """Serves until killed."""
    journal = journal_at(place)
    async with (runtime := Runtime(kinds=[TALLY], journal=journal, effects=[Echo(work_a_moment)])):
        server = await asyncio.start_unix_server(Served(runtime, journal).talk, address)
        tell("ready", os.getpid())
        await server.serve_forever()


async def work_a_moment(_: Link) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()


def tell(word: str, pid: int) -> None:
    """One line in one write: `print` may take several, and a server that is killed between them leaves half a line."""
    os.write(sys.stdout.fileno(), f"{word} {pid}\n".encode())


def live(place: str, address: str) -> NoReturn:
    """All that a forked server does; it never ends by itself but through a mistake."""
    try:
        asyncio.run(serve(place, address))
    finally:
        tell("failed", os.getpid())
        traceback.print_exc()
        os._exit(1)


def nursery() -> None:
    structlog.configure(processors=[dropped])  # standard output is for what is said to the tests
    for line in sys.stdin:
        match line.split():
            case ["start", place, address]:
                pid = os.fork()
                if pid == 0:
                    live(place, address)
                tell("born", pid)
            case ["bury", pid]:
                os.waitpid(int(pid), 0)
                tell("gone", int(pid))


if __name__ == "__main__":
    nursery()
