"""Keeping house while serving: idle activations go, ended sessions are folded and expire, what was to be erased is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from aevatar.actors.deciding.activation import replay
from aevatar.actors.deciding.handling import gone, not_found
from aevatar.actors.deciding.kind import Kind
from aevatar.actors.nature import Clock
from aevatar.actors.packing import pack_bytes
from aevatar.actors.serving.stage import Stage
from aevatar.blobs import BlobStore
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import ActorImage, Retirement
from aevatar.sessions.folding import folded

log = structlog.get_logger("aevatar.housekeeping")

PAGE = 256
ORPHANS_EVERY = 3_600_000
"""Milliseconds between two looks for blobs without an actor."""
SESSIONS_AT_ONCE = 100
"""How many sessions one round folds, so that an erasure never waits long for its turn."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept as they are; in seconds."""

    fold_after: float = 3600.0
    finished: float = 7 * 24 * 3600.0
    """Dead letters and finished effects."""
    orphaned: float = 24 * 3600.0
    """Blobs whose actor has never begun, because the process died between the two."""
    round: float = 30.0
    """Between two rounds of housekeeping."""


class Housekeeping:
    """Goes round regularly."""

    def __init__(
        self,
        journal: Journal,
        blobs: BlobStore,
        *,
        clock: Clock,
        stage: Stage,
        kinds: Mapping[str, Kind],
        retention: Retention,
    ) -> None:
        self._journal = journal
        self._blobs = blobs
        self._orphans_sought = 0
        self._clock = clock
        self._stage = stage
        self._kinds = kinds
        self._retention = retention
        self._wake = asyncio.Event()

    def erase_soon(self) -> None:
        """Has the next round begin at once."""
        self._wake.set()

    async def run(self) -> None:
        """Goes round until cancelled."""
        while True:
            try:
                await self.round()
            except Unavailable as lost:
                log.warning("housekeeping_postponed", reason=lost.message)
            await self._pause()

    async def erase_history(self, actor_id: ActorId, through: int) -> None:
        """Puts a snapshot in the place of an actor's turns up to a version.

        Raises: Rejected `not_found`, `gone` or `invalid_version`; Unavailable, also when the actor cannot be restored.
        """
        image = await self._journal.load(actor_id.text)
        if image is None or image.version == 0:
            raise not_found(actor_id)
        if image.retirement is Retirement.ERASED:
            raise gone(actor_id)
        if not 1 <= through <= image.version:
            sentence = f"{actor_id} has versions 1 to {image.version}, and no {through}"
            raise Rejected("invalid_version", sentence, "through_version")
        # As of the newest version, not of `through`: turns that are committed meanwhile come after either.
        snapshot = image.version, self._packed_state(actor_id, image)
        await self._journal.erase(actor_id.text, through=through, snapshot=snapshot)
        self._stage.forget(actor_id)  # it still knows outcomes that are erased
        log.info("history_erased", actor=actor_id.text, through=through)

    def _packed_state(self, actor_id: ActorId, image: ActorImage) -> bytes:
        try:
            return pack_bytes(replay(self._kinds[actor_id.kind], image))
        except Exception as bug:
            raise Unavailable("actor_unavailable", f"{actor_id} cannot be restored: {type(bug).__name__}") from bug

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._retention.round):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def round(self) -> None:
        """Everything once."""
        self._stage.passivate()
        now = self._clock.now()
        await self._erase()
        await self._fold(now - round(self._retention.fold_after * 1000))
        for name, kind in self._kinds.items():
            await self._journal.expire_sessions(name, now - round(kind.projection.retention * 1000))
        await self._journal.sweep(now - round(self._retention.finished * 1000))
        await self._sweep_orphans(now - round(self._retention.orphaned * 1000))

    async def _erase(self) -> None:
        for actor in await self._journal.erasable():
            actor_id = ActorId.parse(actor)
            await self._blobs.erase(actor_id)  # first: once the journal has forgotten it, nobody would
            await self._journal.erase(actor)
            self._stage.forget(actor_id)
            log.info("actor_erased", actor=actor)

    async def _sweep_orphans(self, before: int) -> None:
        """Erases blobs whose actor is not there. Who was there once is not looked at again, but after a restart."""
        if before < self._orphans_sought + ORPHANS_EVERY:
            return
        for owner in await self._blobs.owners(self._orphans_sought, before):
            image = await self._journal.load(owner.text)
            if image is None or image.retirement is Retirement.ERASED:
                await self._blobs.erase(owner, idle_since=before)
                log.info("orphans_erased", actor=owner.text)
        self._orphans_sought = before

    async def _fold(self, before: int) -> None:
        ended = await self._journal.sessions_ended(before, SESSIONS_AT_ONCE)
        if len(ended) == SESSIONS_AT_ONCE:  # there may be more: the next round begins at once
            self._wake.set()
        for owner, session in ended:
            events = []
            after = 0
            while page := (await self._journal.session(owner, session, after, PAGE)).events:
                events.extend(page)
                after = page[-1].number
            await self._journal.rewrite_session(owner, session, folded(events))
