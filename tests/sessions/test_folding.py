"""Folding: an ended session takes less room, and no reader can tell, wherever it resumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aevatar.journal.records import SessionEvent
from aevatar.sessions import Delta, Ended
from aevatar.sessions.folding import folded, unfolded
from aevatar.sessions.sessions_pb2 import Folded, FoldedText
from aevatar.testing import elapse
from tests.sample.sample_pb2 import Add, Say, TotalChanged
from tests.sample.world import ANN, World, collected

Piece = tuple[str, str] | None
"""Which text grows, and by what; None is something that is no text."""


def stored(*pieces: Piece) -> list[SessionEvent]:
    """The events of a session, as they were stored one by one, and its end."""
    events = []
    for number, piece in enumerate(pieces, start=1):
        message: Any = TotalChanged(by=number)
        if piece is not None:
            message = Delta(item=piece[0], channel="text", text=piece[1])
        events.append(SessionEvent("s", number, message.DESCRIPTOR.full_name, message.SerializeToString(), number))
    return [*events, SessionEvent("s", len(pieces) + 1, Ended.DESCRIPTOR.full_name, b"", 99, terminal=True)]


def shown(events: list[SessionEvent], *, after: int) -> dict[str, str]:
    """What somebody sees who begins after a cursor: each text, and the rest in its order."""
    texts: dict[str, str] = {}
    for event in events:
        if event.number <= after:
            continue
        if event.name == Delta.DESCRIPTOR.full_name:
            delta = Delta.FromString(event.body)
            texts[delta.item] = texts.get(delta.item, "") + delta.text
        else:
            texts[""] = texts.get("", "") + f"{event.number} "
    return texts


def read(events: list[SessionEvent], *, after: int) -> list[SessionEvent]:
    """What a reader gets from stored events."""
    return list(unfolded((event for event in events if event.number > after), after))


def test_neighbouring_pieces_of_one_text_become_one_event() -> None:
    events = folded(stored(("a", "one "), ("a", "two "), ("a", "three")))
    assert len(events) == 2
    [text, end] = read(events, after=0)
    assert (text.number, Delta.FromString(text.body)) == (3, Delta(item="a", channel="text", text="one two three"))
    assert (end.number, end.terminal) == (4, True)


def test_a_single_piece_and_what_is_no_text_stay_as_they_are() -> None:
    events = stored(("a", "one"), None, ("a", "two"), None)
    assert folded(events) == events


def test_a_reader_that_resumes_inside_a_folded_text_gets_exactly_the_rest() -> None:
    events = folded(stored(("a", "one "), ("a", "two "), ("a", "three")))
    rests = [Delta.FromString(read(events, after=after)[0].body).text for after in range(3)]
    assert rests == ["one two three", "two three", "three"]
    assert read(events, after=3) == events[-1:]


def test_texts_that_grew_at_the_same_time_are_folded_into_one_row_and_told_apart() -> None:
    events = folded(stored(("a", "A1"), ("b", "B1"), ("a", "A2"), ("a", "A3"), ("b", "B2")))
    assert len(events) == 2
    pieces = [(event.number, Delta.FromString(event.body)) for event in read(events, after=0)[:-1]]
    assert [(number, delta.item, delta.text) for number, delta in pieces] == [
        (1, "a", "A1"),
        (2, "b", "B1"),
        (4, "a", "A2A3"),
        (5, "b", "B2"),
    ]


def test_texts_of_one_item_in_two_channels_are_two() -> None:
    thought = Delta(item="a", channel="reasoning", text="hm")
    event = SessionEvent("s", 2, thought.DESCRIPTOR.full_name, thought.SerializeToString(), 2)
    events = stored(("a", "one"), None, ("a", "two"))
    events[1] = event
    texts = [Delta.FromString(each.body) for each in read(folded(events), after=0)[:-1]]
    assert [(text.channel, text.text) for text in texts] == [("text", "one"), ("reasoning", "hm"), ("text", "two")]


def test_an_offset_counts_characters_not_bytes() -> None:
    events = folded(stored(("a", "é🙂"), ("a", "ü"), ("a", "x")))
    assert [Delta.FromString(read(events, after=after)[0].body).text for after in range(3)] == ["é🙂üx", "üx", "x"]


def test_what_was_folded_by_the_first_release_is_read_as_ever() -> None:
    text = FoldedText(item="a", channel="text", text="one two three", cursors=[1, 2, 3], offsets=[4, 8, 13])
    name, body = Folded.DESCRIPTOR.full_name, Folded(texts=[text]).SerializeToString()
    events = [SessionEvent("s", 3, name, body, 3)]
    rests = [[Delta.FromString(each.body).text for each in read(events, after=after)] for after in range(4)]
    assert rests == [["one two three"], ["two three"], ["three"], []]


def test_a_long_text_takes_less_room_than_its_letters() -> None:
    words = Path(__file__).read_text(encoding="utf-8").split(" ")
    [row, _] = folded(stored(*(("a", f"{word} ") for word in words)))
    assert len(row.body) < len(" ".join(words)) / 2
    assert Delta.FromString(read([row], after=0)[0].body).text == " ".join(words) + " "


PIECES = st.lists(st.none() | st.tuples(st.sampled_from("ab"), st.text(max_size=3)), max_size=12)


@given(PIECES, st.data())
def test_wherever_a_reader_stops_and_resumes_it_sees_what_was_shown_and_nothing_twice(
    pieces: list[Piece], data: st.DataObject
) -> None:
    events = stored(*pieces)
    folded_events = folded(events)
    after, seen = 0, list[SessionEvent]()
    while rest := read(folded_events, after=after):
        taken = data.draw(st.integers(min_value=1, max_value=len(rest)))
        seen += rest[:taken]
        after = rest[taken - 1].number
    assert shown(seen, after=0) == shown(events, after=0)
    assert [event.number for event in seen] == sorted({event.number for event in seen})


@given(PIECES, st.integers(min_value=0, max_value=13))
def test_a_reader_that_saw_the_beginning_live_gets_the_rest_from_the_folded_session(
    pieces: list[Piece], after: int
) -> None:
    events = stored(*pieces)
    assert shown(read(folded(events), after=after), after=after) == shown(events, after=after)


async def test_an_ended_session_is_folded_without_any_reader_noticing(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        for text in ("one ", "two ", "three"):
            await actors.ask(ANN, Say(item="i", text=text))
        await actors.ask(ANN, Say(item="i", text="!", last=True))
        await elapse(2 * 3600)
        assert [type(event).__name__ for event in await world.shown(ANN)] == ["Folded", "Ended"]
        whole = [Delta(item="i", channel="text", text="one two three!"), Ended(reason="said")]
        assert await collected(actors.sessions.read(ANN)) == whole
        rest = [Delta(item="i", channel="text", text="three!"), Ended(reason="said")]
        assert await collected(actors.sessions.read(ANN, after=2)) == rest
        assert await collected(actors.sessions.read(ANN, after=4)) == [Ended(reason="said")]


async def test_a_session_that_is_folded_while_somebody_reads_it_goes_on_where_the_reader_was(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        for number in range(400):
            await actors.dispatch(ANN, Say(item="i", text=f"{number} "))
        await actors.ask(ANN, Say(item="i", text="end", last=True))
        reading = actors.sessions.read(ANN)
        seen = [(await anext(reading)).event for _ in range(100)]
        await elapse(2 * 3600)
        seen += await collected(reading)
        assert "".join(event.text for event in seen[:-1]) == "".join(f"{number} " for number in range(400)) + "end"


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_of_a_folded_session_are_complete(world: World, limit: int) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        for number in range(10):
            await actors.ask(ANN, Say(item="ab"[number % 2], text=str(number)))
        await actors.ask(ANN, Say(item="a", text="end", last=True))
        await elapse(2 * 3600)
        after, seen = 0, list[Any]()
        while page := await actors.sessions.page(ANN, "main", after, limit):
            seen += [event.event for event in page]
            after = page[-1].cursor
        assert "".join(event.text for event in seen[:-1]) == "0123456789end"
