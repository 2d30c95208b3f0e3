"""Commits batches: all of a batch in one statement when nothing is wrong with it, and otherwise what can be saved.

Most batches hold no conflict, so the statement is written for that case and refuses a batch as a whole. Then one
question finds the actors that are to blame. Their records are settled one by one, and what stands between them goes
together again, so that a batch keeps its order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

import asyncpg

from aevatar.errors import Rejected, Unavailable
from aevatar.journal.postgres.commit import Batch, Documents, OutOfOrder, mail_row
from aevatar.journal.postgres.database import Database
from aevatar.journal.postgres.sql import columns
from aevatar.journal.records import Checkpoint, DocumentWrite, Mail, SessionEvent, TurnRecord, Verdict

_LARGEST_STATEMENT: Final = 1000
"""Records in one statement. It bounds memory, and the mail of a statement, whose places must fit into 20 bits."""

_REFUSALS: Final = frozenset({"AEV01", "23505"})
"""SQLSTATEs: a shard, a head or a session is not as the batch has it; a unique index has the command or number."""


class Writer:
    """The writing side of the journal. `grown` is called with a position after each commit that made the log grow."""

    def __init__(self, database: Database, grown: Callable[[int], None]) -> None:
        self._database = database
        self._grown = grown
        # One commit at a time: of two at once, the later turns of an actor could take the lower positions.
        self._turn = asyncio.Lock()
        self._claimed = set[int]()
        self.owner = ""
        """The name under which this process owns shards: a new one each time the journal is opened."""

    async def open(self) -> None:
        """Takes a name."""
        self.owner = await self._database.value("new_owner")
        self._claimed.clear()

    async def claim(self, shards: Collection[int]) -> None:
        """Takes `shards` from whoever owned them, once that owner's commits under way have ended."""
        await self._database.fetch("claim", sorted(set(shards)), self.owner)
        self._claimed.update(shards)

    async def commit(self, batch: Sequence[TurnRecord]) -> list[Verdict]:
        """What became of each record, in the order of the batch."""
        verdicts: list[Verdict] = []
        stale: set[str] = set()
        async with self._turn:
            for start in range(0, len(batch), _LARGEST_STATEMENT):
                verdicts += await self._commit(batch[start : start + _LARGEST_STATEMENT], stale)
        return verdicts

    async def accept(self, mail: Sequence[Mail]) -> list[Verdict]:
        """What became of each mail. What was not stored waits already, was handled in between, or has another owner."""
        rows = {(each.target, each.id): mail_row(place, each) for place, each in reversed(list(enumerate(mail)))}
        if not rows:
            return []
        ordered = [rows[key] for key in sorted(rows)]
        claimed = sorted(self._claimed.intersection(each.shard for each in mail))
        stored = await self._database.fetch("accept", *columns(ordered, 6), claimed, self.owner)
        lost = set[int]()
        digests = {(row["target"], row["id"]): row["digest"] for row in stored}
        if known := rows.keys() - digests.keys():
            found = await self._database.fetch("mail_digests", *columns(known, 2))
            digests |= {(row["target"], row["id"]): row["digest"] for row in found}
            lost = await self._lost(claimed)
        return [_verdict(each, digests.get((each.target, each.id)), is_lost=each.shard in lost) for each in mail]

    async def project(
        self, projector: str, checkpoint: Checkpoint, documents: Sequence[DocumentWrite], *, after: int
    ) -> bool:
        """Whether it was stored: not if the projector is elsewhere by now. Raises: Unavailable `fenced`."""
        writes = Documents()
        at = await self._database.value("newest_time")
        for document in documents:
            writes.add(document, actor="", at=at)
        begin = [self.owner, projector, checkpoint.position, checkpoint.parked, after]
        parts = [("project_begin", begin), *writes.parts(), ("project_end", [bool(self._claimed)])]
        try:
            await self._database.fetch_joined(parts)
        except asyncpg.PostgresError as failed:
            if failed.sqlstate not in _REFUSALS:
                raise
            if self._claimed and self._claimed == await self._lost(self._claimed):
                raise Unavailable("fenced", "other processes own all the shards that this one claimed") from None
            return False
        return True

    async def _lost(self, claimed: Collection[int]) -> set[int]:
        rows = await self._database.fetch("lost_shards", sorted(claimed), self.owner) if claimed else []
        return {row["shard"] for row in rows}

    async def _commit(self, records: Sequence[TurnRecord], stale: set[str]) -> list[Verdict]:
        if not stale and await self._stores(records):
            return [Verdict.COMMITTED] * len(records)
        suspects = stale | await self._suspects(records)
        verdicts: list[Verdict] = []
        for is_suspect, group in groupby(records, lambda record: record.actor in suspects):
            neighbours = list(group)
            if not is_suspect and await self._stores(neighbours):
                verdicts += [Verdict.COMMITTED] * len(neighbours)
            else:
                verdicts += [await self._settle(record, stale) for record in neighbours]
        return verdicts

    async def _stores(self, records: Sequence[TurnRecord]) -> bool:
        """Whether all of `records` could be stored by one statement; otherwise none of them is."""
        try:
            batch = Batch(records)
            ((position,),) = await self._database.fetch_joined(batch.parts(self.owner))
        except (OutOfOrder, Rejected):
            return False
        except asyncpg.PostgresError as failed:
            if failed.sqlstate not in _REFUSALS:
                raise
            return False
        if batch.grows_the_log:
            self._grown(position)
        return True

    async def _suspects(self, records: Sequence[TurnRecord]) -> set[str]:
        """The actors that cannot go on from where `records` have them; the answer may be incomplete."""
        try:
            rows = await self._database.fetch("suspects", *Batch(records).premises(self.owner))
        except (OutOfOrder, Rejected):
            return {record.actor for record in records}
        return {row["actor"] for row in rows}

    async def _settle(self, record: TurnRecord, stale: set[str]) -> Verdict:
        """Stores one record, unless it is, or says why not; its actor is `stale` from then on."""
        try:
            if await self._is_stored(record):
                return Verdict.COMMITTED
            if record.actor not in stale and await self._stores([record]):
                return Verdict.COMMITTED
            verdict = await self._refusal(record, stale)
            if verdict is not Verdict.REPEATED or record.version is not None:
                stale.add(record.actor)
            return verdict
        except Rejected:  # it holds what PostgreSQL cannot, as U+0000 in an id: no verdict says so, and no retry helps
            stale.add(record.actor)
            return Verdict.CONFLICT

    async def _is_stored(self, record: TurnRecord) -> bool:
        if record.version is None:
            return bool(record.shown) and all([await self._is_shown(record.actor, event) for event in record.shown])
        row = await self._database.row("turn", record.actor, record.version)
        # The outcome of a command that was left open is kept elsewhere, so this compares what the turn itself stored.
        return row is not None and tuple(row) == (record.body, record.command_id, record.digest, record.outcome)

    async def _is_shown(self, owner: str, event: SessionEvent) -> bool:
        row = await self._database.row("session_event", owner, event.session, event.number)
        return row is not None and SessionEvent(*row) == event

    async def _refusal(self, record: TurnRecord, stale: set[str]) -> Verdict:
        if not await self._database.value("is_owned", record.shard, self.owner):
            return Verdict.FENCED
        if record.version is not None and await self._database.value("has_command", record.actor, record.command_id):
            return Verdict.REPEATED
        if record.actor in stale or not await self._has_lost_mail(record):
            return Verdict.CONFLICT
        return Verdict.CONFLICT if await self._suspects([replace(record, mail_done=[])]) else Verdict.REPEATED

    async def _has_lost_mail(self, record: TurnRecord) -> bool:
        places = {(record.actor, mail_id) for mail_id in record.mail_done}
        return len(await self._database.fetch("mail_digests", *columns(places, 2))) < len(places)


def _verdict(mail: Mail, stored: bytes | None, *, is_lost: bool) -> Verdict:
    """By the digest under which the mail is stored now, if it is."""
    if stored is None and is_lost:
        return Verdict.FENCED
    return Verdict.COMMITTED if stored in (None, mail.digest) else Verdict.CONFLICT  # gone: handled in between
