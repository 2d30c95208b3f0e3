from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from anyio.abc import SocketStream

from aevatar.actors import Runtime
from aevatar.journal.memory import MemoryJournal
from aevatar.server.sse import encoded
from tests.server.kit import Served, served

OPENING = b"retry: 1000\n"
HEARTBEAT = b":\n"


class Reading:
    """What one reader has received, its heartbeats left out."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._chunks = answer.aiter_raw()
        self._seen = b""

    async def until(self, end: bytes) -> bytes:
        """All bytes since the last call, up to and with `end`."""
        with anyio.fail_after(5):
            while end not in self._seen:
                self._seen += (await anext(self._chunks)).replace(HEARTBEAT, b"")
        taken, _, self._seen = self._seen.partition(end)
        return taken + end

    async def to_the_end(self) -> bytes:
        """All bytes since the last call, to the end of the stream."""
        with anyio.fail_after(5):
            async for chunk in self._chunks:
                self._seen += chunk.replace(HEARTBEAT, b"")
        return self._seen


def path(key: str) -> str:
    return f"/api/scopes/dev/tallies/{key}/events"


@asynccontextmanager
async def reading(serving: Served, key: str, *, after: int | None = None) -> AsyncIterator[Reading]:
    headers = {} if after is None else {"last-event-id": str(after)}
    async with serving.client.stream("GET", path(key), headers=headers) as answer:
        assert answer.status_code == 200
        yield Reading(answer)


async def started(serving: Served, key: str) -> None:
    """Brings a tally into being; its first session event is a total."""
    added = await serving.client.post(f"/api/scopes/dev/tallies/{key}/add", json={"by": 1})
    assert added.status_code == 200


async def gone(runtime: Runtime) -> None:
    """Returns once nobody reads any session."""
    with anyio.fail_after(5):
        while runtime.sessions.hub.readers:
            await anyio.lowlevel.checkpoint()


async def test_a_stream_is_exactly_these_bytes(serving: Served) -> None:
    await started(serving, "exact")
    await serving.say("exact", "one")
    await serving.say("exact", "two\nlines", last=True)
    answer = await serving.client.get(path("exact"))
    assert answer.content == (
        b"retry: 1000\n"
        b"id: 1\nevent: total\ndata: {}\n\n"
        b"id: 2\ndata: one\n\n"
        b"id: 3\ndata: two\ndata: lines\n\n"
        b"event: ending\ndata: {}\n\n"
        b'id: 4\nevent: ended\ndata: {"reason":"said"}\n\n'
    )
    headers = {name: answer.headers[name] for name in ("content-type", "cache-control", "x-accel-buffering")}
    assert headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
    assert "content-length" not in answer.headers


async def test_a_reader_gets_what_is_stored_and_then_what_happens(serving: Served) -> None:
    await started(serving, "live")
    async with reading(serving, "live") as reader:
        assert await reader.until(b"\n") == OPENING
        assert await reader.until(b"\n\n") == b"id: 1\nevent: total\ndata: {}\n\n"
        await serving.say("live", "now")
        assert await reader.until(b"\n\n") == b"id: 2\ndata: now\n\n"
        await serving.say("live", "bye", last=True)
        assert (await reader.to_the_end()).endswith(b'id: 4\nevent: ended\ndata: {"reason":"said"}\n\n')


async def test_a_reader_resumes_after_its_last_event(serving: Served) -> None:
    await started(serving, "resumed")
    for text in ("a", "b", "c"):
        await serving.say("resumed", text)
    async with reading(serving, "resumed", after=2) as reader:
        assert await reader.until(b"c\n\n") == OPENING + b"id: 3\ndata: b\n\nid: 4\ndata: c\n\n"
        await serving.say("resumed", "d")
        assert await reader.until(b"\n\n") == b"id: 5\ndata: d\n\n"


async def test_a_reader_that_cannot_send_the_header_resumes_by_query(serving: Served) -> None:
    await started(serving, "queried")
    await serving.say("queried", "a", last=True)
    answer = await serving.client.get(path("queried"), params={"after": 2})
    assert answer.content == OPENING + b'event: ending\ndata: {}\n\nid: 3\nevent: ended\ndata: {"reason":"said"}\n\n'


async def test_a_reader_that_has_seen_the_end_is_told_to_stay_away(serving: Served) -> None:
    await started(serving, "over")
    await serving.say("over", "a", last=True)
    answer = await serving.client.get(path("over"), headers={"last-event-id": "3"})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("cursor", "code"),
    [("7", "invalid_cursor"), (str(2**63), "invalid_argument"), ("-1", "invalid_argument"), ("x", "invalid_argument")],
)
async def test_a_cursor_that_no_event_has_is_refused(serving: Served, cursor: str, code: str) -> None:
    await started(serving, "few")
    answer = await serving.client.get(path("few"), headers={"last-event-id": cursor})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"].lower()) == (400, code, "last-event-id")


async def test_silence_is_broken_by_a_comment(serving: Served) -> None:
    await started(serving, "silent")
    async with serving.client.stream("GET", path("silent"), headers={"last-event-id": "1"}) as answer:
        chunks = answer.aiter_raw()
        with anyio.fail_after(5):
            assert [await anext(chunks) for _ in range(3)] == [OPENING, HEARTBEAT, HEARTBEAT]


async def test_a_session_event_that_the_codec_hides_is_not_sent(serving: Served) -> None:
    await started(serving, "hiding")
    await serving.say("hiding", "x", item="hidden")
    async with reading(serving, "hiding", after=1) as reader:
        await serving.say("hiding", "shown")
        assert await reader.until(b"shown\n\n") == OPENING + b"id: 3\ndata: shown\n\n"


async def test_a_reader_that_leaves_frees_its_place_at_once(serving: Served) -> None:
    await started(serving, "left")
    async with reading(serving, "left") as reader:
        await reader.until(b"id: 1\n")
        assert (serving.runtime.sessions.hub.readers, len(serving.application.state.streams)) == (1, 1)
    await gone(serving.runtime)
    assert len(serving.application.state.streams) == 0


async def test_a_reader_that_stops_reading_is_sent_back_to_the_store_and_misses_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as serving:
        await started(serving, "slow")
        async with await stalled(serving, "slow") as slow:
            for _ in range(20):  # more than the sockets between the two can hold
                await serving.say("slow", "x" * 900_000)
            async with reading(serving, "slow", after=21) as neighbour:
                for number in range(300):
                    await serving.say("slow", f"number {number}")
                await serving.say("slow", "bye", last=True)
                assert (await neighbour.to_the_end()).count(b"id: ") == 302
            assert serving.runtime.sessions.hub.readers_switched == 1
            assert [await cursors_of(slow), serving.runtime.sessions.hub.readers] == [list(range(1, 324)), 0]


async def stalled(serving: Served, key: str) -> SocketStream:
    """A reader that has asked for a stream and takes nothing of it yet."""
    raw = await anyio.connect_tcp("127.0.0.1", serving.client.base_url.port or 0)
    await raw.send(f"GET {path(key)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return raw


async def cursors_of(raw: SocketStream) -> list[int]:
    """The cursors in the rest of a stream."""
    received = bytearray()
    with anyio.fail_after(5):
        while not received.endswith(b"\r\n0\r\n\r\n"):
            received += await raw.receive(2**20)
    return [int(cursor) for cursor in re.findall(rb"^id: (\d+)$", received, re.MULTILINE)]


async def test_stopping_ends_open_streams_after_what_they_hold(tmp_path: Path) -> None:
    async with served(tmp_path, shutdown_timeout=30) as serving:
        await started(serving, "open")
        async with reading(serving, "open") as reader:
            await reader.until(b"id: 1\n")
            with anyio.fail_after(5):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(serving.stop)
                    assert await reader.to_the_end() == b"event: total\ndata: {}\n\n"
        assert (serving.runtime.sessions.hub.readers, serving.runtime.health.phase) == (0, "stopped")


async def test_a_stream_that_was_cut_off_by_a_restart_goes_on_in_the_next_process(tmp_path: Path) -> None:
    journal = MemoryJournal()
    async with served(tmp_path, journal=journal) as first:
        await started(first, "moved")
        await first.say("moved", "before")
        async with reading(first, "moved") as reader:
            await reader.until(b"before\n\n")
            await first.stop()
    async with served(tmp_path, journal=journal.reopened()) as second, reading(second, "moved", after=2) as reader:
        await second.say("moved", "after")
        assert await reader.until(b"after\n\n") == OPENING + b"id: 3\ndata: after\n\n"


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([], b""),
        ([("", b"x")], b"id: 7\ndata: x\n\n"),
        ([("a", b"x"), ("b", b"y")], b"event: a\ndata: x\n\nid: 7\nevent: b\ndata: y\n\n"),
        ([("", b"1\r\n2\r3\n4")], b"id: 7\ndata: 1\ndata: 2\ndata: 3\ndata: 4\n\n"),
        ([("", b"")], b"id: 7\ndata: \n\n"),
    ],
)
def test_only_the_last_frame_of_an_event_carries_its_cursor(frames: list[tuple[str, bytes]], expected: bytes) -> None:
    assert encoded(frames, 7) == expected
