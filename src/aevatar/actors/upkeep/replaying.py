"""A whole log, turn by turn: the state it adds up to, and the documents its turns have left behind.

For verifying and rebuilding. Serving begins at the newest snapshot instead, and does not look back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import Message

from aevatar.actors.deciding.activation import apply_turn
from aevatar.actors.deciding.kind import Kind
from aevatar.actors.packing import unpack_bytes
from aevatar.identity import ActorId
from aevatar.journal.port import Journal
from aevatar.journal.records import ActorImage, FeedEntry
from aevatar.readmodels.declaration import Attributes, DocumentOf

PAGE = 500


@dataclass(frozen=True, slots=True)
class Materialised:
    """A document as the log has it; `message` None where there is nothing to show. `since` is when it came to be so."""

    declared: DocumentOf[Any]
    key: str
    since: int
    message: Message | None
    index: Attributes


class Replay:
    """An actor on its way through its log. `began` is the version it set out from: 0, or that of a snapshot."""

    def __init__(self, kind: Kind, actor_id: ActorId, state: Message | None = None, began: int = 0) -> None:
        self.state = state or kind.state()
        self.began = self.version = began
        self._kind = kind
        self._id = actor_id
        self._pages: dict[tuple[str, str], Materialised] = {}
        self._has_pages = any(declared.pages is not None for declared in kind.projection.documents)

    @staticmethod
    def from_snapshot(kind: Kind, actor_id: ActorId, image: ActorImage) -> Replay:
        """One that begins where history was erased. Raises: TypeError when the snapshot is of another kind."""
        state = kind.state() if image.snapshot is None else unpack_bytes(image.snapshot)
        if type(state) is not kind.state:
            raise TypeError(f"the snapshot is a {state.DESCRIPTOR.full_name}, not a {kind.state.DESCRIPTOR.full_name}")
        return Replay(kind, actor_id, state, image.snapshot_version)

    def apply(self, version: int, body: bytes) -> None:
        """Takes the next turn. Raises what the kind's own functions raise."""
        apply_turn(self._kind, self.state, body)
        self.version = version
        if self._has_pages:  # one that is no longer answered stays as it was, so each turn counts
            self._turn_pages()

    def documents(self) -> list[Materialised]:
        """All documents there have to be. Raises what the kind's own functions raise."""
        self._turn_pages()
        singles = [each for each in self._materialised() if each.declared.pages is None]
        return [*singles, *self._pages.values()]

    def _turn_pages(self) -> None:
        for page in self._materialised():
            if page.declared.pages is not None:
                place = (page.declared.name, page.key)
                known = self._pages.get(place)
                is_same = known is not None and known.message == page.message
                self._pages[place] = replace(page, since=known.since) if known is not None and is_same else page

    def _materialised(self) -> Iterator[Materialised]:
        for declared in self._kind.projection.documents:
            index = {} if declared.index is None else dict(declared.index(self.state))
            for key, message in declared.materialise(self.state, self._id.key).items():
                yield Materialised(declared, key, self.version, message, index)


async def log_of(journal: Journal, actor: str) -> AsyncIterator[FeedEntry]:
    """The rows of an actor's log, oldest first."""
    after = 0
    while page := await journal.history(actor, after, PAGE):
        for row in page:
            yield row
        after = page[-1].version


async def replayed(journal: Journal, kind: Kind, actor_id: ActorId, image: ActorImage) -> Replay:
    """The actor as its whole log has it up to the version of `image`, or what is left of its log."""
    replay = Replay(kind, actor_id)
    async for row in log_of(journal, actor_id.text):
        if is_erased(row, image):
            replay = Replay.from_snapshot(kind, actor_id, image)
        if replay.version < row.version <= image.version:
            replay.apply(row.version, row.body)
    return replay


def is_erased(row: FeedEntry, image: ActorImage) -> bool:
    """Whether this is the beginning of a log whose history was erased, so that a snapshot stands for it."""
    return row.version == 1 and not row.body and image.snapshot is not None
