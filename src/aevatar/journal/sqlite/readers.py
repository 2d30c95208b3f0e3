"""Threads that read, each over a connection of its own, so that no reader waits for the writer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from aevatar.errors import Unavailable
from aevatar.journal.sqlite.reading import Reading
from aevatar.journal.sqlite.schema import connect_reader
from aevatar.journal.sqlite.sql import Queries

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Readers:
    """A few threads, and no more connections than there are threads."""

    def __init__(self, path: Path, queries: Queries, *, threads: int) -> None:
        self._path = path
        self._queries = queries
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="aevatar-journal-reader")
        self._idle: list[Reading] = []
        """Last in, first out: the one that was used last has most in its cache."""

    async def read(self, what: Callable[Concatenate[Reading, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What a method of `Reading` answers. Raises: Unavailable when the file cannot be read."""
        call = partial(self._read, lambda reading: what(reading, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def close(self) -> None:
        """Waits for what is being read, and closes the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._idle:
            self._idle.pop().close()

    def _read(self, what: Callable[[Reading], _T]) -> _T:
        try:
            reading = self._connected()
            try:
                answer = what(reading)
            except BaseException:
                reading.close()  # nobody knows what state it is in
                raise
        except sqlite3.Error as error:
            raise Unavailable("unavailable", f"the journal cannot be read: {error}") from error
        self._idle.append(reading)
        return answer

    def _connected(self) -> Reading:
        try:
            return self._idle.pop()
        except IndexError:
            return Reading(connect_reader(self._path), self._queries)
