"""A reader cut off anywhere, while its session grows, its process dies and all is folded, gets exactly the log."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing

from google.protobuf.message import Message
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from aevatar.sessions import Delta, Ended, SessionEvent
from tests.properties.machines import ACTORS, Served
from tests.sample.sample_pb2 import Add, Say

ANN = ACTORS[0]
TEXTS = st.text("abcä☃", max_size=4)
HOUR = 3600.0


class SessionReaders(Served):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[Message] = []
        self.read: dict[str, list[SessionEvent]] = {"often": [], "seldom": []}
        """What each reader has so far."""
        self.run(self.runtime.ask(ANN, Add(by=1)))

    @property
    def has_ended(self) -> bool:
        return self.told[-1:] == [Ended(reason="said")]

    @precondition(lambda self: not self.has_ended)
    @rule(item=st.sampled_from("ij"), text=TEXTS, last=st.sampled_from([False] * 9 + [True]))
    def say(self, item: str, text: str, last: bool) -> None:
        self.run(self.runtime.ask(ANN, Say(item=item, text=text, last=last, session="talk")))
        self.told.append(Delta(item=item, channel="text", text=text))
        self.told += [Ended(reason="said")] if last else []

    @rule()
    def restart(self) -> None:
        self.die()
        self.begin()

    @precondition(lambda self: self.has_ended)
    @rule()
    def be_folded(self) -> None:
        self.pass_time(HOUR + 60)

    @rule(count=st.integers(1, 5))
    def read_a_little(self, count: int) -> None:
        self.run(self._read("often", count))

    @precondition(lambda self: self.has_ended)
    @rule(count=st.integers(1, 5))
    def read_late(self, count: int) -> None:
        self.run(self._read("seldom", count))

    async def _read(self, reader: str, count: int) -> None:
        seen = self.read[reader]
        after = seen[-1].cursor if seen else 0
        async with aclosing(self.runtime.sessions.read(ANN, "talk", after, until_terminal=False)) as events:
            async for event in events:
                seen.append(event)
                count -= 1
                if count == 0:
                    return

    @invariant()
    def what_was_read_is_the_beginning_of_what_was_told(self) -> None:
        for seen in self.read.values():
            cursor = seen[-1].cursor if seen else 0
            assert [event.cursor for event in seen] == sorted({event.cursor for event in seen})
            assert joined(event.event for event in seen) == joined(self.told[:cursor])
            assert [event.is_terminal for event in seen] == [isinstance(event.event, Ended) for event in seen]


def joined(events: Iterable[Message]) -> list[tuple[str, str] | str]:
    """Neighbouring pieces of one text as one, which is all that folding may change."""
    result: list[tuple[str, str] | str] = []
    for event in events:
        if not isinstance(event, Delta):
            result.append(type(event).__name__)
        elif result and result[-1][0] == event.item:
            result[-1] = (event.item, result[-1][1] + event.text)
        else:
            result.append((event.item, event.text))
    return result


TestSessionReaders = SessionReaders.TestCase
TestSessionReaders.settings = settings(max_examples=60, stateful_step_count=30, deadline=None, print_blob=True)
