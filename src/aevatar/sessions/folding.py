"""Folding: the deltas of an ended session become whole texts, and no reader can tell.

A run of neighbouring deltas, of however many texts, becomes one stored row that keeps, for each text, where every delta
ended. Whoever reads it gets the texts in the order in which they grew, joined only where one grew alone: so at each
cursor all has been told that stood before it, and whoever resumes inside the row gets exactly the rest.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, groupby, pairwise
from typing import NamedTuple

from msgspec.structs import replace

from aevatar.journal.records import SessionEvent
from aevatar.sessions.sessions_pb2 import Delta, Folded, FoldedText

_DELTA = Delta.DESCRIPTOR.full_name
_FOLDED = Folded.DESCRIPTOR.full_name


def folded(events: Sequence[SessionEvent]) -> list[SessionEvent]:
    """The events of an ended session with every run of deltas as one event, under the number of its last delta."""
    result: list[SessionEvent] = []
    run: list[SessionEvent] = []
    for event in events:
        if event.name == _DELTA and not event.terminal:
            run.append(event)
        else:
            result.extend(_joined(run))
            run = []
            result.append(event)
    return [*result, *_joined(run)]


def unfolded(events: Iterable[SessionEvent], after: int) -> Iterator[SessionEvent]:
    """Stored events as a reader with cursor `after` has to see them: a folded row becomes deltas, of its rest."""
    for event in events:
        if event.name != _FOLDED:
            yield event
            continue
        texts = _opened(event.body).texts
        pieces = sorted(piece for index, text in enumerate(texts) for piece in _pieces(index, text, after))
        for index, run in groupby(pieces, key=lambda piece: piece.text):
            yield _delta(event, texts[index], list(run))


def _joined(run: Sequence[SessionEvent]) -> Iterator[SessionEvent]:
    if len(run) < 2:
        yield from run
        return
    deltas: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for event in run:
        delta = Delta.FromString(event.body)
        deltas.setdefault((delta.item, delta.channel), []).append((event.number, delta.text))
    texts = [_text(item, channel, pieces) for (item, channel), pieces in deltas.items()]
    yield replace(run[-1], name=_FOLDED, body=_closed(Folded(texts=texts)))


def _text(item: str, channel: str, pieces: Sequence[tuple[int, str]]) -> FoldedText:
    steps = (cursor - before for before, cursor in pairwise((0, *(cursor for cursor, _ in pieces))))
    lengths = (len(text) for _, text in pieces)
    text = "".join(text for _, text in pieces)
    return FoldedText(item=item, channel=channel, text=text, steps=steps, lengths=lengths)


def _closed(folded: Folded) -> bytes:
    plain = folded.SerializeToString()
    deflated = Folded(deflated=zlib.compress(plain)).SerializeToString()
    return min(plain, deflated, key=len)


def _opened(body: bytes) -> Folded:
    folded = Folded.FromString(body)
    return Folded.FromString(zlib.decompress(folded.deflated)) if folded.deflated else folded


class _Piece(NamedTuple):
    cursor: int
    text: int
    start: int
    end: int


def _pieces(index: int, text: FoldedText, after: int) -> Iterator[_Piece]:
    cursors = text.cursors or accumulate(text.steps)
    ends = text.offsets or list(accumulate(text.lengths))
    for cursor, start, end in zip(cursors, chain((0,), ends), ends, strict=False):
        if cursor > after:
            yield _Piece(cursor, index, start, end)


def _delta(event: SessionEvent, text: FoldedText, run: Sequence[_Piece]) -> SessionEvent:
    delta = Delta(item=text.item, channel=text.channel, text=text.text[run[0].start : run[-1].end])
    return replace(event, number=run[-1].cursor, name=_DELTA, body=delta.SerializeToString())
