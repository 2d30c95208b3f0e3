"""The tally in later releases of its program: under another name, and with events renamed or of another meaning."""

from __future__ import annotations

from typing import ClassVar

from aevatar.actors import Kind, upcasts
from tests.sample.kinds import TALLY, Tally
from tests.sample.sample_pb2 import Added, AddedInTens


class Counter(Tally):
    """The tally under a name it was given later."""

    kind = "sample.counter"
    aliases = ("sample.tally",)


COUNTER = Kind(Counter, TALLY.projection)


class TallyToday(Tally):
    """A release that calls an event by another name, and has given one another meaning."""

    renamed: ClassVar = {"tests.sample.Increased": Added}

    @upcasts
    @staticmethod
    def in_tens(event: AddedInTens) -> Added:
        return Added(by=event.tens * 10)
