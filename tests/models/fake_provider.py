"""A provider of our own on a real port: says what it is told to, in the format it is asked in, and watches sockets."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aevatar.models.models_pb2 import ModelDelta
from tests.models.wires import WIRES, Refusal, Wire


@dataclass(frozen=True, slots=True)
class Reply:
    """A streamed reply. `end` says how the connection goes on after it; `slow` sends every byte on its own."""

    deltas: tuple[ModelDelta, ...]
    end: Literal["complete", "cut", "closed", "hang"] = "complete"
    slow: bool = False
    error: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An answer in one piece."""

    body: object
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class FakeProvider:
    """Answers requests in the order of `answers`."""

    base_url: str = ""
    answers: deque[Reply | Refusal | Document] = field(default_factory=deque)
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def stop(self) -> None:
        """Stops to listen, and hangs up."""
        if self.server is not None:
            self.server.close()
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        self.connections += 1
        self._writers.add(writer)
        try:
            while (received := await _read(reader)) is not None:
                self.requests.append(received)
                if not await self._answer(received, reader, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up.set()
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, received: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        answer = self.answers.popleft()
        wire = next((known for known in WIRES if received.path.startswith(known.path)), WIRES[0])
        if isinstance(answer, Refusal):
            answer = Document(wire.error(answer), answer.status, answer.headers)
        if isinstance(answer, Document):
            writer.write(_document(answer))
            await writer.drain()
            return True
        return await self._stream(answer, wire, reader, writer)

    async def _stream(
        self, reply: Reply, wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        events = [*wire.events(reply.deltas), *([wire.error_event(reply.error)] if reply.error else [])]
        for event in events:
            pieces = [bytes([byte]) for byte in event.encode()] if reply.slow else [event.encode()]
            for piece in pieces:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
        return await self._end(reply, reader, writer)

    async def _end(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        match reply.end:
            case "cut":
                writer.transport.abort()
                return False
            case "hang":
                self.hanging.set()
                if not await reader.read(1):
                    self.hung_up.set()
                return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


@asynccontextmanager
async def fake_provider() -> AsyncIterator[FakeProvider]:
    """A provider that listens while the block runs."""
    provider = FakeProvider()
    provider.server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.base_url = f"http://127.0.0.1:{provider.server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        provider.stop()


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    request, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(request.split(" ")[1], headers, json.loads(body) if body else None)


def _document(document: Document) -> bytes:
    body = document.body.encode() if isinstance(document.body, str) else json.dumps(document.body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **dict(document.headers)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {document.status} Answer\r\n{lines}\r\n".encode() + body
