"""Virtual time: an event loop that jumps to the next timer when nothing is ready, instead of waiting for it.

Twenty hours of timers, retries and idleness pass in milliseconds, and always in the same order. All that waits through
the loop takes part: `asyncio.sleep`, `asyncio.timeout`, `anyio`, and the kernel when it is given a `VirtualClock`.

What threads and sockets do takes real time, which the loop cannot see. While such work is registered, by `real_work` or
by `run_in_executor`, virtual time stands still and the loop waits. So within it nothing may wait for a timer, and what
is not registered, such as an adapter reconnecting on its own, may find that hours have passed. The journal in memory
needs none of this; one with threads or a network is wrapped by `in_real_time`.
"""

from __future__ import annotations

import asyncio
import inspect
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack, cast

from aevatar.journal.port import Journal

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""What a `VirtualClock` shows when its loop starts."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that starts at 0 seconds and never waits for a timer."""

    def __init__(self) -> None:
        self._now = 0.0
        self._real_work = 0
        super().__init__(_JumpingSelector(self._pass))
        # Sums of delays are inexact; without this a timer could be due and yet never fire.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Seconds since the loop was made, as its timers see it."""
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """As in every loop; time stands still until it is done."""
        self._real_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._done)
        return future

    @contextmanager
    def real_work(self) -> Iterator[None]:
        """Keeps time still while the block waits for a thread or a socket."""
        self._real_work += 1
        try:
            yield
        finally:
            self._real_work -= 1

    def _done(self, _: asyncio.Future[Any]) -> None:
        self._real_work -= 1

    def _pass(self, seconds: float) -> bool:
        if self._real_work:
            return False
        self._now += seconds
        return True


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, jump: Callable[[float], bool]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and (timeout <= 0 or self._jump(timeout))):
            return ready
        return super().select(None)  # only the world outside can end this


VIRTUAL_TIME: Final[tuple[str, dict[str, Any]]] = ("asyncio", {"loop_factory": VirtualTimeLoop})
"""What a fixture `anyio_backend` returns to have async tests run in virtual time."""


class VirtualClock:
    """The time of the running loop: for a `Runtime` whose timers are to follow virtual time."""

    def __init__(self, beginning: datetime = BEGINNING) -> None:
        self._beginning = round(beginning.timestamp() * 1000)

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self._beginning + round(self.elapsed() * 1000)

    def elapsed(self) -> float:
        """Seconds since the loop was made."""
        return asyncio.get_running_loop().time()


def run_in_virtual_time(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs an async function to its end on a fresh loop."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


async def elapse(seconds: float) -> None:
    """Lets virtual time pass, with all that happens in it.

    Raises: RuntimeError outside virtual time, where this would be a test that sleeps.
    """
    is_virtual = isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    if not is_virtual:
        raise RuntimeError("this loop runs in real time: use the anyio backend VIRTUAL_TIME")
    await asyncio.sleep(seconds)


def in_real_time(journal: Journal) -> Journal:
    """The same journal, whose calls hold virtual time still; for one that works with threads or a network."""
    return cast("Journal", _InRealTime(journal))


class _InRealTime:
    def __init__(self, inner: Journal) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if inspect.isasyncgenfunction(method):
            return lambda *args: _each(method(*args))
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            with _still():
                return await method(*args, **kwargs)

        return call


async def _each(values: AsyncIterator[T]) -> AsyncIterator[T]:
    while True:
        with _still():
            try:
                value = await anext(values)
            except StopAsyncIteration:
                return
        yield value


@contextmanager
def _still() -> Iterator[None]:
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualTimeLoop):
        with loop.real_work():
            yield
    else:
        yield
