"""A chat channel in memory, for tests of replies: it shows messages, edits them, and refuses what it is told to."""

from __future__ import annotations

from collections.abc import Iterable

from aevatar.agents.runs import Accepted, Refused, ReplySnapshot


class MemorySink:
    """A passive sink. `sent` is all it was given, in order; `shown` is each message as readers see it by now.

    The first answers are those of `refusals`, None standing for an acceptance. An effect id that was accepted before
    is answered as it was, and posts nothing.
    """

    def __init__(self, refusals: Iterable[Refused | None] = ()) -> None:
        self.sent: list[ReplySnapshot] = []
        self.shown: dict[str, str] = {}
        self._refusals = list(refusals)
        self._accepted: dict[str, Accepted] = {}

    async def send(self, snapshot: ReplySnapshot) -> Accepted | Refused:
        """See `ReplySink`."""
        self.sent.append(snapshot)
        if (before := self._accepted.get(snapshot.effect_id)) is not None:
            return before
        if self._refusals and (refused := self._refusals.pop(0)) is not None:
            return refused
        accepted = Accepted(snapshot.reference or f"message-{len(self.shown) + 1}")
        self.shown[accepted.reference] = snapshot.text
        self._accepted[snapshot.effect_id] = accepted
        return accepted
