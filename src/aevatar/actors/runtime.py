"""The runtime: actors, served from one journal. What programs hold in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any, Self

import structlog
from google.protobuf.message import Message
from opentelemetry.trace import TracerProvider

from aevatar.actors.acting.effects import Effect, EffectRunner, Effects, Vault
from aevatar.actors.acting.starting import Acting
from aevatar.actors.acting.timers import Timers
from aevatar.actors.deciding.activation import Activation, Answer, Delivery, Ticket
from aevatar.actors.deciding.actor import Actor
from aevatar.actors.deciding.handling import not_found
from aevatar.actors.deciding.kind import Kind, assemble
from aevatar.actors.envelope import Envelope, check_command_id, payload_bytes
from aevatar.actors.failures import where
from aevatar.actors.health import Health
from aevatar.actors.metrics import Gauges, Metrics
from aevatar.actors.nature import Clock, Identifiers, RandomIdentifiers, SystemClock, system_random
from aevatar.actors.packing import message_type
from aevatar.actors.projectors import Projector, Projectors
from aevatar.actors.recording.record import mail_of
from aevatar.actors.recording.writer import GroupCommit
from aevatar.actors.serving.aftermath import Aftermath, Outlets
from aevatar.actors.serving.callers import Callers
from aevatar.actors.serving.post import Neighbours, Post, current
from aevatar.actors.serving.recovery import Recovery
from aevatar.actors.serving.stage import Limits, Stage
from aevatar.actors.serving.turns import Turns, Waiting, command_id_reused, known_outcome, outcome_erased
from aevatar.actors.tasks import Tasks
from aevatar.actors.tracing import Tracing
from aevatar.actors.upkeep.housekeeping import Housekeeping, Retention
from aevatar.blobs import BlobStore, NoBlobs
from aevatar.errors import Misassembled, Rejected, Unavailable
from aevatar.identity import SHARDS, ActorId, Principal, ScopeId
from aevatar.journal.port import Journal
from aevatar.journal.records import Mail, Verdict
from aevatar.readmodels.reading import ReadModels
from aevatar.sessions.hub import Hub
from aevatar.sessions.reading import Sessions

log = structlog.get_logger("aevatar.runtime")

ACCEPT_SECONDS = 30.0
"""How long `dispatch` waits for the journal."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A command that was accepted: it will be handled, whatever happens to this process."""

    actor_id: ActorId
    command_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is recorded of a command. `answer` None while it is pending; `version` is the actor's at its turn."""

    answer: Message | None
    version: int


class Runtime:
    """Serves actors of the given kinds from a journal, inside `async with`.

    An effect that needs the runtime itself, to read sessions or to ask actors, is given as a function of it.

    Raises: Misassembled when kinds, effects or projectors do not fit together, with a sentence that says why.
    """

    def __init__(
        self,
        *,
        kinds: Iterable[Kind | type[Actor[Any]]],
        journal: Journal,
        effects: Iterable[Effect[Any, Any] | Callable[[Runtime], Effect[Any, Any]]] = (),
        projectors: Iterable[Projector] = (),
        vault: Vault | None = None,
        blobs: BlobStore | None = None,
        neighbours: Neighbours | None = None,
        shards: Collection[int] = range(SHARDS),
        limits: Limits | None = None,
        retention: Retention | None = None,
        clock: Clock | None = None,
        identifiers: Identifiers | None = None,
        random: Random | None = None,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        self._kinds = assemble(kinds)
        self._journal = journal
        self._vault = vault
        self._neighbours = neighbours
        self._shards = frozenset(shards)
        self._limits = limits or Limits()
        self._retention = retention or Retention()
        self._clock = clock or SystemClock()
        self._identifiers = identifiers or RandomIdentifiers()
        self._random = random or system_random()
        self._tracer_provider = tracer_provider
        self._projectors = Projectors(projectors, journal, self._kinds)
        self.metrics = Metrics()
        self.health = Health()
        self._hub = Hub()
        self.blobs = blobs or NoBlobs()
        self.sessions = Sessions(
            journal, self._hub, decode=lambda name, body: message_type(name).FromString(body), current=self._current
        )
        self.readmodels = ReadModels(journal, self._documents())
        self._effects = Effects(effect if isinstance(effect, Effect) else effect(self) for effect in effects)
        self._assemble()  # and again at every start, for what the one before has left behind

    def _documents(self) -> dict[str, type[Message]]:
        types, owners = dict(self._projectors.documents), dict(self._projectors.owners)
        for kind in {id(kind): kind for kind in self._kinds.values()}.values():
            owner = f"kind {kind.name!r}"
            for declared in kind.projection.documents:
                if (other := owners.setdefault(declared.name, owner)) != owner:
                    raise Misassembled(f"the read model {declared.name!r} is declared by {other} and {owner}")
                types[declared.name] = declared.message
        return types

    # Lifecycle

    async def __aenter__(self) -> Self:
        self._assemble()
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _assemble(self) -> None:
        self._tracing = Tracing(self._tracer_provider)
        self._tasks = Tasks(self._task_failed)
        self._waiting = Waiting()
        self._callers = Callers()
        self._stage = Stage(
            journal=self._journal,
            clock=self._clock,
            tasks=self._tasks,
            metrics=self.metrics,
            limits=self._limits,
            writer_depth=lambda: self._writer.depth,
            handle=self._handle,
        )
        self.health.quarantined = self._stage.quarantined
        self._writer = GroupCommit[Ticket](self._commit, self._settle, self)
        self._acceptor = GroupCommit[_Accepting](self._accept, self._settle_accepted, self)
        self._turns = Turns(
            stage=self._stage,
            writer=self._writer,
            journal=self._journal,
            clock=self._clock,
            tasks=self._tasks,
            metrics=self.metrics,
            limits=self._limits,
            current=self._current,
            effects=self._effects,
            waiting=self._waiting,
            tracing=self._tracing,
        )
        self._post = Post(
            kinds=self._kinds,
            stage=self._stage,
            shards=self._shards,
            neighbours=self._neighbours,
            clock=self._clock,
            metrics=self.metrics,
        )
        self._timers = Timers(self._journal, self._clock, self.metrics, self._post.fire)
        self._acting = Acting(
            clock=self._clock, vault=self._vault, signal=self._post.signal, deliver=self._post.deliver
        )
        self._runner = self._acting.runner = EffectRunner(
            effects=self._effects,
            tasks=self._tasks,
            metrics=self.metrics,
            random=self._random,
            tracing=self._tracing,
            deliver=self._acting.finish,
        )
        outlets = Outlets(
            show=lambda ticket: self._hub.publish(ticket.record.actor, ticket.record.shown),
            post=self._post.send,
            start=self._acting.start,
            cancel_effect=self._runner.cancel,
            arm=self._timers.arm,
            disarm=self._timers.disarm,
            signal=self._post.signal,
            erase=lambda actor_id: self._housekeeping.erase_soon(),
            fenced=self._fenced,
        )
        self._aftermath = Aftermath(
            stage=self._stage, turns=self._turns, waiting=self._waiting, metrics=self.metrics, outlets=outlets
        )
        self._housekeeping = Housekeeping(
            self._journal,
            self.blobs,
            clock=self._clock,
            stage=self._stage,
            kinds=self._kinds,
            retention=self._retention,
        )

    async def _start(self) -> None:
        self.health.troubles.clear()
        self._hub.open()
        self.health.phase = "opening the journal"
        await self._journal.open()
        await self.blobs.open()
        await self._journal.claim(self._shards)
        await self._rename_kinds()
        self._tasks.spawn(self._writer.run(), "journal writer")
        self._tasks.spawn(self._acceptor.run(), "mail writer")
        self._effects.runner = self._identifiers.new()
        recovery = Recovery(
            journal=self._journal,
            effects=self._effects,
            metrics=self.metrics,
            runner=self._effects.runner,
            waiting=self._stage.waiting,
            current=self._current,
            rename=self._rename_kinds,
            deliver=self._post.deliver,
            start=self._acting.restart,
        )
        self.health.phase = "taking up mail"
        await recovery.take_up_mail()
        self.health.phase = "arming timers"
        await self._timers.scan()
        self._tasks.spawn(self._timers.run(), "timers")
        self.health.phase = "taking up effects"
        await recovery.take_up_effects()
        self._tasks.spawn(recovery.keep_looking(), "looking for mail")
        self._tasks.spawn(self._housekeeping.run(), "housekeeping")
        self._projectors.start(self._tasks, self.health)
        self.health.phase = "ready"

    async def _rename_kinds(self) -> None:
        for name, kind in self._kinds.items():
            if name != kind.name and (moved := await self._journal.rename_kind(name, kind.name)):
                log.info("kind_renamed", old=name, new=kind.name, actors=moved)

    async def stop(self) -> None:
        """Stops serving: what is committed stays, what is not is as if it had never been asked for."""
        self.health.phase = "stopping"
        self._stage.is_paused = True
        self._timers.close()
        await self._tasks.close()
        self._callers.refuse(Unavailable("stopping", "this process is shutting down"))
        self._hub.close()
        for activation in list(self._stage.activations.values()):
            self._stage.drop(activation)
        await self.blobs.close()
        await self._journal.close()
        self.health.phase = "stopped"

    def gauges(self) -> Gauges:
        """What there is right now, to be exported beside the counters of `metrics`."""
        activations = self._stage.activations.values()
        return Gauges(
            activations=len(activations),
            messages_waiting=sum(len(activation.mailbox) for activation in activations),
            turns_uncommitted=sum(len(activation.inflight) for activation in activations),
            effects_running=self._runner.running,
            effects_waiting=self._runner.waiting,
            session_readers=self._hub.readers,
            readers_switched=self._hub.readers_switched,
            projector_lag=self._projectors.lag(self._clock.now()),
        )

    # Commands

    def require_place(self, effect: str, scope: ScopeId) -> None:
        """Goes on unless more effects of a type, by its name, wait in a scope than the type allows.

        For whoever is about to ask for more work of that type. What is under way already is never refused.

        Raises: Unavailable `overloaded`.
        """
        self._runner.require_place(effect, scope)

    async def dispatch(
        self, target: ActorId, command: Message, *, command_id: str | None = None, principal: Principal | None = None
    ) -> Receipt:
        """Accepts a command for `target`: durable when this returns, not decided yet. Repeating it is harmless.

        Raises: Rejected `unknown_kind`, `not_found`, `command_id_reused`, `payload_too_large`; Unavailable.
        """
        envelope = self._envelope(target, command, command_id, principal)
        if self._stage.depth(envelope.target) >= self._limits.mailbox:
            raise Unavailable("overloaded", f"{target} has {self._limits.mailbox} messages waiting", retry_after=1.0)
        with self._tracing.dispatch(envelope) as traced:
            accepting = _Accepting(traced, mail_of(traced), asyncio.get_running_loop().create_future())
            if command_id is None or not await self._is_recorded(accepting.mail):
                self._acceptor.add(accepting)
                if await self._callers.wait(accepting.future, ACCEPT_SECONDS, envelope.id) is not Verdict.COMMITTED:
                    raise command_id_reused(envelope.id)
        return Receipt(envelope.target, envelope.id)

    async def _is_recorded(self, mail: Mail) -> bool:
        known = await self._journal.outcome(mail.target, mail.id)
        if known is not None and known.digest != mail.digest:
            raise command_id_reused(mail.id)
        return known is not None

    async def ask(
        self,
        target: ActorId,
        command: Message,
        *,
        command_id: str | None = None,
        principal: Principal | None = None,
        timeout: float = 30.0,
    ) -> Message:
        """The outcome of a command, decided and durable.

        When `timeout` seconds pass the command may still take effect; its outcome stays readable by `outcome`, and
        the same command under the same id may be asked again.

        Raises: what the handler refused with; Unavailable `timeout`, `overloaded`, …; Internal.
        """
        return (await self.answer(target, command, command_id=command_id, principal=principal, timeout=timeout)).outcome

    async def answer(
        self,
        target: ActorId,
        command: Message,
        *,
        command_id: str | None = None,
        principal: Principal | None = None,
        timeout: float = 30.0,
    ) -> Answer:
        """As `ask`, with the version of the actor, which its documents show by then."""
        envelope = self._envelope(target, command, command_id, principal)
        if envelope.target.shard not in self._shards:  # a turn of it here would be refused, and take all others along
            raise Unavailable("not_here", f"{target} is served by another process")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        with self._tracing.dispatch(envelope) as traced:
            self._stage.deliver(self._kinds[envelope.target.kind], Delivery(traced, future=future))
            return await self._callers.wait(future, timeout, envelope.id)

    async def outcome(self, target: ActorId, command_id: str) -> Outcome | None:
        """What is recorded of a command, or None if no turn of it was committed. Wakes no actor.

        Raises: Rejected `gone` when what was recorded has been erased; Unavailable.
        """
        known = await self._journal.outcome(self._canonical(target).text, command_id)
        if known is None:
            return None
        if known.erased:
            raise outcome_erased(command_id)
        return Outcome(known_outcome(known, command_id), known.version)

    async def erase(self, target: ActorId, through_version: int) -> None:
        """Removes the history of `target` up to a version for good; a snapshot takes its place.

        The outcomes of those turns go with them: whoever repeats one of their commands hears `gone`, and it takes no
        effect again. Sessions and documents stay; an actor that retires with `erase` leaves nothing at all.

        Raises: Rejected `not_found`, `gone` or `invalid_version`; Unavailable.
        """
        self._refuse_unless_ready()
        await self._housekeeping.erase_history(self._canonical(target), through_version)

    def signal(self, target: ActorId, message: Message, *, principal: Principal | None = None) -> None:
        """Sends a message that is not recorded. It may be lost."""
        self._post.signal(target, message, principal)

    def _envelope(
        self, target: ActorId, command: Message, command_id: str | None, principal: Principal | None
    ) -> Envelope:
        self._refuse_unless_ready()
        target = self._canonical(target)
        principal = principal or _program(target.scope)
        if not self._kinds[target.kind].actor.allows(principal, command, target):
            raise not_found(target)  # before a look at command ids: a stranger must not learn which are taken
        return Envelope(
            id=check_command_id(command_id) if command_id is not None else self._identifiers.new(),
            target=target,
            payload=command,
            body=payload_bytes(command),
            principal=principal,
            sent_at=self._clock.now(),
        )

    def _refuse_unless_ready(self) -> None:
        if not self.health.is_ready:
            raise Unavailable("unavailable", "; ".join(self.health.reasons), retry_after=1.0)

    def _canonical(self, target: ActorId) -> ActorId:
        if target.kind not in self._kinds:
            raise Rejected("unknown_kind", f"no kind is called {target.kind!r}", "kind")
        return self._current(target)

    def _current(self, target: ActorId) -> ActorId:
        return current(self._kinds, target)

    def deliver(self, mail: Mail) -> None:
        """Takes mail that another process stored for a shard of this one."""
        self._post.receive(mail)

    # The journal

    def _handle(self, activation: Activation, delivery: Delivery) -> None:
        self._turns.handle(activation, delivery)

    def _settle(self, tickets: Sequence[Ticket], verdicts: Sequence[Verdict]) -> None:
        self._aftermath.settle(tickets, verdicts)

    async def _commit(self, tickets: Sequence[Ticket]) -> list[Verdict]:
        began = self._clock.elapsed()
        with self._tracing.commit(ticket.trace for ticket in tickets):
            verdicts = await self._journal.commit([ticket.record for ticket in tickets])
        self.metrics.commits += 1
        self.metrics.batch_size.observe(len(tickets))
        self.metrics.commit_seconds.observe(self._clock.elapsed() - began)
        return verdicts

    async def _accept(self, accepting: Sequence[_Accepting]) -> list[Verdict]:
        return await self._journal.accept([item.mail for item in accepting])

    def _settle_accepted(self, batch: Iterable[_Accepting], verdicts: Iterable[Verdict]) -> None:
        for item, verdict in zip(batch, verdicts, strict=True):
            if verdict is Verdict.COMMITTED:  # and so it is handled, even if its sender has given up meanwhile
                self._post.hand_over(item.envelope, item.mail)
            elif verdict is Verdict.FENCED:
                self._fenced()
            if not item.future.done():
                item.future.set_result(verdict)

    def journal_lost(self, error: Unavailable) -> None:
        """Pauses all mailboxes, and tells whoever waits; what is under way is stored when the journal is back."""
        self.metrics.journal_unavailable += 1
        if "journal" not in self.health.troubles:
            log.error("journal_unavailable", reason=error.message)
        self.health.troubles["journal"] = error.message or error.code
        self._stage.is_paused = True
        self._callers.refuse(Unavailable("unavailable", "the journal does not answer", retry_after=1.0))

    def journal_back(self) -> None:
        """Goes on where the journal had stopped answering."""
        if self.health.troubles.pop("journal", None) is not None:
            log.info("journal_back")
        self._stage.is_paused = bool(self.health.troubles)
        self._stage.resume()

    def _fenced(self) -> None:
        self.health.troubles["fenced"] = "another process owns the actors now"
        self._stage.is_paused = True
        self._callers.refuse(Unavailable("fenced", "another process owns the actors now", retry_after=1.0))

    def _task_failed(self, error: BaseException) -> None:
        log.critical("task_failed", error=type(error).__name__, where=where(error))
        self.health.troubles["task"] = f"{type(error).__name__} in a task of the runtime; restart the process"


@lru_cache(maxsize=1024)
def _program(scope: ScopeId) -> Principal:
    """Who calls where the program itself does: it may do everything in the scope."""
    return Principal(scope, "program", frozenset("*"))


@dataclass(frozen=True, slots=True)
class _Accepting:
    envelope: Envelope
    mail: Mail
    future: asyncio.Future[Verdict]
