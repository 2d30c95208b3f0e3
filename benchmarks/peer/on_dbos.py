"""DBOS on SQLite: one workflow of one step each time.

By itself it leaves the file in SQLite's rollback mode; here it is given WAL, in which it is faster.
"""

from __future__ import annotations

import sqlite3
import sys

from answering import NOTE, answer
from dbos import DBOS

connection = sqlite3.connect(sys.argv[1])
connection.execute("pragma journal_mode = wal")
connection.close()
DBOS(config={"name": "benchmark", "system_database_url": f"sqlite:///{sys.argv[1]}", "log_level": "ERROR"})
totals: dict[int, int] = {}


@DBOS.step()
def add(key: int, by: int, note: str) -> int:
    totals[key] = totals.get(key, 0) + by
    return totals[key]


@DBOS.workflow()
def turn(key: int, by: int, note: str) -> int:
    return add(key, by, note)


def work(total: int) -> None:
    for number in range(total):
        turn(number % 1_000, 1, NOTE)


DBOS.launch()
answer({"run": work})
DBOS.destroy()
