"""Two processes own the same shards by mistake: the one that froze wakes up, and is refused."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from tests.sample.sample_pb2 import Add
from tests.torture.audits import Audit
from tests.torture.evidence import Crowd, audited
from tests.torture.killing import Nursery, call
from tests.torture.stores import database
from tests.torture.victim import written

__all__ = ["database"]

ADDITION = written(Add(by=1))


async def test_a_frozen_owner_that_wakes_up_is_refused_and_nothing_is_lost(
    database: str, tmp_path: Path, audit: Audit
) -> None:
    place, up = f"{database}#fenced", asyncio.Event()
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    async with Nursery(place, old) as nursery, asyncio.TaskGroup() as everybody:
        crowd = Crowd(old, up)
        frozen = await nursery.start()
        await nursery.until_ready()
        up.set()
        everybody.create_task(crowd.read())
        working = everybody.create_task(crowd.work(clients=8))
        await crowd.done.until_more(50)
        os.kill(frozen, signal.SIGSTOP)

        await nursery.start(new)
        await nursery.until_ready()
        crowd.move(new)
        # Whoever had asked the old owner still waits for it.
        assert "outcome" in await call(new, do="ask", actor="ann", id="meanwhile", command=ADDITION)

        os.kill(frozen, signal.SIGCONT)
        refused = await call(old, do="ask", actor="ann", id="too late", command=ADDITION)
        assert refused == {"refused": "fenced", "again": True}
        assert await call(old, do="health") == {"reasons": ["fenced: another process owns the actors now"]}
        await crowd.done.until_more(50)
        await nursery.kill(frozen)

        working.cancel()
        await asyncio.wait({working})
        await crowd.finish()
    audit(f"1 owner fenced, {await audited(place, crowd)}")
