"""Acting: work outside the turn, such as a model call or a request over HTTP.

Its intent is in the ledger before it starts; its result comes back as a command, and the turn that handles the result
marks the effect done. So a crash leaves either no intent, or an intent that is found again.
"""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import structlog
from google.protobuf.message import Message

from aevatar.actors.acting.places import Places
from aevatar.actors.actors_pb2 import EffectFailed, EffectRecord
from aevatar.actors.envelope import payload_bytes
from aevatar.actors.metrics import Metrics
from aevatar.actors.tasks import Tasks
from aevatar.actors.tracing import Tracing
from aevatar.errors import AevatarError, Misassembled, Rejected, Unavailable
from aevatar.identity import ActorId, Principal, ScopeId

Request = TypeVar("Request", bound=Message)
Result = TypeVar("Result", bound=Message)

log = structlog.get_logger("aevatar.effects")

OVERLOADED_SECONDS = 5.0
"""When to try again where too many effects wait."""


class Policy(Enum):
    """What is done about an effect that was under way when its process died."""

    REPEAT = "repeat"
    """It runs again under the same effect id: it is idempotent, or the far side takes that id as its key."""
    ASK = "ask"
    """The actor receives `EffectInterrupted` and decides."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often an effect is tried, and the pauses between tries in seconds: doubling, with jitter."""

    attempts: int = 3
    first_pause: float = 0.5
    longest_pause: float = 30.0

    def pause(self, attempt: int, random: Random) -> float:
        """The pause after try number `attempt`, counted from 1."""
        unjittered = min(self.longest_pause, self.first_pause * 2.0 ** (attempt - 1))
        return unjittered * random.uniform(0.5, 1.0)


class EffectError(AevatarError):
    """Raised by an effect to end with a code of its own.

    `retryable` asks for another try, no earlier than `retry_after` seconds from now.
    """

    def __init__(
        self, code: str, message: str = "", *, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after


class Vault(Protocol):
    """Where credential handles are exchanged for secrets; see `aevatar.credentials`."""

    def redeem(self, handle_id: str, binding: Any, ticket: str) -> Any: ...


class Link:
    """An effect's only tie to its actor while it runs."""

    __slots__ = (
        *("_secrets", "_signal", "_vault"),
        *("actor_id", "attachment", "attempt", "effect_id", "principal", "record"),
    )

    def __init__(
        self,
        actor_id: ActorId,
        effect_id: str,
        record: EffectRecord,
        *,
        principal: Principal,
        attachment: object,
        signal: Callable[[ActorId, Message], None],
        vault: Vault | None,
    ) -> None:
        self.actor_id = actor_id
        self.effect_id = effect_id
        """The idempotency key for the far side: the same on every try, and after a crash."""
        self.record = record
        self.principal = principal
        """Whoever sent the command that started the effect."""
        self.attachment = attachment
        self.attempt = 1
        self._signal = signal
        self._vault = vault
        self._secrets: dict[str, Any] = {}

    def signal(self, message: Message) -> None:
        """Sends the actor something on the way, such as a token. Unrecorded, in order, before the result."""
        self._signal(self.actor_id, message)

    def secret(self, handle_id: str, binding: Any) -> Any:
        """The secret a credential handle stands for, once per effect. Raises: Unavailable `credential_unavailable`."""
        if self._vault is None:
            raise Unavailable("credential_unavailable", "this runtime has no vault")
        if handle_id not in self._secrets:  # a second try is the same effect: it keeps what it was given
            self._secrets[handle_id] = self._vault.redeem(handle_id, binding, self.effect_id)
        return self._secrets[handle_id]


class Effect(Generic[Request, Result]):
    """One type of effect, with what it needs given to its constructor. Registered like a kind.

    `concurrency` bounds how many run at once in a process, and `concurrency_per_scope` how many of them for one scope;
    the others wait, and scopes are served in turn. `waiting_per_scope` bounds nothing: past it `Runtime.require_place`
    refuses what would lead to more. `deadline` (seconds) is for all tries of one, from when it has its place.
    """

    name: ClassVar[str]
    policy: ClassVar[Policy] = Policy.REPEAT
    concurrency: int = 16
    concurrency_per_scope: int | None = None
    """None: as many as there are."""
    waiting_per_scope: int = 1_000
    deadline: float = 600.0
    retries: Retries = Retries()

    async def run(self, request: Request, link: Link) -> Result:
        """Does the work; what it returns comes to the actor as a command.

        Cancelling the effect cancels this coroutine: let the cancellation through, and close what you opened.
        """
        raise TypeError(f"{type(self).__name__} does not define run()")

    def at_once(self, request: Request) -> Result | None:
        """The result, where it is known already; then `run` is not called, and intent and result are stored together.

        Decides at once: it may do no I/O, and must not act on anything.
        """
        return None


class Effects:
    """The registered effect types. Raises: Misassembled when two share a name or a request."""

    def __init__(self, effects: Iterable[Effect[Any, Any]]) -> None:
        self.runner = ""
        """The process that runs them, as the ledger names it."""
        self.by_name: dict[str, Effect[Any, Any]] = {}
        self.names: dict[type[Message], str] = {}
        for effect in effects:
            request = _request_of(effect)
            if (other := self.by_name.get(effect.name)) is not None:
                raise Misassembled(f"two effects are called {effect.name!r}: {_place(other)} and {_place(effect)}")
            if (taken := self.names.get(request)) is not None:
                raise Misassembled(
                    f"two effects take {request.DESCRIPTOR.full_name}: {taken!r} ({_place(self.by_name[taken])}) "
                    f"and {effect.name!r} ({_place(effect)})"
                )
            self.by_name[effect.name] = effect
            self.names[request] = effect.name

    def known(self, request: Message) -> Message | None:
        """The result of an effect that need not be run."""
        result: Message | None = self.by_name[self.names[type(request)]].at_once(request)
        return result


def _request_of(effect: Effect[Any, Any]) -> type[Message]:
    if not isinstance(getattr(effect, "name", None), str):
        raise Misassembled(f"effect {_place(effect)} needs a class attribute name = '<module>.<verb>'")
    request = typing.get_type_hints(type(effect).run).get("request")
    if not (isinstance(request, type) and issubclass(request, Message)):
        raise Misassembled(f"effect {effect.name!r} must annotate run(self, request: <generated message>, link: Link)")
    return request


def _place(effect: Effect[Any, Any]) -> str:
    return f"{type(effect).__module__}.{type(effect).__qualname__}"


class Deliver(Protocol):
    """Brings a result, or the news that there is none, to the actor."""

    def __call__(self, link: Link, result: Message, *, is_failure: bool) -> None: ...


class EffectRunner:
    """Runs effects as tasks: at most so many of a type at once, each with its deadline and its tries."""

    def __init__(
        self,
        *,
        effects: Effects,
        tasks: Tasks,
        metrics: Metrics,
        random: Random,
        tracing: Tracing,
        deliver: Deliver,
    ) -> None:
        self._effects = effects
        self._tasks = tasks
        self._metrics = metrics
        self._random = random
        self._tracing = tracing
        self._deliver = deliver
        self._places = {name: _places(effect) for name, effect in effects.by_name.items()}
        self._running: dict[str, asyncio.Task[None]] = {}

    @property
    def running(self) -> int:
        """How many effects run or wait for their place."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many of them wait."""
        return sum(places.all_waiting for places in self._places.values())

    def require_place(self, name: str, scope: ScopeId) -> None:
        """Goes on unless too many effects of a type wait in a scope. Raises: Unavailable `overloaded`."""
        limit = self._effects.by_name[name].waiting_per_scope
        if self._places[name].waiting(scope) > limit:
            sentence = f"more than {limit} effects {name!r} of this scope wait for their turn"
            raise Unavailable("overloaded", sentence, retry_after=OVERLOADED_SECONDS)

    def start(self, name: str, request: Message, link: Link) -> None:
        """Runs an effect whose intent is in the ledger. Harmless if it is running already."""
        if link.effect_id in self._running:
            return
        self._metrics.effects_started += 1
        work = self._run(self._effects.by_name[name], request, link)
        self._running[link.effect_id] = self._tasks.spawn(work, f"effect {name} {link.effect_id}")

    def cancel(self, effect_id: str) -> None:
        """Ends the task of an effect. Harmless if there is none."""
        if (task := self._running.pop(effect_id, None)) is not None:
            self._metrics.effects_cancelled += 1
            task.cancel()

    async def _run(self, effect: Effect[Any, Any], request: Message, link: Link) -> None:
        places, scope = self._places[effect.name], link.actor_id.scope
        await places.take(scope)
        try:
            with self._tracing.effect(effect.name, link.effect_id, link.record.trace):
                result = await self._result(effect, request, link)
        finally:
            places.give_back(scope)
        if self._running.pop(link.effect_id, None) is not None:  # else it was cancelled, and nobody waits for it
            failed = isinstance(result, EffectFailed)
            self._metrics.effects_failed += failed
            self._metrics.effects_done += not failed
            self._deliver(link, result, is_failure=failed)

    async def _result(self, effect: Effect[Any, Any], request: Message, link: Link) -> Message:
        try:
            async with asyncio.timeout(effect.deadline):
                return await self._tried(effect, request, link)
        except TimeoutError:
            return _failed(effect, link, EffectError("timeout", f"not done within {effect.deadline} seconds"))
        except EffectError as error:
            return _failed(effect, link, error)

    async def _tried(self, effect: Effect[Any, Any], request: Message, link: Link) -> Message:
        while True:
            try:
                result: Message = await effect.run(request, link)
                payload_bytes(result)  # what cannot be delivered is a failure of the effect, and told as one
                return result
            except Exception as error:
                problem = _problem(error)
                log.warning("effect_failed", effect=effect.name, effect_id=link.effect_id, code=problem.code)
                if not problem.retryable or link.attempt >= effect.retries.attempts:
                    raise problem from error
            pause = effect.retries.pause(link.attempt, self._random)
            await asyncio.sleep(max(pause, problem.retry_after or 0.0))
            link.attempt += 1


def _places(effect: Effect[Any, Any]) -> Places:
    per_scope = effect.concurrency_per_scope
    return Places(effect.concurrency, effect.concurrency if per_scope is None else per_scope)


def _problem(error: Exception) -> EffectError:
    if isinstance(error, EffectError):
        return error
    if isinstance(error, Unavailable):
        return EffectError(
            error.code, error.message, retryable=error.code != "credential_unavailable", retry_after=error.retry_after
        )
    if isinstance(error, Rejected):
        return EffectError(error.code, error.message)
    if isinstance(error, OSError):
        return EffectError("unavailable", type(error).__name__, retryable=True)
    return EffectError("effect_failed", type(error).__name__)  # its text may hold a secret, so only the class is told


def _failed(effect: Effect[Any, Any], link: Link, error: EffectError) -> EffectFailed:
    return EffectFailed(
        effect_id=link.effect_id,
        effect=effect.name,
        code=error.code,
        message=error.message[:500],
        retryable=error.retryable,
        attempts=link.attempt,
    )
