"""`aevatar journal …`: what an operator does with the store behind the actors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio

from aevatar.actors import Retention
from aevatar.actors.nature import SystemClock
from aevatar.actors.upkeep.exporting import exported
from aevatar.actors.upkeep.rebuilding import rebuild_readmodels
from aevatar.actors.upkeep.verification import verify_journal
from aevatar.blobs import DirectoryBlobs
from aevatar.errors import Rejected
from aevatar.journal.port import Journal
from aevatar.platform import Platform, PlatformSettings
from aevatar.server import Capability, Settings, load_capability
from aevatar.server.journals import blobs_at, existing_journal_at

_WEEK: Final = round(Retention().finished * 1000)


def info(settings: Settings) -> None:
    """Prints what there is, in numbers. A process that serves is not disturbed."""
    anyio.run(_info, settings)


def verify(settings: Settings, platform_settings: PlatformSettings) -> int:
    """Prints what was read back, and what is wrong; the exit code is 1 if anything is."""
    return anyio.run(_verify, settings, _capabilities(settings, platform_settings))


def backup(settings: Settings, path: Path) -> None:
    """Writes a copy to `path`. A process that serves is not disturbed. Raises: Rejected when something is there."""
    blobs = DirectoryBlobs.beside(path)
    if blobs.exists():  # before anything is written
        raise Rejected("backup_exists", f"{str(blobs)!r} exists already", "path")
    anyio.run(_backup, settings, path)
    print(f"{path}: {path.stat().st_size:,} bytes")
    if blobs.exists():
        print(f"{blobs}: {sum(file.stat().st_size for file in blobs.rglob('*') if file.is_file()):,} bytes of blobs")


def export(settings: Settings, platform_settings: PlatformSettings) -> None:
    """Prints the log, one line of JSON for each turn. A process that serves is not disturbed."""
    _capabilities(settings, platform_settings)  # for the types of their events, which are known once they are imported
    try:
        anyio.run(_export, settings)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough; what Python would still write has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def rebuild(settings: Settings, platform_settings: PlatformSettings, name: str | None) -> int:
    """Makes read models anew; the exit code is 1 if some could not be. Raises: Rejected `readmodel_unknown`."""
    return anyio.run(_rebuild, settings, _capabilities(settings, platform_settings), name)


def compact(settings: Settings) -> None:
    """Sweeps what is kept for a week only, and gives the space back."""
    anyio.run(_compact, settings)


def _capabilities(settings: Settings, platform_settings: PlatformSettings) -> list[Capability]:
    sys.path.insert(0, "")  # capabilities of one's own lie where one works
    return Platform(platform_settings).capabilities(*map(load_capability, settings.capabilities))


@asynccontextmanager
async def _opened(settings: Settings, *, read_only: bool) -> AsyncIterator[Journal]:
    database = settings.database.get_secret_value() if settings.database else None
    journal = existing_journal_at(database, settings.data, read_only=read_only)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close()


async def _info(settings: Settings) -> None:
    async with _opened(settings, read_only=True) as journal:
        known = await journal.info()
    print(f"{known.adapter} {known.location}, schema {known.schema}, {known.size:,} bytes")
    _print_counts(known.counts)
    print(f"last position {known.last_position}")


async def _verify(settings: Settings, capabilities: list[Capability]) -> int:
    kinds = [kind for capability in capabilities for kind in capability.kinds]
    projectors = [projector for capability in capabilities for projector in capability.projectors]
    async with _opened(settings, read_only=False) as journal:  # where only one may have it, nobody serves it meanwhile
        verified = await verify_journal(journal, kinds, projectors)
    _print_counts(verified.counts)
    for difference in verified.differences:
        print(difference)
    print(f"{len(verified.differences)} differences" if verified.differences else "all is well")
    return 1 if verified.differences else 0


async def _backup(settings: Settings, path: Path) -> None:
    database = settings.database.get_secret_value() if settings.database else None
    async with _opened(settings, read_only=True) as journal:
        await journal.backup(path)
    await blobs_at(database, settings.data).backup(path)  # after the facts that name them


async def _export(settings: Settings) -> None:
    async with _opened(settings, read_only=True) as journal:
        async for turn in exported(journal):
            print(json.dumps(turn))


async def _rebuild(settings: Settings, capabilities: list[Capability], name: str | None) -> int:
    kinds = [kind for capability in capabilities for kind in capability.kinds]
    projectors = [projector for capability in capabilities for projector in capability.projectors]
    async with _opened(settings, read_only=False) as journal:
        rebuilt = await rebuild_readmodels(journal, kinds, projectors=projectors, name=name)
    print(f"{rebuilt.documents:,} documents of {rebuilt.actors:,} actors made anew")
    if rebuilt.projectors:
        print(f"{rebuilt.projectors} projectors begin anew when they are served next")
    for problem in rebuilt.problems:
        print(problem)
    return 1 if rebuilt.problems else 0


async def _compact(settings: Settings) -> None:
    async with _opened(settings, read_only=False) as journal:
        before = (await journal.info()).size
        swept = await journal.sweep(SystemClock().now() - _WEEK)
        await journal.compact()
        after = (await journal.info()).size
    print(f"{swept:,} dead letters and finished effects swept; {before:,} bytes before, {after:,} now")


def _print_counts(counts: Mapping[str, int]) -> None:
    width = max(map(len, counts), default=0)
    for what, number in counts.items():
        print(f"{what.replace('_', ' '):<{width}} {number:>12,}")
