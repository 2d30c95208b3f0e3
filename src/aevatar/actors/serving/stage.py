"""Where activations live: their mailboxes, whose turn is next, how they are loaded and dropped.

What happens in a turn stands in `turns`, what follows from it in `aftermath`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from aevatar.actors.deciding.activation import Activation, Delivery, Phase
from aevatar.actors.deciding.kind import Kind
from aevatar.actors.deciding.turn import EVENT_LIMIT, SEND_LIMIT
from aevatar.actors.failures import where
from aevatar.actors.metrics import Metrics
from aevatar.actors.nature import Clock
from aevatar.actors.tasks import Tasks
from aevatar.errors import Unavailable
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import ActorImage

log = structlog.get_logger("aevatar.actors")

TURNS_AT_ONCE = 256
"""Turns run before the event loop gets its chance."""
TURNS_PER_ACTOR = 32
_LOAD_PAUSE, _LONGEST_LOAD_PAUSE = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a runtime; times in seconds, sizes in bytes. `events` and `sends` are those of one turn."""

    mailbox: int = 10_000
    events: int = EVENT_LIMIT
    sends: int = SEND_LIMIT
    uncommitted_turns: int = 4_096
    slow_handler: float = 0.005
    idle: float = 600.0
    memory: int = 512 * 1024 * 1024
    retry_pause: float = 0.2


class Stage:
    """Runs the turns of all activations of this process, one after the other."""

    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        tasks: Tasks,
        metrics: Metrics,
        limits: Limits,
        writer_depth: Callable[[], int],
        handle: Callable[[Activation, Delivery], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._tasks = tasks
        self._metrics = metrics
        self._limits = limits
        self._writer_depth = writer_depth
        self._handle = handle
        self._ready: deque[Activation] = deque()
        self._is_scheduled = False
        self.is_paused = False
        self.activations: dict[str, Activation] = {}
        self.quarantined: dict[str, str] = {}

    # Mailboxes

    def deliver(self, kind: Kind, delivery: Delivery) -> None:
        """Puts a message into its actor's mailbox. Raises: Unavailable `overloaded` or `actor_unavailable`."""
        target = delivery.envelope.target
        if target.text in self.quarantined:
            raise Unavailable("actor_unavailable", f"{target} cannot be restored: {self.quarantined[target.text]}")
        activation = self.activations.get(target.text) or self._activate(target, kind)
        if len(activation.mailbox) >= self._limits.mailbox and not delivery.is_durable:
            raise Unavailable("overloaded", f"{target} has {self._limits.mailbox} messages waiting", retry_after=1.0)
        delivery.arrived = self._clock.now()
        activation.mailbox.put(delivery)
        self.enqueue(activation)

    def depth(self, target: ActorId) -> int:
        """How many messages wait for an actor that is in memory."""
        activation = self.activations.get(target.text)
        return len(activation.mailbox) if activation else 0

    def waiting(self, actor: str) -> set[str]:
        """The ids of messages of an actor that wait in memory or are under way."""
        activation = self.activations.get(actor)
        return activation.message_ids() if activation is not None else set()

    def enqueue(self, activation: Activation) -> None:
        """Lets an activation have its turns, if it can have any."""
        if activation.phase is Phase.READY and not activation.is_queued and len(activation.mailbox):
            activation.is_queued = True
            self._ready.append(activation)
            self.resume()

    def resume(self) -> None:
        """Goes on with the turns that wait, unless paused or too far ahead of the journal."""
        is_held_up = self.is_paused or self._writer_depth() >= self._limits.uncommitted_turns
        if self._ready and not self._is_scheduled and not is_held_up:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._is_scheduled = False
        left = TURNS_AT_ONCE
        while self._ready and left > 0 and not self.is_paused:
            activation = self._ready.popleft()
            activation.is_queued = False
            left -= self._run_some(activation)
            self.enqueue(activation)
        self.resume()

    def _run_some(self, activation: Activation) -> int:
        activation.last_used = self._clock.elapsed()
        ran = 0
        while ran < TURNS_PER_ACTOR and activation.phase is Phase.READY and len(activation.mailbox):
            self._handle(activation, activation.mailbox.take())
            ran += 1
        return ran

    # Activations

    def _activate(self, target: ActorId, kind: Kind) -> Activation:
        activation = Activation(target, kind)
        self.activations[target.text] = activation
        self._metrics.activations += 1
        self._tasks.spawn(self._load(activation), f"load {target}")
        return activation

    def reload(self, activation: Activation) -> None:
        """Forgets what the activation holds in memory, once what it has under way is settled, and reads it anew."""
        if activation.phase is Phase.READY:
            activation.phase = Phase.DRAINING
        self.drained(activation)

    def drained(self, activation: Activation) -> None:
        """Starts the loading an activation was drained for, if nothing of it is under way any more."""
        if activation.phase is Phase.DRAINING and not activation.inflight:
            activation.phase = Phase.LOADING
            self._tasks.spawn(self._load(activation), f"reload {activation.id}")

    async def _load(self, activation: Activation) -> None:
        image = await self._image(activation)
        try:
            activation.restore(image)
        except Exception as bug:  # noqa: BLE001 - an applier may fail in any way there is
            self._quarantine(activation, bug)
            return
        activation.phase = Phase.READY
        self.enqueue(activation)

    async def _image(self, activation: Activation) -> ActorImage | None:
        pause = _LOAD_PAUSE
        while True:
            try:
                return await self._journal.load(activation.id.text)
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(_LONGEST_LOAD_PAUSE, pause * 2)

    def _quarantine(self, activation: Activation, bug: Exception) -> None:
        self._metrics.quarantines += 1
        reason = f"{type(bug).__name__}: {bug}"
        self.quarantined[activation.id.text] = reason
        log.error("actor_quarantined", actor=activation.id.text, reason=reason, where=where(bug))
        self.drop(activation)
        error = Unavailable("actor_unavailable", f"{activation.id} cannot be restored: {reason}")
        for delivery in activation.mailbox.clear():
            delivery.give(error)

    def drop(self, activation: Activation) -> None:
        """Takes an activation out of memory."""
        for handle in activation.delayed:
            handle.cancel()
        activation.delayed.clear()
        self.activations.pop(activation.id.text, None)

    def forget(self, target: ActorId) -> None:
        """Reads an actor anew before its next turn, because the journal has changed under it."""
        if (activation := self.activations.get(target.text)) is not None:
            activation.recent = {}
            self.reload(activation)

    def passivate(self) -> None:
        """Drops activations that were idle for long and, over the memory budget, more: least recently used first."""
        idle = sorted((a for a in self.activations.values() if a.is_idle), key=lambda activation: activation.last_used)
        over = sum(activation.weight for activation in self.activations.values()) - self._limits.memory
        oldest = self._clock.elapsed() - self._limits.idle
        for activation in idle:
            if over <= 0 and activation.last_used > oldest:
                return
            over -= activation.weight
            self._metrics.passivations += 1
            self.drop(activation)
