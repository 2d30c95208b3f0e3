"""The stream of a run as a client reads it: bytes in, events out, whatever happens to the connection meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

NESTED: Final = "sub_run_shown"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run. `path` are the calls below which it happened: none for the run's own."""

    cursor: int
    name: str
    data: Mapping[str, Any]
    path: tuple[str, ...] = ()

    def unwrapped(self) -> Event:
        """The event itself, where it is one of a sub-run."""
        if self.name != NESTED:
            return self
        inner = Event(self.cursor, self.data["type"], self.data["event"], (*self.path, self.data["parentCallId"]))
        return inner.unwrapped()


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """The events in lines of a stream. Source: the HTML standard, "Interpreting an event stream"."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif fields:
            if "data" in fields:
                yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}
