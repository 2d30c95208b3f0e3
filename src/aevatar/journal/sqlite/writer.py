"""The one thread that writes: whatever is waiting for it becomes one transaction, answered after its commit.

When the disk fails, nothing of the group is stored, everybody in it is told so, and the connection is made anew.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from aevatar.errors import Unavailable
from aevatar.journal.records import Mail, TurnRecord, Verdict
from aevatar.journal.sqlite.commit import REFUSALS, Committer
from aevatar.journal.sqlite.housekeeping import Housekeeping
from aevatar.journal.sqlite.schema import connect_writer
from aevatar.journal.sqlite.sql import Queries, savepoint

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Commit:
    records: Sequence[TurnRecord]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Accept:
    mail: Sequence[Mail]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Change:
    make: Callable[[Housekeeping], object]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Compact:
    answer: asyncio.Future[Any]


_Job = _Commit | _Accept | _Change | _Compact


@dataclass(slots=True)
class _Group:
    """Jobs that share a transaction. Whoever waited for one before asking for another has them in two groups."""

    accepts: list[_Accept] = field(default_factory=list)
    commits: list[_Commit] = field(default_factory=list)
    changes: list[_Change] = field(default_factory=list)
    compactions: list[_Compact] = field(default_factory=list)
    """No part of the transaction: they come after it."""

    def add(self, job: _Job) -> None:
        if isinstance(job, _Commit):
            self.commits.append(job)
        elif isinstance(job, _Accept):
            self.accepts.append(job)
        elif isinstance(job, _Change):
            self.changes.append(job)
        else:
            self.compactions.append(job)

    def jobs(self) -> list[_Job]:
        """In the order in which they are done, and their answers stand."""
        return [*self.accepts, *self.commits, *self.changes, *self.compactions]


class Writer:
    """Takes jobs on the event loop it is made on. `on_growth` is called there, too."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, queries: Queries, *, on_growth: Callable[[], None]
    ) -> None:
        self._path = path
        self._queries = queries
        self._on_growth = on_growth
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._store: _Store | None = _Store(connection, queries)
        self._thread = threading.Thread(target=self._serve, name="aevatar-journal-writer", daemon=True)
        self._thread.start()

    async def commit(self, records: Sequence[TurnRecord]) -> list[Verdict]:
        """Stores turns. Raises: Unavailable when nothing of them was."""
        answer: asyncio.Future[list[Verdict]] = self._loop.create_future()
        self._jobs.put(_Commit(records, answer))
        return await answer

    async def accept(self, mail: Sequence[Mail]) -> list[Verdict]:
        """Stores mail. Raises: Unavailable when nothing of it was."""
        answer: asyncio.Future[list[Verdict]] = self._loop.create_future()
        self._jobs.put(_Accept(mail, answer))
        return await answer

    async def change(
        self, make: Callable[Concatenate[Housekeeping, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Makes a change as one unit, and answers what it answers. Raises: Unavailable when it was not made."""
        answer: asyncio.Future[_T] = self._loop.create_future()
        self._jobs.put(_Change(lambda house: make(house, *args, **kwargs), answer))
        return await answer

    async def compact(self) -> None:
        """Writes the file anew, between two transactions. Raises: Unavailable when it stays as it is."""
        answer: asyncio.Future[None] = self._loop.create_future()
        self._jobs.put(_Compact(answer))
        await answer

    async def close(self) -> None:
        """Finishes what was asked for before, and closes the file."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        while jobs := (group := self._next_group()).jobs():
            answers = self._settled(group, len(jobs) - len(group.compactions))
            answers = [*answers, *(self._compacted() for _ in group.compactions)]
            with suppress(RuntimeError):  # the loop was closed under us: nobody waits any longer
                self._loop.call_soon_threadsafe(self._deliver, jobs, answers)
        self._disconnect()

    def _next_group(self) -> _Group:
        group = _Group()
        job = self._jobs.get()
        while job is not None:
            group.add(job)
            if self._jobs.empty():
                return group
            job = self._jobs.get()
        self._jobs.put(None)  # the end is met again when this group is done
        return group

    def _settled(self, group: _Group, jobs: int) -> Sequence[object]:
        try:
            store = self._connected()
            try:
                return store.transact(group, store.stored)
            except REFUSALS:
                return store.transact(group, store.settled)
        except Exception as error:  # noqa: BLE001 - whoever asked gets it; the thread goes on
            # After an I/O error nobody knows what the connection believes. A new one reads what is really there.
            self._disconnect()
            return [_told(error) for _ in range(jobs)]

    def _compacted(self) -> object:
        try:
            self._connected().compact()
        except Exception as error:  # noqa: BLE001 - likewise
            self._disconnect()
            return _told(error)
        return None

    def _connected(self) -> _Store:
        if self._store is None:
            self._store = _Store(connect_writer(self._path), self._queries)
        return self._store

    def _disconnect(self) -> None:
        if self._store is not None:
            with suppress(sqlite3.Error):
                self._store.close()
        self._store = None

    def _deliver(self, jobs: Sequence[_Job], answers: Sequence[object]) -> None:
        has_grown = False
        for job, answer in zip(jobs, answers, strict=True):
            has_grown = has_grown or _is_growth(job, answer)
            if job.answer.done():  # whoever asked was cancelled
                continue
            if isinstance(answer, Exception):
                job.answer.set_exception(answer)
            else:
                job.answer.set_result(answer)
        if has_grown:
            self._on_growth()


class _Store:
    """A connection, and what can be done over it."""

    def __init__(self, connection: sqlite3.Connection, queries: Queries) -> None:
        self._connection = connection
        self._committer = Committer(connection, queries)
        self._house = Housekeeping(connection, queries, forget=self._committer.forget)

    def close(self) -> None:
        self._connection.close()

    def transact(self, group: _Group, settle: Callable[[_Group], Iterator[object]]) -> list[object]:
        """What `settle` answers to the jobs of the group, once it is durable."""
        self._connection.execute("begin immediate")
        try:
            answers = list(settle(group))
            self._connection.execute("commit")
        except BaseException:
            self._committer.forget()
            with suppress(sqlite3.Error):
                self._connection.execute("rollback")
            raise
        return answers

    def compact(self) -> None:
        """Writes the file anew, and leaves nothing in the log beside it."""
        self._connection.execute("vacuum")
        self._connection.execute("pragma wal_checkpoint(truncate)")

    def stored(self, group: _Group) -> Iterator[object]:
        """Stores all of the group. Raises: one of `REFUSALS` when some of it has to be refused."""
        if group.accepts:
            self._committer.post([mail for job in group.accepts for mail in job.mail])
            yield from ([Verdict.COMMITTED] * len(job.mail) for job in group.accepts)
        if group.commits:
            self._committer.store([record for job in group.commits for record in job.records])
            yield from ([Verdict.COMMITTED] * len(job.records) for job in group.commits)
        yield from map(self._changed, group.changes)

    def settled(self, group: _Group) -> Iterator[object]:
        """Stores what can be stored of the group."""
        if group.accepts:
            verdicts = iter(self._committer.settle_mail([mail for job in group.accepts for mail in job.mail]))
            yield from (list(islice(verdicts, len(job.mail))) for job in group.accepts)
        if group.commits:
            verdicts = iter(self._committer.settle([record for job in group.commits for record in job.records]))
            yield from (list(islice(verdicts, len(job.records))) for job in group.commits)
        yield from map(self._changed, group.changes)

    def _changed(self, change: _Change) -> object:
        try:
            with savepoint(self._connection):
                return change.make(self._house)
        except Exception as error:
            self._committer.forget()
            if _is_disk(error):
                raise
            return error


def _is_growth(job: _Job, answer: object) -> bool:
    if not isinstance(job, _Commit) or isinstance(answer, Exception):
        return False
    return any(record.version is not None for record in job.records)


def _is_disk(error: Exception) -> bool:
    # Subclasses other than OperationalError are about what was asked, not about the file.
    return type(error) in {sqlite3.OperationalError, sqlite3.DatabaseError}


def _told(error: Exception) -> Exception:
    if _is_disk(error):
        return Unavailable("unavailable", f"the journal cannot be written: {error}")
    return error
