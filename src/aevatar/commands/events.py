"""The stream of a run as a client reads it: bytes in, events out, whatever happens to the connection meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

NESTED: Final = "sub_run_shown"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run, or of a sub-run so many levels below it: `run` is the key of that one, and else empty."""

    cursor: int
    name: str
    data: Mapping[str, Any]
    run: str = ""
    depth: int = 0

    def unwrapped(self) -> Event:
        """The event itself, where it is one of a sub-run."""
        if self.name != NESTED:
            return self
        run = self.data["runId"].rpartition("/")[2]
        return Event(self.cursor, self.data["type"], self.data["event"], run, self.data["depth"])


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
