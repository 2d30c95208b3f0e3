"""Connections to a journal's file, and the road from an empty or older file to the schema that this release knows."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

from aevatar.errors import Misassembled

APPLICATION_ID: Final = 0x61657661
"""Marks the file as ours in its header: "aeva"."""

_OLDEST_SQLITE: Final = (3, 35, 0)
_OLDEST_CODE = re.compile(r"^-- oldest code: (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Migration:
    """A numbered step of the schema. Once released it never changes."""

    number: int
    name: str
    sql: str
    oldest_code: int
    """The newest migration that code must know of to use the file after this step."""


def migrations() -> list[Migration]:
    """All steps, in order; the number of the last one is the schema of this release."""
    found = sorted(files(__package__).joinpath("migrations").iterdir(), key=lambda file: file.name)
    return [_migration(file.name, file.read_text(encoding="utf-8")) for file in found if file.name.endswith(".sql")]


def prepare(path: Path) -> sqlite3.Connection:
    """Brings the file up to date, or makes it, and answers the connection for writing to it.

    Raises: Misassembled when it is no journal, or one that only a later release may use; then it is as it was.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise Misassembled(f"SQLite 3.35 or newer is needed, and this Python has {sqlite3.sqlite_version}")
    steps = migrations()
    try:
        _examine(path, known=steps[-1].number)
        connection = connect_writer(path)
    except sqlite3.Error as error:
        raise Misassembled(f"{str(path)!r} cannot be opened as a journal: {error}") from error
    try:
        _migrate(connection, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def examine(path: Path) -> None:
    """Looks whether the file can be read as it is. Raises: Misassembled when it is no journal of this release."""
    known = migrations()[-1].number
    try:
        found = _examine(path, known=known)
    except sqlite3.Error as error:
        raise Misassembled(f"{str(path)!r} cannot be opened as a journal: {error}") from error
    if found < known:
        raise Misassembled(f"the journal {str(path)!r} has schema {found}: serve it once to bring it to schema {known}")


def connect_writer(path: Path) -> sqlite3.Connection:
    """The connection that writes; all that can be read over it is durable.

    Raises: sqlite3.Error when the file system does not give what that needs.
    """
    connection = _connect(path)
    try:
        mode = connection.execute("pragma journal_mode = wal").fetchone()[0]
        if mode != "wal":
            raise sqlite3.OperationalError(f"no write-ahead log is possible here, only {mode!r}")
        connection.execute("pragma synchronous = full")
        _make_durable(connection)
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma secure_delete = on")  # what is erased is overwritten, not merely marked as free
        connection.execute("pragma cache_size = -65536")  # KiB
        connection.execute("pragma wal_autocheckpoint = 4000")  # pages: 16 MB, written back once and not page by page
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. The file is not mapped: an I/O error there would kill the process."""
    connection = _connect(path)
    connection.execute("pragma query_only = on")
    connection.execute("pragma cache_size = -8192")  # KiB
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    # Each connection is used by one thread at a time, but not always by the one that made it.
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=1024)


def _make_durable(connection: sqlite3.Connection) -> None:
    # SQLite finds whole transactions in its log, also one whose sync failed or was never reached. It would be told as
    # committed, and a loss of power would take it back. Written into the file, which is synced, it stays.
    is_busy, in_log, written_back = connection.execute("pragma wal_checkpoint(full)").fetchone()
    if is_busy or in_log != written_back:
        raise sqlite3.OperationalError("the log could not be written back yet")


def _migration(file_name: str, sql: str) -> Migration:
    oldest_code = _OLDEST_CODE.search(sql)
    if oldest_code is None:
        raise Misassembled(f"the migration {file_name!r} does not say the oldest code that may use the file after it")
    number, _, name = file_name.removesuffix(".sql").partition("_")
    return Migration(int(number), name, sql, int(oldest_code[1]))


def _examine(path: Path, *, known: int) -> int:
    if not path.exists() or path.stat().st_size == 0:
        return 0
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)  # closing it writes nothing back either
    try:
        if not connection.execute("select 1 from sqlite_schema").fetchone():
            return 0  # the process that was making it died
        if connection.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
            raise Misassembled(f"{str(path)!r} is a SQLite file, but not a journal")
        needed, schema = connection.execute("select max(oldest_code), max(number) from migrations").fetchone()
        if needed > known:
            raise Misassembled(
                f"the journal {str(path)!r} has schema {schema}, which needs code that knows schema {needed} or later; "
                f"this release knows schema {known}"
            )
        return int(schema)
    finally:
        connection.close()


def _migrate(connection: sqlite3.Connection, steps: list[Migration]) -> None:
    done = connection.execute("pragma user_version").fetchone()[0]
    for step in steps:
        if step.number > done:
            _apply(connection, step)


def _apply(connection: sqlite3.Connection, step: Migration) -> None:
    try:
        connection.executescript(f"begin immediate;\n{step.sql}")
        connection.execute(
            "insert into migrations (number, name, applied_at, oldest_code) values (?, ?, ?, ?)",
            (step.number, step.name, datetime.now(UTC).isoformat(timespec="seconds"), step.oldest_code),
        )
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {step.number}")
        connection.execute("commit")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("rollback")
        raise Misassembled(f"migration {step.number} ({step.name}) of the journal failed: {error}") from error
