"""The journal on PostgreSQL, 14 or later: the port's methods, in its order.

Several processes may have one store open; each commits for the shards that it claimed. What a method asks the server
stands under its name in `queries.sql`. Writing is in `writer`, where the interesting part is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from aevatar.journal.postgres.backup import read_backup, write_backup
from aevatar.journal.postgres.database import Database, location
from aevatar.journal.postgres.documents import decoded, encoded_index, listing
from aevatar.journal.postgres.listen import GrowthLine
from aevatar.journal.postgres.renaming import kind_range, rename_kind
from aevatar.journal.postgres.schema import prepare
from aevatar.journal.postgres.sql import Statements, columns
from aevatar.journal.postgres.writer import Writer
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
    LoggedTurn,
    Mail,
    OpenCommand,
    OpenEffect,
    RecordedOutcome,
    Retirement,
    SessionEvent,
    SessionPage,
    TurnRecord,
    Verdict,
)

_PAGE: Final = 1000
_RIPENING: Final = 0.05
"""Seconds after which the feed is worth another look when a running transaction held rows back."""


class PostgresJournal:
    """The journal in one schema of a PostgreSQL database.

    `url` is a `postgresql://` address. `connections` bounds the pool; one more listens for growth. What takes longer
    than `timeout` seconds is Unavailable. Behind a pooler in transaction mode set `statement_cache_size=0`.
    """

    def __init__(
        self,
        url: str,
        *,
        schema: str = "aevatar",
        connections: int = 8,
        timeout: float = 10.0,
        statement_cache_size: int = 100,
    ) -> None:
        self._schema = schema
        self._location = location(url, schema)
        self._database = Database(
            url,
            Statements(schema),
            connections=connections,
            timeout=timeout,
            statement_cache_size=statement_cache_size,
        )
        self._writer = Writer(self._database, self._on_commit)
        self._line = GrowthLine(self._database.connect, f"{schema}_growth", self._on_news)
        self._listeners: list[Callable[[], None]] = []
        self._ripening: asyncio.TimerHandle | None = None
        self._number = 0

    # Lifecycle

    async def open(self) -> None:
        if self._database.is_open:
            return
        async with self._database.own_connection() as connection:
            self._number = await prepare(connection, self._schema)
        await self._database.open()
        try:
            await self._writer.open()
            with self._database.translated():
                await self._line.open()
        except BaseException:
            await self._database.close()
            raise

    async def close(self) -> None:
        if self._ripening is not None:
            self._ripening.cancel()
        await self._line.close()
        await self._database.close()

    async def claim(self, shards: Collection[int]) -> None:
        await self._writer.claim(shards)

    async def restore(self, path: Path) -> None:
        """Fills the schema, which must hold no journal yet, with what `backup` wrote to `path`; call it before `open`.

        Raises: Misassembled when there is a journal already, or the copy was made by a later release.
        """
        async with self._database.own_connection() as connection:
            await read_backup(connection, self._schema, path)

    # Write

    async def commit(self, batch: Sequence[TurnRecord]) -> list[Verdict]:
        return await self._writer.commit(batch)

    async def accept(self, mail: Sequence[Mail]) -> list[Verdict]:
        return await self._writer.accept(mail)

    # Read back

    async def load(self, actor: str) -> ActorImage | None:
        row = await self._database.row("load", actor)
        if row is None or (row["version"] is None and not row["sessions"]):
            return None
        return ActorImage(
            version=row["version"] or 0,
            snapshot=row["snapshot"],
            snapshot_version=row["snapshot_version"] or 0,
            retirement=Retirement(row["retirement"] or 0),
            turns=[LoggedTurn(*turn) for turn in row["turns"]],
            timers=[DueTimer(*timer) for timer in row["timers"]],
            effects=[OpenEffect(*effect) for effect in row["effects"]],
            open_commands=[OpenCommand(*command) for command in row["open_commands"]],
            sessions={session: (last, ended) for session, last, ended in row["sessions"]},
        )

    async def history(self, actor: str, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        return [FeedEntry(*row) for row in await self._database.fetch("history", actor, after, limit)]

    async def outcome(self, actor: str, command_id: str) -> RecordedOutcome | None:
        row = await self._database.row("outcome", actor, command_id)
        return RecordedOutcome(*row) if row is not None else None

    async def mail(self, after: int = 0, limit: int = 1000) -> list[Mail]:
        return [Mail(*row) for row in await self._database.fetch("waiting_mail", after, limit, self._writer.owner)]

    async def effects(self) -> list[OpenEffect]:
        return [OpenEffect(*row) for row in await self._database.fetch("open_effects", self._writer.owner)]

    async def take(self, effect_ids: Sequence[str], runner: str) -> None:
        await self._database.fetch("take", list(effect_ids), runner)

    async def due(self, until: int, limit: int = 1000) -> list[DueTimer]:
        return [DueTimer(*row) for row in await self._database.fetch("due", until, limit, self._writer.owner)]

    async def feed(self, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        rows = await self._database.fetch("feed", after, limit)
        settled = [FeedEntry(*row[:-1]) for row in rows if row["settled"]]
        if len(settled) < len(rows) and self._ripening is None:  # nobody tells when that transaction has ended
            self._ripening = asyncio.get_running_loop().call_later(_RIPENING, self._on_ripe)
        return settled

    def on_growth(self, notify: Callable[[], None]) -> None:
        self._listeners.append(notify)

    # Show

    async def session(self, owner: str, session: str, after: int, limit: int) -> SessionPage:
        (page,) = await self._database.fetch("session", owner, session, after, limit)
        return SessionPage([SessionEvent(*event) for event in page["events"]], ended=page["ended"])

    async def document(self, name: str, scope: str, key: str) -> Document | None:
        if "\0" in key:  # PostgreSQL holds no such text, so there is none, and it need not be asked
            return None
        row = await self._database.row("document", name, scope, key)
        return Document(*row) if row is not None else None

    async def documents(self, query: DocumentQuery) -> list[tuple[Document, str | int | None]]:
        rows = await self._database.fetch_joined(listing(query))
        return [(Document(*row[:-1]), decoded(row["value"]) if query.order is not None else None) for row in rows]

    async def checkpoint(self, projector: str) -> Checkpoint:
        row = await self._database.row("checkpoint", projector)
        return Checkpoint(*row) if row is not None else Checkpoint(0)

    async def project(
        self, projector: str, checkpoint: Checkpoint, documents: Sequence[DocumentWrite], *, after: int
    ) -> bool:
        return await self._writer.project(projector, checkpoint, documents, after=after)

    async def restart_projector(self, projector: str, names: Collection[str]) -> None:
        statements = self._database.statements
        async with self._database.own_connection() as connection, connection.transaction():
            await connection.execute(statements["reset_checkpoint"], projector)
            await connection.execute(statements["remove_documents"], list(names))

    async def replace_documents(self, actor: str, version: int, documents: Sequence[DocumentWrite]) -> bool:
        rows = ((d.name, d.scope, d.key, d.version, d.body, encoded_index(d.index or {})) for d in documents)
        replaced: bool = await self._database.value("replace_documents", actor, version, *columns(sorted(rows), 6))
        return replaced

    # Keep house

    async def rename_kind(self, old: str, new: str) -> int:
        async with self._database.own_connection() as connection:
            return await rename_kind(connection, self._database.statements, old=old, new=new)

    async def actors(self, kind: str = "", after: str = "", limit: int = 1000) -> list[str]:
        low, high = kind_range(kind) if kind else ("", None)
        rows = await self._database.fetch("actors", max(after, low), high, limit)
        return [row["actor"] for row in rows]

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        return [DeadLetter(*row) for row in await self._database.fetch("dead_letters_newest", limit)]

    async def sessions_ended(self, before: int, limit: int = 100) -> list[tuple[str, str]]:
        return [(row["owner"], row["session"]) for row in await self._database.fetch("sessions_ended", before, limit)]

    async def rewrite_session(self, owner: str, session: str, events: Sequence[SessionEvent]) -> None:
        rows = ((each.number, each.name, each.body, each.at, each.terminal) for each in events)
        await self._database.fetch("rewrite_session", owner, session, *columns(rows, 5))

    async def expire_sessions(self, kind: str, before: int) -> int:
        ((removed,),) = await self._database.fetch_patiently("expire_sessions", kind, before)
        return int(removed)

    async def sweep(self, before: int) -> int:
        ((removed,),) = await self._database.fetch_patiently("sweep", before)
        return int(removed)

    async def erasable(self) -> list[str]:
        return [row["actor"] for row in await self._database.fetch("erasable")]

    async def erase(self, actor: str, *, through: int | None = None, snapshot: tuple[int, bytes] | None = None) -> None:
        if through is None:
            await self._database.fetch_patiently("erase", actor)
        else:
            version, body = snapshot or (None, None)
            await self._database.fetch_patiently("erase_through", actor, through, version, body)

    async def compact(self) -> None:
        async with self._database.own_connection() as connection:
            await connection.execute(self._database.statements["compact"])

    async def backup(self, path: Path) -> None:
        async with self._database.own_connection() as connection:
            await write_backup(connection, self._schema, number=self._number, path=path)

    async def check(self) -> list[str]:
        return [row[0] for row in await self._database.fetch_patiently("check")]

    async def info(self) -> JournalInfo:
        ((size, last_position, *counts),) = rows = await self._database.fetch_patiently("info", self._schema)
        named = dict(zip(list(rows[0].keys())[2:], counts, strict=True))
        return JournalInfo("postgres", self._location, self._number, size, named, last_position)

    async def all_documents(self, name: str) -> AsyncIterator[tuple[Document, Mapping[str, str | int]]]:
        scope = key = ""
        while rows := await self._database.fetch("all_documents", name, scope, key, _PAGE):
            for *document, attributes in rows:
                yield Document(*document), {attribute: decoded(value) for attribute, value in attributes}
            scope, key = rows[-1]["scope"], rows[-1]["key"]

    def _on_commit(self, position: int) -> None:
        self._line.tell(position)
        self._on_news()

    def _on_ripe(self) -> None:
        self._ripening = None
        self._on_news()

    def _on_news(self) -> None:
        for notify in self._listeners:
            asyncio.get_running_loop().call_soon(notify)
