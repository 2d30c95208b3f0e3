"""Virtual time passes at once, in order, and not while threads work."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import pytest

from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing import VIRTUAL_TIME, VirtualClock, VirtualTimeLoop, elapse, in_real_time, run_in_virtual_time


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL_TIME


async def test_twenty_hours_pass_at_once() -> None:
    began, clock = time.monotonic(), VirtualClock()
    start = clock.now()
    await elapse(20 * 3600)
    assert clock.now() - start == 20 * 3600 * 1000
    assert time.monotonic() - began < 5


async def test_timers_fire_in_the_order_of_their_times_and_at_them() -> None:
    fired: list[tuple[str, float]] = []
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def after(name: str, seconds: float) -> None:
        await elapse(seconds)
        fired.append((name, round(loop.time() - start, 6)))

    async with anyio.create_task_group() as tasks:
        for name, seconds in (("late", 7200.0), ("early", 0.01), ("middle", 60.0)):
            tasks.start_soon(after, name, seconds)
    assert fired == [("early", 0.01), ("middle", 60.0), ("late", 7200.0)]


async def test_a_timeout_strikes_in_virtual_time() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3600):
            await asyncio.Event().wait()


async def test_a_timer_due_in_a_tenth_of_a_second_ten_times_over_is_not_lost_to_rounding() -> None:
    clock = VirtualClock()
    start = clock.now()
    for _ in range(10):
        await elapse(0.1)
    assert clock.now() - start == 1000


async def test_time_stands_still_while_an_executor_works() -> None:
    loop, release = asyncio.get_running_loop(), threading.Event()
    start = loop.time()
    working = asyncio.ensure_future(asyncio.to_thread(release.wait, 10))
    sleeping = asyncio.ensure_future(elapse(3600))
    threading.Timer(0.02, release.set).start()
    assert await working
    assert (sleeping.done(), loop.time() - start) == (False, 0.0)
    await sleeping


async def test_time_stands_still_while_registered_work_waits_for_a_thread() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    answer = loop.create_future()
    threading.Timer(0.02, partial(loop.call_soon_threadsafe, answer.set_result, None)).start()
    with loop.real_work():
        async with asyncio.timeout(1e-3):
            await answer


async def test_a_journal_with_threads_takes_no_virtual_time(tmp_path: Path) -> None:
    loop, journal = asyncio.get_running_loop(), in_real_time(SqliteJournal(tmp_path / "journal.db"))
    start = loop.time()
    async with asyncio.timeout(1e-3):
        await journal.open()
        documents = [document async for document in journal.all_documents("sample.tallies")]
        await journal.close()
    assert (documents, loop.time() - start) == ([], 0.0)


def test_a_whole_program_runs_in_virtual_time_from_a_beginning_of_its_own() -> None:
    beginning = datetime(2030, 5, 1, tzinfo=UTC)

    async def program() -> int:
        await elapse(60)
        return VirtualClock(beginning).now()

    assert run_in_virtual_time(program) == (beginning + timedelta(seconds=60)).timestamp() * 1000


def test_time_elapses_in_virtual_time_only() -> None:
    with pytest.raises(RuntimeError, match="runs in real time"):
        asyncio.run(elapse(1))
