"""The talk before a run: the transcripts of ended runs, which never change and are therefore remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from aevatar.agents.runs.blobs import names, opened
from aevatar.agents.runs_pb2 import History, Item, Summary, TranscriptDocument
from aevatar.blobs import BlobStore, NoBlobs
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.models import ModelError
from aevatar.readmodels import ReadModels

REMEMBERED = 64 * 1024 * 1024
"""Bytes of transcripts that are kept at hand: a talk is read anew for every call, and none of it ever changes."""
LONGEST_CHAIN = 10_000


@dataclass(frozen=True, slots=True)
class Past:
    """A talk before a run: its newest summary, and how far guesses of its tokens were from what a model counted."""

    items: list[Item]
    summary: Summary
    guess_permille: int


class Transcripts:
    """Reads chains of ended runs."""

    def __init__(self, readmodels: ReadModels, blobs: BlobStore | None = None) -> None:
        self._readmodels = readmodels
        self._blobs = blobs or NoBlobs()
        self._known: OrderedDict[str, tuple[TranscriptDocument, int]] = OrderedDict()
        self._size = 0

    async def before(self, history: History) -> Past:
        """All items of the runs that `history` stands for, oldest first, and what is known of them.

        Raises: ModelError `invalid_request` when one of them is gone.
        """
        chain: list[TranscriptDocument] = []
        while history.previous_run and len(chain) < LONGEST_CHAIN:
            try:
                document = await self.get(history.previous_run)
            except (Rejected, Unavailable) as lost:
                raise unreadable(lost, "The input of a run that this one continues") from lost
            if document is None:
                raise ModelError("invalid_request", "The run that this one continues has been deleted.")
            chain.append(document)
            history = document.history
        return Past(
            items=[item for document in reversed(chain) for item in document.items],
            summary=next((document.summary for document in chain if document.HasField("summary")), Summary()),
            guess_permille=next((known for document in chain if (known := document.guess_permille)), 0),
        )

    async def get(self, run: str) -> TranscriptDocument | None:
        """What was said in one ended run, by the text form of its actor id.

        Raises: Rejected `blob_not_found`, `blob_corrupted` when its input is lost; Unavailable.
        """
        if (known := self._known.get(run)) is not None:
            self._known.move_to_end(run)
            return known[0]
        run_id = ActorId.parse(run)
        found = await self._readmodels.get("agents.transcripts", run_id.scope, run_id.key)
        if found is None or not isinstance(found.document, TranscriptDocument):
            return None
        document = await self._whole(run_id, found.document)
        if document.is_final:  # one that waits for somebody may go on
            self._remember(run, document)
        return document

    async def _whole(self, run: ActorId, document: TranscriptDocument) -> TranscriptDocument:
        if not any(item.HasField("kept") for item in document.items):
            return document
        whole = TranscriptDocument()
        whole.CopyFrom(document)
        del whole.items[:]
        whole.items.extend(await opened(self._blobs, run, document.items))
        return whole

    async def opened(self, run: ActorId, items: Sequence[Item]) -> list[Item]:
        """The items of a run under way, with those that are kept elsewhere in their place.

        Raises: ModelError `invalid_request` when they are lost, `unavailable`.
        """
        try:
            return await opened(self._blobs, run, items)
        except (Rejected, Unavailable) as lost:
            raise unreadable(lost, "The input of this run") from lost

    async def blob(self, run: ActorId, history: History, blob_id: str) -> bytes:
        """A blob that an item of `run` names, or one of the talk before it. Raises: Rejected; Unavailable."""
        while True:
            try:
                return (await self._blobs.get(run, blob_id)).data
            except Rejected as missing:
                named = await self._named_before(history, blob_id) if missing.code == "blob_not_found" else None
                if named is None:
                    raise
            run, history = named

    async def _named_before(self, history: History, blob_id: str) -> tuple[ActorId, History] | None:
        while history.previous_run and (document := await self.get(history.previous_run)) is not None:
            if names(document.items, blob_id):
                return ActorId.parse(history.previous_run), document.history
            history = document.history
        return None

    def _remember(self, run: str, document: TranscriptDocument) -> None:
        self._known[run] = document, document.ByteSize()
        self._size += self._known[run][1]
        while self._size > REMEMBERED:
            self._size -= self._known.popitem(last=False)[1][1]

    def forget(self, run: str) -> None:
        """Drops a run that has been deleted."""
        if (known := self._known.pop(run, None)) is not None:
            self._size -= known[1]


def unreadable(lost: Rejected | Unavailable, what: str) -> ModelError:
    """What a call fails with whose prompt cannot be read, by what that means for another try."""
    code = "unavailable" if isinstance(lost, Unavailable) else "invalid_request"
    return ModelError(code, f"{what} cannot be read: {lost.code}.")
