"""`aevatar journal …`, as an operator runs it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from aevatar.actors import Runtime
from aevatar.actors.nature import SystemClock
from aevatar.blobs import DirectoryBlobs
from aevatar.journal.port import Journal
from aevatar.journal.postgres import PostgresJournal
from aevatar.journal.records import DeadLetter, DocumentWrite, TurnRecord
from aevatar.journal.sqlite import SqliteJournal
from tests.cli.kit import Shell, serving
from tests.postgres import drop_database, new_database
from tests.sample.kinds import TALLY
from tests.sample.sample_pb2 import Add, Say
from tests.sample.world import ANN, BEN

TALLIES = ("--capability", "tests.sample.served")
Handle = Callable[[], Journal]
COMMANDS = ("info", "verify", "export", "rebuild-readmodels", "compact")


@pytest.fixture(autouse=True)
def path_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def database() -> Iterator[str]:
    """An empty database of its own."""
    url = asyncio.run(new_database())
    yield url
    asyncio.run(drop_database(url))


@pytest.fixture(params=["sqlite", "postgres"])
def at(request: pytest.FixtureRequest, shell: Shell) -> tuple[Handle, tuple[str, ...]]:
    """A journal, and the options that name it."""
    if request.param == "sqlite":
        return in_the_data_folder(shell), ()
    url: str = request.getfixturevalue("database")
    return lambda: PostgresJournal(url), ("--database", url)


def in_the_data_folder(shell: Shell) -> Handle:
    return lambda: SqliteJournal(shell.folder / "var" / "aevatar.db")


def lived(handle: Handle) -> None:
    """Two tallies, one with a session."""

    async def live() -> None:
        async with Runtime(kinds=[TALLY], journal=handle()) as actors:
            await actors.ask(ANN, Add(by=2))
            await actors.ask(ANN, Say(item="a", text="x"))
            await actors.ask(BEN, Add(by=3))

    asyncio.run(live())


def changed(handle: Handle, change: Callable[[Journal], Awaitable[object]]) -> None:
    async def work() -> None:
        journal = handle()
        await journal.open()
        try:
            await change(journal)
        finally:
            await journal.close()

    asyncio.run(work())


async def spoil(journal: Journal) -> None:
    wrong = DocumentWrite("sample.tallies", "alpha", "ann", 2, b"", {"total": 1, "parity": "odd"})
    assert await journal.replace_documents(ANN.text, 2, [wrong])


def numbers(text: str) -> dict[str, int]:
    """What stands in the table of counts."""
    rows = (line.rsplit(maxsplit=1) for line in text.splitlines())
    return {row[0].strip(): int(row[1].replace(",", "")) for row in rows if len(row) == 2 and row[1][0].isdigit()}


def test_a_journal_is_looked_at_copied_verified_and_put_right(shell: Shell, at: tuple[Handle, tuple[str, ...]]) -> None:
    handle, named = at
    lived(handle)
    told = shell("journal", "info", *named)
    assert told.code == 0
    assert numbers(told.out) == {
        "actors": 2,
        "turns": 3,
        "mail": 0,
        "timers": 0,
        "effects": 0,
        "documents": 2,
        "sessions": 2,
        "session events": 3,
        "dead letters": 0,
        "last position": numbers(told.out)["last position"],
    }

    told = shell("journal", "verify", *named, *TALLIES)
    assert (told.code, told.out.splitlines()[-1]) == (0, "all is well")
    changed(handle, spoil)
    told = shell("journal", "verify", *named, *TALLIES)
    assert (told.code, told.out.splitlines()[-3:]) == (
        1,
        [
            f"{ANN}: its document sample.tallies alpha/ann is not what the log adds up to",
            f"{ANN}: its document sample.tallies alpha/ann is listed under other attributes than the log adds up to",
            "2 differences",
        ],
    )
    told = shell("journal", "rebuild-readmodels", "sample.tallies", *named, *TALLIES)
    assert (told.code, told.out) == (0, "2 documents of 2 actors made anew\n")
    assert shell("journal", "verify", *named, *TALLIES).code == 0


def test_the_log_is_exported_as_lines_of_json(shell: Shell, at: tuple[Handle, tuple[str, ...]]) -> None:
    handle, named = at
    lived(handle)
    told = shell("journal", "export", *named, *TALLIES)
    turns = [json.loads(line) for line in told.out.splitlines()]
    assert (told.code, [(turn["actor"], turn["version"]) for turn in turns]) == (
        0,
        [(ANN.text, 1), (ANN.text, 2), (BEN.text, 1)],
    )
    assert turns[2]["events"][0]["message"] == {"by": "3", "subject": "program"}


def test_compacting_sweeps_what_is_a_week_old(shell: Shell, at: tuple[Handle, tuple[str, ...]]) -> None:
    handle, named = at
    lived(handle)

    async def die(journal: Journal) -> None:
        await journal.claim([ANN.shard])
        await journal.commit([TurnRecord(ANN.text, ANN.shard, 0, dead=[DeadLetter("d", ANN.text, "a bug", b"", 0)])])

    changed(handle, die)
    told = shell("journal", "compact", *named)
    assert (told.code, told.out.split(";")[0]) == (0, "1 dead letters and finished effects swept")


def test_a_copy_can_be_verified_elsewhere_and_replaces_nothing(shell: Shell) -> None:
    lived(in_the_data_folder(shell))
    told = shell("journal", "backup", "copy.db")
    size = (shell.folder / "copy.db").stat().st_size
    assert (told.code, told.out) == (0, f"copy.db: {size:,} bytes\n")
    assert shell("journal", "verify", "--database", "sqlite:///copy.db", *TALLIES).code == 0
    again = shell("journal", "backup", "copy.db")
    assert (again.code, "exists already" in again.err) == (1, True)


def test_a_copy_takes_the_blobs_along(shell: Shell) -> None:
    lived(in_the_data_folder(shell))
    blobs = DirectoryBlobs(shell.folder / "var" / "aevatar.db.blobs", SystemClock())
    ref = asyncio.run(blobs.put(ANN, b"data", "text/plain"))
    told = shell("journal", "backup", "copy.db")
    (copy,) = (shell.folder / "copy.db.blobs").rglob(ref.blob_id)
    assert (told.code, told.out.splitlines()[1]) == (0, f"copy.db.blobs: {copy.stat().st_size} bytes of blobs")
    (shell.folder / "copy.db").unlink()
    again = shell("journal", "backup", "copy.db")
    assert (again.code, "exists already" in again.err) == (1, True)
    assert not (shell.folder / "copy.db").exists()


def test_what_serves_is_not_disturbed_by_looking_and_keeps_out_whoever_changes(tmp_path: Path, shell: Shell) -> None:
    with serving(tmp_path):
        for looking in (("info",), ("export",), ("backup", "copy.db")):
            assert shell("journal", *looking, "--data", "data").code == 0
        for changing in ("verify", "rebuild-readmodels", "compact"):
            told = shell("journal", changing, "--data", "data")
            assert (told.code, "is open already in process" in told.err) == (1, True)
    assert shell("journal", "verify", "--database", "sqlite:///copy.db").code == 0


# Refusals


@pytest.mark.parametrize("command", COMMANDS)
def test_a_journal_that_is_not_there_is_not_made(shell: Shell, command: str) -> None:
    told = shell("journal", command)
    assert (told.code, told.err) == (1, "aevatar: there is no journal at 'var/aevatar.db'\n")
    assert list(shell.folder.iterdir()) == []


def test_a_journal_in_memory_cannot_be_looked_at(shell: Shell) -> None:
    told = shell("journal", "info", "--database", "memory:")
    assert (told.code, "ends with its process" in told.err) == (1, True)


def test_kinds_that_no_capability_has_are_told(shell: Shell) -> None:
    lived(in_the_data_folder(shell))
    told = shell("journal", "verify")
    assert (told.code, told.out.splitlines()[-2:]) == (
        1,
        ["2 actors of kind 'sample.tally' were not replayed: no capability here has that kind", "1 differences"],
    )


def test_a_read_model_that_no_capability_has_is_refused(shell: Shell) -> None:
    lived(in_the_data_folder(shell))
    told = shell("journal", "rebuild-readmodels", "sample.unheard", *TALLIES)
    assert (told.code, "no capability here has a read model 'sample.unheard'" in told.err) == (1, True)
