"""Reads a journal back, replays every actor, and compares what is stored beside the log with what the log adds up to.

The journal is one that nobody serves meanwhile: what moves on between two looks would be called a difference. It
changes nothing; documents that differ are put right by `rebuilding`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from google.protobuf.message import DecodeError, Message

from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.deciding.actor import Actor
from aevatar.actors.deciding.kind import Kind, assemble
from aevatar.actors.packing import UnknownMessage, message_type, unpack_bytes
from aevatar.actors.projectors import Projector
from aevatar.actors.upkeep.replaying import PAGE, Replay, is_erased, log_of
from aevatar.errors import Unavailable
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import ActorImage, Document, Retirement, SessionEvent
from aevatar.readmodels.declaration import Attributes, DocumentOf


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read back, in numbers, and each difference in a sentence."""

    counts: Mapping[str, int]
    differences: list[str]


async def verify_journal(
    journal: Journal, kinds: Iterable[Kind | type[Actor[Any]]], projectors: Iterable[Projector] = ()
) -> Verified:
    """Reads everything back from a journal that is open and that nobody serves. Raises: Misassembled; Unavailable."""
    verification = _Verification(journal, assemble(kinds))
    await verification.check_store()
    await verification.check_feed()
    await verification.check_actors()
    await verification.check_documents()
    for projector in projectors:
        await verification.check_projector(projector)
    return Verified(verification.counts, verification.differences)


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a document has to be. Of its contents digests are kept: there may be millions."""

    actor: str
    since: int
    version: int
    contents: bytes
    index: Attributes | None
    """None for pages: theirs are as they were when the page was last written, whenever that was."""


class _Verification:
    def __init__(self, journal: Journal, kinds: Mapping[str, Kind]) -> None:
        self._journal = journal
        self._kinds = kinds
        self._last_position = 0
        self._expected: dict[tuple[str, str, str], _Expected] = {}
        self._unknown = set[tuple[str, str, str]]()
        """Documents of actors that could not be replayed: of these nothing is known."""
        self.counts: Counter[str] = Counter()
        self.differences: list[str] = []

    def _differs(self, sentence: str) -> None:
        self.differences.append(sentence)

    # The store and the log

    async def check_store(self) -> None:
        for finding in await self._journal.check():
            self._differs(f"the store: {finding}")

    async def check_feed(self) -> None:
        heads: dict[str, int] = {}
        while page := await self._journal.feed(self._last_position, PAGE):
            for entry in page:
                if entry.position <= self._last_position:
                    self._differs(f"the feed has position {entry.position} after {self._last_position}")
                if entry.version != heads.get(entry.actor, 0) + 1:
                    self._differs(f"{entry.actor}: the feed has version {entry.version} out of order")
                heads[entry.actor] = entry.version
                self._last_position = entry.position
            self.counts["turns"] += len(page)

    # Actors

    async def check_actors(self) -> None:
        strangers: Counter[str] = Counter()
        async for name in self._actors():
            actor_id = ActorId.parse(name)
            self.counts["actors"] += 1
            kind = self._kinds.get(actor_id.kind)
            if kind is None:
                strangers[actor_id.kind] += 1
            elif (image := await self._journal.load(name)) is not None:
                await self._check_actor(kind, actor_id, image)
        for stranger, number in strangers.items():
            self._differs(f"{number} actors of kind {stranger!r} were not replayed: no capability here has that kind")

    async def _actors(self) -> AsyncIterator[str]:
        after = ""
        while page := await self._journal.actors(after=after, limit=PAGE):
            for name in page:
                yield name
            after = page[-1]

    async def _check_actor(self, kind: Kind, actor_id: ActorId, image: ActorImage) -> None:
        await self._check_sessions(actor_id, image)
        if image.retirement is Retirement.ERASED:
            return
        try:
            replay = await self._replayed(kind, actor_id, image)
            documents = replay.documents()
        except Unavailable:
            raise
        except Exception as bug:  # noqa: BLE001 - an applier may fail in any way there is
            self._differs(f"{actor_id} cannot be replayed: {type(bug).__name__}: {bug}")
            names = (declared.name for declared in kind.projection.documents)
            self._unknown.update((name, actor_id.scope, actor_id.key) for name in names)
            return
        for each in documents:
            if each.message is not None:
                is_page = each.declared.pages is not None
                self._expected[each.declared.name, actor_id.scope, each.key] = _Expected(
                    actor_id.text,
                    each.since if is_page else replay.version,
                    replay.version,
                    _digest(each.message),
                    None if is_page else each.index,
                )

    async def _replayed(self, kind: Kind, actor_id: ActorId, image: ActorImage) -> Replay:
        replay = Replay(kind, actor_id)
        last = 0
        async for row in log_of(self._journal, actor_id.text):
            if row.version != last + 1:
                self._differs(f"{actor_id}: the log has version {row.version} after {last}")
            last = row.version
            if is_erased(row, image):
                replay = Replay.from_snapshot(kind, actor_id, image)
                self.counts["histories erased"] += 1
            if row.version > replay.version:
                replay.apply(row.version, row.body)
                self.counts["events"] += len(TurnBody.FromString(row.body).events)
            if row.version == image.snapshot_version:
                self._check_snapshot(replay, actor_id, image)
        if last != image.version:
            self._differs(f"{actor_id}: the log ends at version {last}, and the actor at {image.version}")
        return replay

    def _check_snapshot(self, replay: Replay, actor_id: ActorId, image: ActorImage) -> None:
        self.counts["snapshots"] += 1
        if replay.began == 0 and image.snapshot is not None and unpack_bytes(image.snapshot) != replay.state:
            at = image.snapshot_version
            self._differs(f"{actor_id}: its snapshot of version {at} is not what the log adds up to")

    # Sessions

    async def _check_sessions(self, actor_id: ActorId, image: ActorImage) -> None:
        for session, (last, ended) in image.sessions.items():
            self.counts["sessions"] += 1
            after = 0
            while page := (await self._journal.session(actor_id.text, session, after, PAGE)).events:
                for event in page:
                    self._check_event(f"{actor_id}: event {event.number} of session {session!r}", event)
                after = page[-1].number
            has_expired = ended and after == 0
            if after != last and not has_expired:
                self._differs(f"{actor_id}: session {session!r} ends with event {after} instead of {last}")

    def _check_event(self, what: str, event: SessionEvent) -> None:
        self.counts["session events"] += 1
        try:
            message_type(event.name).FromString(event.body)
        except (UnknownMessage, DecodeError) as unreadable:
            self._differs(f"{what} cannot be read: {unreadable}")

    # Documents

    async def check_documents(self) -> None:
        kinds = {id(kind): kind for kind in self._kinds.values()}.values()
        for declared in (declared for kind in kinds for declared in kind.projection.documents):
            async for document, index in self._journal.all_documents(declared.name):
                self.counts["documents"] += 1
                self._check_document(declared, document, index)
        for (name, scope, key), expected in self._expected.items():
            self._differs(f"{expected.actor}: its document {name} {scope}/{key} is missing")

    def _check_document(self, declared: DocumentOf[Any], document: Document, index: Attributes) -> None:
        place = (document.name, document.scope, document.key)
        what = f"{document.name} {document.scope}/{document.key}"
        expected = self._expected.pop(place, None)
        if expected is None:
            # A page may be of history that was erased, and there is no telling whose it is.
            if declared.pages is None and place not in self._unknown:
                self._differs(f"the document {what} is of no actor that shows one")
            return
        what = f"{expected.actor}: its document {what}"
        if not expected.since <= document.version <= expected.version:
            self._differs(f"{what} is of version {document.version}, and the actor at {expected.version}")
        if _digest_of(declared, document.body) != expected.contents:
            self._differs(f"{what} is not what the log adds up to")
        if expected.index is not None and dict(index) != expected.index:
            self._differs(f"{what} is listed under other attributes than the log adds up to")

    async def check_projector(self, projector: Projector) -> None:
        """What a projector made of the whole log is not compared; only whether it goes on."""
        checkpoint = await self._journal.checkpoint(projector.name)
        if checkpoint.parked:
            self._differs(f"the projector {projector.name!r} is parked at {checkpoint.position}: {checkpoint.parked}")
        if checkpoint.position > self._last_position:
            self._differs(f"the projector {projector.name!r} is at {checkpoint.position}, past the end of the feed")


def _digest(message: Message) -> bytes:
    # Comparable within one process only, and that is enough.
    return blake2b(message.SerializeToString(deterministic=True), digest_size=16).digest()


def _digest_of(declared: DocumentOf[Any], body: bytes) -> bytes | None:
    try:
        return _digest(declared.message.FromString(body))
    except DecodeError:
        return None
