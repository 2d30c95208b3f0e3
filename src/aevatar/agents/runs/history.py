"""The talk before a run: the transcripts of ended runs, which never change and are therefore remembered."""

from __future__ import annotations

from collections import OrderedDict

from aevatar.agents.runs_pb2 import History, Item, Summary, TranscriptDocument
from aevatar.identity import ActorId
from aevatar.models import ModelError
from aevatar.readmodels import ReadModels

REMEMBERED = 64 * 1024 * 1024
"""Bytes of transcripts that are kept at hand: a talk is read anew for every call, and none of it ever changes."""
LONGEST_CHAIN = 10_000


class Transcripts:
    """Reads chains of ended runs."""

    def __init__(self, readmodels: ReadModels) -> None:
        self._readmodels = readmodels
        self._known: OrderedDict[str, tuple[TranscriptDocument, int]] = OrderedDict()
        self._size = 0

    async def before(self, history: History) -> tuple[list[Item], Summary]:
        """All items of the runs that `history` stands for, oldest first, and the newest summary that one of them made.

        Raises: ModelError `invalid_request` when one of them is gone.
        """
        chain: list[TranscriptDocument] = []
        while history.previous_run and len(chain) < LONGEST_CHAIN:
            document = await self.get(history.previous_run)
            if document is None:
                raise ModelError("invalid_request", "The run that this one continues has been deleted.")
            chain.append(document)
            history = document.history
        items = [item for document in reversed(chain) for item in document.items]
        return items, next((document.summary for document in chain if document.HasField("summary")), Summary())

    async def get(self, run: str) -> TranscriptDocument | None:
        """What was said in one ended run, by the text form of its actor id."""
        if (known := self._known.get(run)) is not None:
            self._known.move_to_end(run)
            return known[0]
        run_id = ActorId.parse(run)
        found = await self._readmodels.get("agents.transcripts", run_id.scope, run_id.key)
        if found is None or not isinstance(found.document, TranscriptDocument):
            return None
        if found.document.is_final:  # one that waits for somebody may go on
            self._remember(run, found.document)
        return found.document

    def _remember(self, run: str, document: TranscriptDocument) -> None:
        self._known[run] = document, document.ByteSize()
        self._size += self._known[run][1]
        while self._size > REMEMBERED:
            self._size -= self._known.popitem(last=False)[1][1]

    def forget(self, run: str) -> None:
        """Drops a run that has been deleted."""
        if (known := self._known.pop(run, None)) is not None:
            self._size -= known[1]
