"""The journal's port over one SQLite file: what runs on the event loop. Threads do the waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aevatar.errors import Misassembled, Unavailable
from aevatar.journal.records import (
    ActorImage,
    Checkpoint,
    DeadLetter,
    Document,
    DocumentQuery,
    DocumentWrite,
    DueTimer,
    FeedEntry,
    JournalInfo,
    Mail,
    OpenEffect,
    RecordedOutcome,
    SessionEvent,
    SessionPage,
    TurnRecord,
    Verdict,
)
from aevatar.journal.sqlite import schema
from aevatar.journal.sqlite.housekeeping import Housekeeping
from aevatar.journal.sqlite.lock import FileLock
from aevatar.journal.sqlite.readers import Readers
from aevatar.journal.sqlite.reading import Reading
from aevatar.journal.sqlite.sql import Queries
from aevatar.journal.sqlite.writer import Writer

_READERS: Final = 4
_AT_ONCE: Final = 500
"""How many rows housekeeping removes in one transaction, so that turns need not wait long for their own."""


@dataclass(frozen=True, slots=True)
class _Opened:
    writer: Writer | None
    readers: Readers


class SqliteJournal:
    """A journal in the file `path`, which one process at a time may open; with `read_only` others may look at it, too.

    An acknowledged turn is on the disk, where the disk keeps its word. Beside the file there are three more, `-wal` and
    `-shm` of SQLite and `-lock` of ours: whoever wants a copy takes a `backup`.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False) -> None:
        self._path = Path(path).absolute()
        self._read_only = read_only
        self._lock = FileLock(self._path)
        self._opened: _Opened | None = None
        self._shards = frozenset[int]()
        self._listeners: list[Callable[[], None]] = []

    # Lifecycle

    async def open(self) -> None:
        """Opens the file, or makes it, and brings its schema up to date.

        Raises: Misassembled when another process has it, a later release wrote it, or it is no journal.
        """
        if self._opened is None:
            self._opened = await (self._open_to_read() if self._read_only else self._open())

    async def _open_to_read(self) -> _Opened:
        await asyncio.to_thread(schema.examine, self._path)
        return _Opened(None, Readers(self._path, Queries(), threads=_READERS))

    async def _open(self) -> _Opened:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except OSError as error:
            raise Misassembled(f"{str(self._path)!r} cannot be opened as a journal: {error}") from error
        try:
            connection = await asyncio.to_thread(schema.prepare, self._path)
        except BaseException:
            self._lock.release()
            raise
        queries = Queries()
        writer = Writer(self._path, connection, queries, on_growth=self._grown)
        return _Opened(writer, Readers(self._path, queries, threads=_READERS))

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is None:
            return
        await opened.readers.close()
        if opened.writer is not None:
            await opened.writer.close()  # last, because the last connection writes everything back into the one file
        self._lock.release()

    async def claim(self, shards: Collection[int]) -> None:
        """Has this process find mail, timers and effects of `shards`. Nobody is fenced: nobody else can write."""
        self._shards |= frozenset(shards)

    @property
    def _writer(self) -> Writer:
        writer = self._store().writer
        if writer is None:
            raise Unavailable("journal_read_only", "the journal was opened for reading only")
        return writer

    @property
    def _readers(self) -> Readers:
        return self._store().readers

    def _store(self) -> _Opened:
        if self._opened is None:
            raise Unavailable("journal_closed", "the journal is not open")
        return self._opened

    # Write

    async def commit(self, batch: Sequence[TurnRecord]) -> list[Verdict]:
        return await self._writer.commit(batch)

    async def accept(self, mail: Sequence[Mail]) -> list[Verdict]:
        return await self._writer.accept(mail)

    # Read back

    async def load(self, actor: str) -> ActorImage | None:
        return await self._readers.read(Reading.load, actor)

    async def history(self, actor: str, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        return await self._readers.read(Reading.history, actor, after, limit)

    async def outcome(self, actor: str, command_id: str) -> RecordedOutcome | None:
        return await self._readers.read(Reading.outcome, actor, command_id)

    async def mail(self, after: int = 0, limit: int = 1000) -> list[Mail]:
        return await self._readers.read(Reading.mail, self._shards, after, limit)

    async def effects(self) -> list[OpenEffect]:
        return await self._readers.read(Reading.effects, self._shards)

    async def take(self, effect_ids: Sequence[str], runner: str) -> None:
        await self._writer.change(Housekeeping.take, effect_ids, runner)

    async def due(self, until: int, limit: int = 1000) -> list[DueTimer]:
        return await self._readers.read(Reading.due, self._shards, until, limit)

    async def feed(self, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        """The log of all actors by position. One writer commits in order, so it has no gap that is filled later."""
        return await self._readers.read(Reading.feed, after, limit)

    def on_growth(self, notify: Callable[[], None]) -> None:
        self._listeners.append(notify)

    def _grown(self) -> None:
        for notify in self._listeners:
            notify()

    # Show

    async def session(self, owner: str, session: str, after: int, limit: int) -> SessionPage:
        return await self._readers.read(Reading.session, owner, session, after, limit)

    async def document(self, name: str, scope: str, key: str) -> Document | None:
        return await self._readers.read(Reading.document, name, scope, key)

    async def documents(self, query: DocumentQuery) -> list[tuple[Document, str | int | None]]:
        return await self._readers.read(Reading.documents, query)

    async def checkpoint(self, projector: str) -> Checkpoint:
        return await self._readers.read(Reading.checkpoint, projector)

    async def project(
        self, projector: str, checkpoint: Checkpoint, documents: Sequence[DocumentWrite], *, after: int
    ) -> bool:
        return await self._writer.change(Housekeeping.project, projector, checkpoint, documents, after=after)

    async def restart_projector(self, projector: str, names: Collection[str]) -> None:
        await self._writer.change(Housekeeping.restart_projector, projector, names)

    async def replace_documents(self, actor: str, version: int, documents: Sequence[DocumentWrite]) -> bool:
        return await self._writer.change(Housekeeping.replace_documents, actor, version, documents)

    # Keep house

    async def rename_kind(self, old: str, new: str) -> int:
        return await self._writer.change(Housekeeping.rename_kind, old, new)

    async def actors(self, kind: str = "", after: str = "", limit: int = 1000) -> list[str]:
        return await self._readers.read(Reading.actors, kind, after, limit)

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        return await self._readers.read(Reading.dead_letters, limit)

    async def sessions_ended(self, before: int, limit: int = 100) -> list[tuple[str, str]]:
        return await self._readers.read(Reading.sessions_ended, before, limit)

    async def rewrite_session(self, owner: str, session: str, events: Sequence[SessionEvent]) -> None:
        await self._writer.change(Housekeeping.rewrite_session, owner, session, events)

    async def expire_sessions(self, kind: str, before: int) -> int:
        expired = 0
        while removed := await self._writer.change(Housekeeping.expire_sessions, kind, before, _AT_ONCE):
            expired += removed
        return expired

    async def sweep(self, before: int) -> int:
        swept = 0
        while removed := await self._writer.change(Housekeeping.sweep, before, _AT_ONCE):
            swept += removed
        return swept

    async def erasable(self) -> list[str]:
        return await self._readers.read(Reading.erasable)

    async def erase(self, actor: str, *, through: int | None = None, snapshot: tuple[int, bytes] | None = None) -> None:
        """Removes what is recorded of `actor`, or its history up to a version, for which `snapshot` stands then.

        SQLite overwrites it in the file when it next writes its log back, at the latest when the journal is closed.
        """
        if through is None:
            await self._writer.change(Housekeeping.erase, actor)
        else:
            await self._writer.change(Housekeeping.erase_through, actor, through, snapshot)

    async def compact(self) -> None:
        """Writes the file anew without what is no longer used. That takes as much space again, until it is done."""
        await self._writer.compact()

    async def backup(self, path: Path) -> None:
        """Writes a copy of the whole store into one file, as of one instant. Raises: Rejected if `path` exists."""
        await self._readers.read(Reading.backup, path)

    async def check(self) -> list[str]:
        return await self._readers.read(Reading.check)

    async def info(self) -> JournalInfo:
        """What there is, in numbers; the size counts the file and what is not written back into it yet."""
        return await self._readers.read(Reading.info, self._path)

    async def all_documents(self, name: str) -> AsyncIterator[tuple[Document, Mapping[str, str | int]]]:
        """Every document of a name over all scopes with its attributes, page by page."""
        after = ("", "")
        while page := await self._readers.read(Reading.all_documents, name, after, _AT_ONCE):
            for document, index in page:
                yield document, index
                after = (document.scope, document.key)
