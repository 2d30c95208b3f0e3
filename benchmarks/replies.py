"""Replies as a client sees them: how soon the first token comes, and what a stream takes, beside going without us."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

from aevatar.journal.sqlite import SqliteJournal
from benchmarks import replying
from benchmarks.actors import actor, adding, serving
from benchmarks.figures import Figure, Goal, figure
from benchmarks.processes import program, told
from benchmarks.replying import PROVIDER, TOKEN, model
from benchmarks.running import Effort, Pair, alternate, pair, scratch

QUESTION = "What do you think of that?"
STREAMS = 100
TOKENS_A_SECOND = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """When a reply showed its first token, and how long it took; in seconds."""

    first: float
    whole: float


@dataclass(frozen=True, slots=True)
class Served:
    """A program that answers requests for replies."""

    url: str
    process: subprocess.Popen[str]

    async def ask(self, name: str) -> Seen:
        """A streamed reply of a model. Raises: AssertionError when there is not one token in it."""
        if self.url.endswith(replying.PATH):
            return await _read(self.url, {"model": name, "messages": [{"role": "user", "content": QUESTION}]})
        return await _read(self.url, {"model": f"{PROVIDER}/{name}", "input": QUESTION})

    def processor_time(self) -> float:
        """Seconds used so far, by all threads."""
        print(file=self.process.stdin, flush=True)
        return float(told(self.process))


async def _read(url: str, asked: dict[str, object]) -> Seen:
    parts = urlsplit(url)
    body = json.dumps({**asked, "stream": True}).encode()
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    began = perf_counter()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    first, seen = 0.0, b""
    while piece := await reader.read(65_536):
        if not first:
            seen += piece
            if TOKEN.encode() in seen:
                first = perf_counter() - began
    writer.close()
    if not first:
        raise AssertionError(f"there is no token in {seen[:2000]!r}")
    return Seen(first, perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Sides:
    """The provider, and what may stand between it and a client."""

    provider: Served
    proxy: Served
    platform: Served


@contextmanager
def _sides(folder: Path) -> Iterator[Sides]:
    with (
        _served("provider", folder, path=replying.PATH) as provider,
        _served("proxy", folder, _root(provider), path=replying.PATH) as proxy,
        _served("platform", folder, _root(provider), path="/v1/responses") as platform,
    ):
        yield Sides(provider, proxy, platform)


def _root(provider: Served) -> str:
    return provider.url.removesuffix(replying.PATH)


@contextmanager
def _served(role: str, folder: Path, *arguments: str, path: str) -> Iterator[Served]:
    with program("replying", role, folder, *arguments) as process:
        try:
            yield Served(f"{told(process)}{path}", process)
        finally:
            process.kill()


def replies(effort: Effort) -> Iterator[Figure]:
    """Replies through `/v1/responses`, each stored, on SQLite."""
    with scratch() as folder, _sides(folder) as sides:
        first = asyncio.run(_first_token(effort, folder, sides))
        wall = asyncio.run(_wall(effort, sides))
        cpu = asyncio.run(_processor_time(effort, sides))
    yield figure(
        "agents.reply.first",
        first,
        "ms more",
        goal=Goal("<=", 6),
        against="one durable turn, alone",
        note="than from the provider itself",
    )
    yield figure(
        "agents.reply.stream", wall, "ms", goal=Goal("<=", 2), against="a bare proxy", note="1,000 tokens, all at once"
    )
    yield figure(
        "agents.reply.streams.cpu",
        cpu,
        "us a token",
        goal=Goal("<=", 3),
        against="a bare proxy",
        note=f"{_streams(effort)} streams of {_tokens(effort):,} tokens, {TOKENS_A_SECOND} a second",
    )


def _streams(effort: Effort) -> int:
    return effort.of(STREAMS, quick=20)


def _tokens(effort: Effort) -> int:
    return effort.of(1_000, quick=25)


async def _first_token(effort: Effort, folder: Path, sides: Sides) -> Pair:
    """What the way through the platform adds, beside a turn that nothing else runs with."""
    count = effort.of(20, quick=2)
    added: list[float] = []
    turns: list[float] = []
    async with serving(SqliteJournal(folder / "turns.db")) as runtime:
        add = adding(runtime)
        for _ in range(effort.rounds + 1):
            ours = await _median(count, lambda: _first(sides.platform))
            direct = await _median(count, lambda: _first(sides.provider))
            added.append(1e3 * (ours - direct))
            turns.append(1e3 * await _median(10 * count, lambda: _took(add(actor("alone")))))
    return pair(added[1:], turns[1:])  # the first round finds nothing in memory yet


async def _median(count: int, work: Callable[[], Awaitable[float]]) -> float:
    return statistics.median([await work() for _ in range(count)])


async def _first(side: Served) -> float:
    """The next event takes its time, so that nothing but the token itself can be what shows it."""
    return (await side.ask(model(tokens=1, pace=25))).first


async def _took(work: Awaitable[object]) -> float:
    began = perf_counter()
    await work
    return perf_counter() - began


async def _wall(effort: Effort, sides: Sides) -> Pair:
    """One stream at a time, as fast as the provider can."""
    count = effort.of(20, quick=4)
    name = model(tokens=1_000)

    async def whole(side: Served) -> float:
        return 1e3 * statistics.median([(await side.ask(name)).whole for _ in range(count)])

    return await alternate(effort, lambda: whole(sides.platform), lambda: whole(sides.proxy))


async def _processor_time(effort: Effort, sides: Sides) -> Pair:
    """Many streams at once, at the pace of a model."""
    streams, tokens = _streams(effort), _tokens(effort)
    name = model(tokens=tokens, pace=TOKENS_A_SECOND)

    async def used(side: Served) -> float:
        before = side.processor_time()
        await asyncio.gather(*(side.ask(name) for _ in range(streams)))
        return 1e6 * (side.processor_time() - before) / (streams * tokens)

    return await alternate(effort, lambda: used(sides.platform), lambda: used(sides.proxy))


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {"agents.reply": replies}
