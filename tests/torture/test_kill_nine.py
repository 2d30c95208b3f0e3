"""`kill -9`, over and over: what was acknowledged is recorded, nothing happened twice, no reader missed anything."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.torture.audits import Audit
from tests.torture.evidence import Crowd, audited
from tests.torture.killing import Nursery, kill_again_and_again
from tests.torture.stores import database

__all__ = ["database"]

IS_LONG = os.environ.get("AEVATAR_TORTURE") == "long"
KILLS = 50
LONG = 1800.0
"""Seconds of kills on each of two journals in the long form."""


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "journal.db")
    return f"{request.getfixturevalue('database')}#killed"


@pytest.mark.timeout(0 if IS_LONG else 120)
async def test_whatever_is_killed_when_nothing_acknowledged_is_lost(place: str, tmp_path: Path, audit: Audit) -> None:
    up = asyncio.Event()
    async with Nursery(place, str(tmp_path / "socket")) as nursery, asyncio.TaskGroup() as everybody:
        crowd = Crowd(nursery.address, up)
        everybody.create_task(crowd.read())
        working = everybody.create_task(crowd.work(clients=8))
        kills = await kill_again_and_again(nursery, up=up, done=crowd.done, dice=Random(0), until=enough())
        working.cancel()
        await asyncio.wait({working})
        await crowd.finish()
    audit(f"{kills} kills, {await audited(place, crowd)}")


def enough() -> Callable[[int], bool]:
    began = asyncio.get_running_loop().time()

    def is_enough(kills: int) -> bool:
        return asyncio.get_running_loop().time() - began > LONG if IS_LONG else kills >= KILLS

    return is_enough
