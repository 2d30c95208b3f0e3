"""Xoscar within one process: calls of 100 actors of its main pool; nothing is stored. It is slower on uvloop."""

from __future__ import annotations

import asyncio

import xoscar
from asking import answer_asks
from xoscar.utils import get_next_port


class Tally(xoscar.Actor):
    def __init__(self) -> None:
        self.total = 1

    def how_much(self) -> int:
        return self.total


async def main() -> None:
    pool = await xoscar.create_actor_pool(f"127.0.0.1:{get_next_port()}", n_process=0)
    actors = [await xoscar.create_actor(Tally, address=pool.external_address, uid=str(key)) for key in range(100)]
    await answer_asks(lambda number: actors[number].how_much())
    await pool.stop()


asyncio.run(main())
