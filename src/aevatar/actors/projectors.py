"""Read models that join many actors: folded from the feed, with a durable checkpoint.

A projector sees every turn at least once, in the order of the feed; its documents and how far it has come are stored as
one unit, so each turn counts once. What it cannot digest parks that projector alone, where everybody can see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import ClassVar

import structlog
from google.protobuf.message import Message

from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.deciding.activation import event_of
from aevatar.actors.deciding.kind import Kind
from aevatar.actors.failures import where
from aevatar.actors.health import Health
from aevatar.actors.packing import unpack
from aevatar.actors.tasks import Tasks
from aevatar.errors import Misassembled, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import Checkpoint, DocumentWrite, FeedEntry
from aevatar.readmodels.declaration import Attributes

log = structlog.get_logger("aevatar.projectors")

PAGE = 500
POLL_EVERY = 1.0
"""Seconds between looks at the feed when nothing tells that it has grown."""
PARKED_FOR = 60.0


class Documents:
    """The documents a projector reads and writes while it digests one page of the feed."""

    def __init__(self, journal: Journal, types: Mapping[str, type[Message]], position: int) -> None:
        self._journal = journal
        self._types = types
        self._position = position
        self._written: dict[tuple[str, str, str], DocumentWrite] = {}

    async def get(self, name: str, scope: str, key: str) -> Message | None:
        """The document as the turns before this one left it; None if there is none. Yours to change and put back."""
        place = (name, scope, key)
        if (written := self._written.get(place)) is not None:
            body = written.body
        else:
            stored = await self._journal.document(name, scope, key)
            body = None if stored is None else stored.body
        return None if body is None else self._types[name].FromString(body)

    def put(self, name: str, scope: str, key: str, document: Message | None, index: Attributes | None = None) -> None:
        """Stores a document in place of the one there; None removes it."""
        body = None if document is None else document.SerializeToString()
        self._written[name, scope, key] = DocumentWrite(name, scope, key, self._position, body, index or {})

    def writes(self) -> list[DocumentWrite]:
        """What is to be stored."""
        return list(self._written.values())


class Projector:
    """Joins the facts of many actors into documents. Its `documents` are the read models it owns, by name."""

    name: ClassVar[str]
    documents: ClassVar[Mapping[str, type[Message]]]

    async def project(self, actor_id: ActorId, version: int, event: Message, documents: Documents) -> None:
        """Digests one fact. Whatever it raises parks the projector until it is tried again."""
        raise TypeError(f"{type(self).__name__} does not define project()")


class Projectors:
    """The registered projectors. Raises: Misassembled when two share a name or a read model."""

    def __init__(self, projectors: Iterable[Projector], journal: Journal, kinds: Mapping[str, Kind]) -> None:
        self._projectors = list(projectors)
        self._journal = journal
        self._kinds = kinds
        self._behind_since: dict[str, int] = {}
        self.documents: dict[str, type[Message]] = {}
        self.owners: dict[str, str] = {}
        """Who declared each of the documents, for a sentence that names both when somebody else does too."""
        found: dict[str, Projector] = {}
        for projector in self._projectors:
            if (other := found.setdefault(projector.name, projector)) is not projector:
                places = f"{_place(other)} and {_place(projector)}"
                raise Misassembled(f"two projectors are called {projector.name!r}: {places}")
            self._own(projector)

    def _own(self, projector: Projector) -> None:
        owner = f"projector {projector.name!r}"
        for name, message in projector.documents.items():
            if (other := self.owners.setdefault(name, owner)) != owner:
                raise Misassembled(f"the read model {name!r} is declared by {other} and {owner}")
            self.documents[name] = message

    def start(self, tasks: Tasks, health: Health) -> None:
        """Runs them until the tasks end."""
        if not self._projectors:
            return
        waits = {projector.name: asyncio.Event() for projector in self._projectors}

        def grown() -> None:
            for wake in waits.values():
                wake.set()

        self._journal.on_growth(grown)
        for projector in self._projectors:
            tasks.spawn(self._run(projector, waits[projector.name], health), f"projector {projector.name}")

    def lag(self, now: int) -> dict[str, float]:
        """Seconds for which the oldest turn that a projector has not digested has been in the log, by projector."""
        names = (projector.name for projector in self._projectors)
        return {name: (now - self._behind_since.get(name, now)) / 1000 for name in names}

    async def _run(self, projector: Projector, wake: asyncio.Event, health: Health) -> None:
        while True:
            wake.clear()
            try:
                while await self._advance(projector):
                    health.parked.pop(projector.name, None)
            except Unavailable:
                await asyncio.sleep(POLL_EVERY)
            except Exception as bug:  # noqa: BLE001 - a projector may fail in any way there is
                await self._park(projector, health, bug)
            else:
                await _woken(wake, POLL_EVERY)

    async def _advance(self, projector: Projector) -> bool:
        checkpoint = await self._journal.checkpoint(projector.name)
        page = await self._journal.feed(checkpoint.position, PAGE)
        if not page:
            self._behind_since.pop(projector.name, None)
            return False
        position = checkpoint.position
        for entry in page:
            if not await self._digest(projector, entry, after=position):
                return True  # it began anew meanwhile: look again where it stands
            position = entry.position
        return True

    async def _digest(self, projector: Projector, entry: FeedEntry, *, after: int) -> bool:
        self._behind_since[projector.name] = entry.at
        documents = Documents(self._journal, self.documents, entry.position)
        actor_id = ActorId.parse(entry.actor)
        kind = self._kinds.get(actor_id.kind)
        for packed in TurnBody.FromString(entry.body).events:
            event = unpack(packed) if kind is None else event_of(kind, packed)
            await projector.project(actor_id, entry.version, event, documents)
        reached = Checkpoint(entry.position)
        return await self._journal.project(projector.name, reached, documents.writes(), after=after)

    async def _park(self, projector: Projector, health: Health, bug: Exception) -> None:
        reason = f"{type(bug).__name__}: {bug}"
        log.error("projector_parked", projector=projector.name, reason=reason, where=where(bug))
        health.parked[projector.name] = reason
        with suppress(Unavailable):  # the health tells it all the same
            position = (await self._journal.checkpoint(projector.name)).position
            await self._journal.project(projector.name, Checkpoint(position, parked=reason), [], after=position)
        await asyncio.sleep(PARKED_FOR)


def _place(projector: Projector) -> str:
    return f"{type(projector).__module__}.{type(projector).__qualname__}"


async def _woken(wake: asyncio.Event, timeout: float) -> None:
    try:
        async with asyncio.timeout(timeout):
            await wake.wait()
    except TimeoutError:
        return
