"""The port behind which the journal stands: the store of everything the kernel promises.

Implemented by `MemoryJournal`, `SqliteJournal` and `PostgresJournal`; `aevatar.testing.journal_conformance` is the
suite that an adapter passes. Every method may raise `Unavailable`; from `commit` and `accept` it means that nothing is
known about the batch, and the caller repeats the very same batch until it gets verdicts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

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


class Journal(Protocol):
    """Where turns, outcomes, mail, timers, effects, documents and session events live, and outlive the process."""

    # Lifecycle

    async def open(self) -> None:
        """Opens the store and brings its schema up to date. Raises: Misassembled when it may not be used as it is."""

    async def close(self) -> None:
        """Finishes what is under way and lets go of the store. Harmless when repeated."""

    async def claim(self, shards: Collection[int]) -> None:
        """Makes this process the owner of `shards`; commits of whoever owned them before are refused from now on."""

    # Write

    async def commit(self, batch: Sequence[TurnRecord]) -> list[Verdict]:
        """Stores each record as one unit, or refuses it whole; the verdicts stand in the order of the batch.

        Records of one actor are taken in order, and once one is refused so are the later ones of that actor: as
        `CONFLICT`, unless there is more to say against them. Only one without a version that is `REPEATED` harms none:
        nothing rests on it. No other order is promised, not even in the feed.

        A record that is stored already, byte for byte, is `COMMITTED`: a batch whose answer was lost may simply be sent
        again. One that only shows is known by its events; once one of them was folded or has expired it is a
        `CONFLICT`, as is any other record that shows something in a session that has expired. One that neither decides
        nor shows, and ticks off mail, is `REPEATED`.
        """

    async def accept(self, mail: Sequence[Mail]) -> list[Verdict]:
        """Stores mail for its targets, whoever owns their shards.

        The same mail again is `COMMITTED`; the same id with another digest `CONFLICT`. Mail for a shard that this
        process claimed and has lost is `FENCED`: nobody would tell the new owner of it.
        """

    # Read back

    async def load(self, actor: str) -> ActorImage | None:
        """The newest snapshot of `actor` and all after it, as of one instant; None if it never had a turn."""

    async def history(self, actor: str, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        """The rows of one actor's log with a version above `after`, oldest first."""

    async def outcome(self, actor: str, command_id: str) -> RecordedOutcome | None:
        """What is recorded of a command, open ones included; None if no turn of it was committed."""

    async def mail(self, after: int = 0, limit: int = 1000) -> list[Mail]:
        """Mail for the shards owned that no turn has ticked off, by position."""

    async def effects(self) -> list[OpenEffect]:
        """Effects of the shards owned that have no end."""

    async def take(self, effect_ids: Sequence[str], runner: str) -> None:
        """Notes in the ledger that `runner` runs these effects."""

    async def due(self, until: int, limit: int = 1000) -> list[DueTimer]:
        """Timers of the shards owned that fall due up to `until` (milliseconds since 1970), oldest first."""

    async def feed(self, after: int = 0, limit: int = 1000) -> list[FeedEntry]:
        """The log of all actors by position. What it has passed never gets an earlier row later."""

    def on_growth(self, notify: Callable[[], None]) -> None:
        """Has `notify` called, on the event loop, when the log has grown: by this process or, where known, another."""

    # Show

    async def session(self, owner: str, session: str, after: int, limit: int) -> SessionPage:
        """Stored events with a number above `after`, oldest first, at most `limit`."""

    async def document(self, name: str, scope: str, key: str) -> Document | None:
        """The document under this key."""

    async def documents(self, query: DocumentQuery) -> list[tuple[Document, str | int | None]]:
        """Documents in order, each with its value of the attribute ordered by."""

    async def checkpoint(self, projector: str) -> Checkpoint:
        """How far `projector` has come; position 0 if it never ran."""

    async def project(
        self, projector: str, checkpoint: Checkpoint, documents: Sequence[DocumentWrite], *, after: int
    ) -> bool:
        """Stores the documents a projector made and how far it has come, as one unit.

        Answers False, and stores nothing, when the projector is not at position `after` any more: it began anew, or
        runs elsewhere too. Raises: Unavailable `fenced` when this process has lost all the shards it claimed.
        """

    async def restart_projector(self, projector: str, names: Collection[str]) -> None:
        """Has a projector begin anew: as one unit, removes all documents of these names and sets it to position 0."""

    async def replace_documents(self, actor: str, version: int, documents: Sequence[DocumentWrite]) -> bool:
        """Puts documents, made anew from the log of `actor`, in the place of whatever stands under their keys.

        They are replaced whole: without an `index` they have no attributes. They count as written when the turn of
        `version` was. Answers False, and stores nothing, when the log does not end at `version` any more or was erased.
        """

    # Keep house

    async def rename_kind(self, old: str, new: str) -> int:
        """Moves what is recorded of actors of kind `old` to the same scopes and keys under `new`.

        Answers how many moved. Shards do not depend on the kind, so none changes.

        Raises: Misassembled when an actor exists under both.
        """

    async def actors(self, kind: str = "", after: str = "", limit: int = 1000) -> list[str]:
        """Actor ids in text form, in order, of all kinds or of one."""

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters first."""

    async def sessions_ended(self, before: int, limit: int = 100) -> list[tuple[str, str]]:
        """Owner and id of sessions that ended before `before`, are not folded yet and have not expired."""

    async def rewrite_session(self, owner: str, session: str, events: Sequence[SessionEvent]) -> None:
        """Replaces the stored events of an ended session by their folded form, unless it is folded already.

        Two processes may fold at once, and the later one may have read what the earlier one wrote.
        """

    async def expire_sessions(self, kind: str, before: int) -> int:
        """Removes the events of sessions of actors of `kind` that ended before `before`; answers of how many sessions.

        That a session has ended, and its last number, stay until its actor is erased: a reader who comes later is told
        that it has ended, and no number is used twice. What has expired is not looked at again.
        """

    async def sweep(self, before: int) -> int:
        """Removes dead letters and finished effects older than `before`; answers how many rows went."""

    async def erasable(self) -> list[str]:
        """Retired actors whose erasure was asked for and has not been done."""

    async def erase(self, actor: str, *, through: int | None = None, snapshot: tuple[int, bytes] | None = None) -> None:
        """Removes what is recorded of `actor`, in one unit; its places in the feed stay, empty.

        Command ids stay too, with their digests, so that no command takes effect again.

        Without `through` all goes. With it, history up to that version goes and `snapshot` (version, state) takes its
        place; sessions and documents stay.
        """

    async def compact(self) -> None:
        """Gives space that is no longer used back, and puts the rest in order. Commits may have to wait meanwhile."""

    async def backup(self, path: Path) -> None:
        """Writes a copy of the whole store, as of one instant, that opens elsewhere.

        Raises: Rejected `backup_exists` if there is something at `path`.
        """

    async def check(self) -> list[str]:
        """What the store itself finds wrong with its pages, indexes and references; empty when all is well."""

    async def info(self) -> JournalInfo:
        """What there is, in numbers."""

    def all_documents(self, name: str) -> AsyncIterator[tuple[Document, Mapping[str, str | int]]]:
        """Every document of a name over all scopes, each with its attributes; for verification only."""
