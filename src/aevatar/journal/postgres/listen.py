"""Carries the news that the log has grown between processes, over one connection of its own.

The news says that there is something to read, not what. It is sent after the commit: `NOTIFY` within it would make all
commits of the database queue up behind one lock. It may get lost with the connection, so each new connection counts as
news.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import asyncpg

from aevatar.journal.postgres.database import BROKEN, Connection

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_HEARTBEAT: Final = 30.0
"""Seconds. A connection that went silent without being closed is found out by the heartbeat."""

_LOST: Final = (*BROKEN, asyncpg.PostgresError)


class GrowthLine:
    """Tells other processes that the log has grown, and calls `heard` when they do. Reconnects by itself."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], channel: str, heard: Callable[[], None]) -> None:
        self._connect = connect
        self._channel = channel
        self._heard = heard
        self._news: int | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None

    async def open(self) -> None:
        """Connects and begins to listen. Fails as the driver does."""
        self._connection = await self._listening()
        self._task = asyncio.create_task(self._serve(), name=f"listening to {self._channel}")

    async def close(self) -> None:
        """Hangs up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._connection is not None:
            self._connection.terminate()  # here, for a task that is cancelled before it began

    def tell(self, position: int) -> None:
        """Has other processes told that the log has grown to `position`; what piles up meanwhile is told once."""
        self._news = position
        self._wake.set()

    async def _serve(self) -> None:
        while self._connection is not None:
            with suppress(*_LOST):
                await self._relay(self._connection)
            self._connection.terminate()
            self._connection = await self._reconnected()
            self._wake.set()
            self._heard()

    async def _relay(self, connection: Connection) -> None:
        while not connection.is_closed():
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await self._wake.wait()
            except TimeoutError:
                await connection.execute("select 1", timeout=_HEARTBEAT)
            self._wake.clear()
            if (news := self._news) is not None:
                await connection.execute("select pg_notify($1, $2)", self._channel, str(news), timeout=_HEARTBEAT)
                self._news = None if self._news == news else self._news

    async def _reconnected(self) -> Connection:
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            with suppress(*_LOST):
                return await self._listening()
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _listening(self) -> Connection:
        connection = await self._connect()
        connection.add_termination_listener(lambda _: self._wake.set())
        ours = connection.get_server_pid()

        def on_notification(_: object, sender: int, _channel: str, _payload: object) -> None:
            if sender != ours:  # of our own news everybody here has been told already
                self._heard()

        try:
            await connection.add_listener(self._channel, on_notification)
        except BaseException:
            connection.terminate()
            raise
        return connection
