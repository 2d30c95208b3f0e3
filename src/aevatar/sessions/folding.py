"""Folding: the deltas of an ended session become whole texts, and no reader can tell.

A run of neighbouring deltas, of however many texts, becomes one stored row that keeps, for each text, where every delta
ended. Whoever resumes inside it gets exactly the rest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

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
    """Stored events as a reader with cursor `after` has to see them: a folded text becomes one delta, of its rest."""
    for event in events:
        if event.name != _FOLDED:
            yield event
            continue
        rests = [rest for text in Folded.FromString(event.body).texts for rest in _rest(event, text, after)]
        yield from sorted(rests, key=lambda rest: rest.number)


def _joined(run: Sequence[SessionEvent]) -> Iterator[SessionEvent]:
    if len(run) < 2:
        yield from run
        return
    texts: dict[tuple[str, str], FoldedText] = {}
    pieces: dict[tuple[str, str], list[str]] = {}
    lengths: dict[tuple[str, str], int] = {}
    for event in run:
        delta = Delta.FromString(event.body)
        place = (delta.item, delta.channel)
        text = texts.setdefault(place, FoldedText(item=delta.item, channel=delta.channel))
        pieces.setdefault(place, []).append(delta.text)
        lengths[place] = lengths.get(place, 0) + len(delta.text)
        text.cursors.append(event.number)
        text.offsets.append(lengths[place])
    for place, text in texts.items():
        text.text = "".join(pieces[place])
    yield replace(run[-1], name=_FOLDED, body=Folded(texts=texts.values()).SerializeToString())


def _rest(event: SessionEvent, text: FoldedText, after: int) -> Iterator[SessionEvent]:
    seen = bisect_right(text.cursors, after)
    if seen == len(text.cursors):
        return
    start = text.offsets[seen - 1] if seen else 0
    rest = Delta(item=text.item, channel=text.channel, text=text.text[start:])
    yield replace(event, number=text.cursors[-1], name=_DELTA, body=rest.SerializeToString())
