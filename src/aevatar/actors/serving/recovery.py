"""Starting: what the journal still holds open is taken up again, before anything new is served.

And afterwards, now and then: mail that another process stored, and could not tell this one of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from aevatar.actors.acting.effects import Effects, Policy
from aevatar.actors.actors_pb2 import EffectInterrupted, EffectRecord
from aevatar.actors.deciding.activation import Delivery
from aevatar.actors.envelope import Envelope, from_bytes, payload_bytes, principal_of
from aevatar.actors.metrics import Metrics
from aevatar.actors.packing import UnknownMessage
from aevatar.errors import Misassembled, Unavailable
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import Mail, OpenEffect

log = structlog.get_logger("aevatar.recovery")

PAGE = 1_000
LOOK_EVERY = 30.0
"""Seconds between looks for mail nobody told of."""


class Recovery:
    """Finds unfinished mail and effects."""

    def __init__(
        self,
        *,
        journal: Journal,
        effects: Effects,
        metrics: Metrics,
        runner: str,
        waiting: Callable[[str], Collection[str]],
        current: Callable[[ActorId], ActorId],
        rename: Callable[[], Awaitable[None]],
        deliver: Callable[[Delivery], None],
        start: Callable[[ActorId, str, str, EffectRecord, object], None],
    ) -> None:
        self._journal = journal
        self._effects = effects
        self._metrics = metrics
        self._runner = runner
        self._waiting = waiting
        self._current = current
        self._rename = rename
        self._deliver = deliver
        self._start = start

    async def take_up_mail(self) -> None:
        """Delivers all mail that no turn has ticked off, in its order."""
        after = 0
        while page := await self._journal.mail(after, PAGE):
            for mail in page:
                self._take_up(mail)
            after = page[-1].position

    async def keep_looking(self) -> None:
        """Delivers mail that waits in no mailbox, once each, until cancelled. One page a look: it shall cost little."""
        after, seen, delivered = 0, set[int](), set[int]()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                page = await self._journal.mail(after, PAGE)
                if any(self._is_outdated(mail) for mail in page):
                    await self._rename()
                    continue
            except (Unavailable, Misassembled) as lost:
                log.warning("mail_not_looked_for", reason=str(lost))
                continue
            waiting = {target: self._waiting(target) for target in {mail.target for mail in page}}
            for mail in page:
                seen.add(mail.position)
                if mail.id not in waiting[mail.target] and mail.position not in delivered:
                    delivered.add(mail.position)
                    self._take_up(mail)
            after = page[-1].position if len(page) == PAGE else 0
            if after == 0:  # what was not seen all the way through has been ticked off
                seen, delivered = set(), delivered & seen

    def _is_outdated(self, mail: Mail) -> bool:
        """Whether an older program, which still runs elsewhere, left it under the old name of its target."""
        target = ActorId.parse(mail.target)
        return self._current(target) is not target

    def _take_up(self, mail: Mail) -> None:
        try:
            envelope = from_bytes(mail.body)
        except UnknownMessage as unknown:  # it stays where it is until a program that knows the message starts
            self._metrics.mail_unreadable += 1
            log.warning("mail_unreadable", target=mail.target, message_id=mail.id, reason=str(unknown))
            return
        self._deliver(Delivery(envelope, mailed=True))

    async def take_up_effects(self) -> None:
        """Runs or reports every effect without an end, as its policy says."""
        found = await self._journal.effects()
        await self._journal.take([effect.id for effect in found if self._is_repeatable(effect)], self._runner)
        for effect in found:
            self._take_up_effect(effect)

    def _take_up_effect(self, effect: OpenEffect) -> None:
        record = EffectRecord.FromString(effect.body)
        if not self._is_repeatable(effect):
            self._metrics.effects_interrupted += 1
            self._deliver(_interrupted(effect, record))
            return
        try:
            self._start(ActorId.parse(effect.actor), effect.id, effect.type, record, None)
        except UnknownMessage as unknown:  # it stays in the ledger until a program that knows the request starts
            log.warning("effect_unreadable", actor=effect.actor, effect_id=effect.id, reason=str(unknown))

    def _is_repeatable(self, effect: OpenEffect) -> bool:
        registered = self._effects.by_name.get(effect.type)
        return registered is not None and registered.policy is Policy.REPEAT


def _interrupted(effect: OpenEffect, record: EffectRecord) -> Delivery:
    notice = EffectInterrupted(effect_id=effect.id, effect=effect.type, request=record.request)
    envelope = Envelope(
        id=f"interrupted:{effect.id}",
        target=ActorId.parse(effect.actor),
        payload=notice,
        body=payload_bytes(notice),
        principal=principal_of(record.principal),
        sent_at=0,
        correlation_id=record.correlation_id,
        trace=record.trace,
    )
    return Delivery(envelope, effect_id=effect.id, is_failed_effect=True)
