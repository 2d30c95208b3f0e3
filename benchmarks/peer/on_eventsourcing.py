"""The library `eventsourcing` on SQLite: one event a save, over 1,000 aggregates that stay in memory.

It opens its file in WAL mode and leaves SQLite's own FULL in place.
"""

from __future__ import annotations

import sys

from answering import ACTORS, NOTE, answer
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event


class Tally(Aggregate):
    @event("Started")
    def __init__(self) -> None:
        self.total = 0

    @event("Added")
    def add(self, by: int, note: str, subject: str) -> None:
        self.total += by


class Tallies(Application):
    pass


app = Tallies(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": sys.argv[1]})
tallies = [Tally() for _ in range(ACTORS)]
for tally in tallies:
    app.save(tally)


def work(total: int) -> None:
    for number in range(total):
        tally = tallies[number % ACTORS]
        tally.add(1, NOTE, "program")
        app.save(tally)


answer({"save": work})
