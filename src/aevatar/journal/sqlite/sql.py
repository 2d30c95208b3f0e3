"""SQL from the files beside this module: queries by name, and statements that take many rows at once."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Final

SqlValue = str | bytes | int | None

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_ROWS = re.compile(r"(\([?, ]+\)), \.\.\.")
_SIZES: Final = (256, 128, 64, 32, 16, 8, 4, 2, 1)


class Queries:
    """The statements of `queries.sql`, by name."""

    def __init__(self) -> None:
        parts = _NAME.split(files(__package__).joinpath("queries.sql").read_text(encoding="utf-8"))
        self._one = dict(zip(parts[1::2], parts[2::2], strict=True))
        self._many = {name: ManyRows(sql) for name, sql in self._one.items() if _ROWS.search(sql)}

    def __getitem__(self, name: str) -> str:
        return self._one[name]

    def many(self, name: str) -> ManyRows:
        """A statement with `(?, ?), ...` in it, for any number of rows."""
        return self._many[name]


class ManyRows:
    """One statement for any number of rows, executed in as few steps as possible.

    At each step the driver lets go of the interpreter's lock, and has to wait for it afterwards: beside a busy event
    loop up to 5 ms each time. So rows go in by powers of two, in nine texts which the driver keeps prepared.
    """

    def __init__(self, sql: str) -> None:
        found = _ROWS.search(sql)
        if found is None:
            raise ValueError(f"no row to repeat in {sql!r}")
        self._steps = [
            (size * found[1].count("?"), sql.replace(found[0], ", ".join([found[1]] * size))) for size in _SIZES
        ]

    def execute(self, connection: sqlite3.Connection, columns: Sequence[SqlValue]) -> None:
        """Executes the statement for rows whose columns stand one after the other."""
        start, end = 0, len(columns)
        for width, sql in self._steps:
            while end - start >= width:
                connection.execute(sql, columns[start : start + width])
                start += width


def kind_range(kind: str) -> tuple[str, str]:
    """What all ids of actors of a kind lie between, or of every kind if it is empty."""
    return (f"{kind}/", f"{kind}0") if kind else ("", "\U0010ffff")  # 0 comes after /


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Undoes what the block wrote when it fails, and only that."""
    connection.execute("savepoint attempt")
    try:
        yield
    except Exception:
        connection.execute("rollback to attempt")
        connection.execute("release attempt")
        raise
    connection.execute("release attempt")
