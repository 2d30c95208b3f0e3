"""The two ways of asking, for peers that run on asyncio. Like `answering`, it needs the standard library only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from answering import answer


async def answer_asks(ask: Callable[[int], Awaitable[object]]) -> None:
    """Serves asks one after the other, and 200 under way; `ask` asks the actor of a number."""
    loop = asyncio.get_running_loop()

    async def alone(total: int) -> None:
        for number in range(total):
            await ask(number % 100)

    async def many(total: int) -> None:
        waiting = iter(range(total))

        async def caller() -> None:
            for number in waiting:
                await ask(number % 100)

        await asyncio.gather(*(caller() for _ in range(200)))

    works = {
        "alone": lambda total: asyncio.run_coroutine_threadsafe(alone(total), loop).result(),
        "many": lambda total: asyncio.run_coroutine_threadsafe(many(total), loop).result(),
    }
    await asyncio.to_thread(answer, works)
