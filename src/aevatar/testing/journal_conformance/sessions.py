"""Session events: stored with the turn that shows them, dense, and read by cursor."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

from pathlib import Path

import pytest

from aevatar.journal.port import Journal
from aevatar.journal.records import ActorImage, SessionEvent, SessionPage, TurnRecord, Verdict
from aevatar.testing.journal_conformance.examples import ANN, BEN, CLEO, FAR, NOW, numbered, shown, turn
from aevatar.testing.journal_conformance.harness import Journals, opened


def ended(actor: str, session: str, at: int) -> TurnRecord:
    """A record that shows a whole session of three events, ending at a time."""
    return turn(actor, None, shown=[*numbered(session, 1, 2), shown(session, 3, at=at, terminal=True)])


async def page(journal: Journal, actor: str, session: str, *, after: int = 0, limit: int = 100) -> list[int]:
    """The numbers on one page of a session."""
    return [event.number for event in (await journal.session(actor, session, after=after, limit=limit)).events]


async def test_events_are_read_as_they_were_shown(journal: Journal) -> None:
    events = [
        SessionEvent("s", 1, "demo.started", b"\x00\xff", NOW),
        SessionEvent("s", 2, "demo.said", b"", NOW + 5),
        SessionEvent("s", 3, "demo.finished", b"bye", NOW + 9, terminal=True),
    ]
    await journal.commit([turn(ANN, 1, shown=events[:1]), turn(ANN, None, shown=events[1:2])])
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage(events[:2], ended=False)
    await journal.commit([turn(ANN, None, shown=events[2:])])
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage(events, ended=True)


async def test_a_session_is_read_in_pages_after_a_cursor(journal: Journal) -> None:
    await journal.commit([turn(ANN, None, shown=numbered("s", 1, 2, 3, 4, 5))])
    assert await page(journal, ANN, "s", after=0, limit=2) == [1, 2]
    assert await page(journal, ANN, "s", after=2, limit=2) == [3, 4]
    assert await page(journal, ANN, "s", after=4, limit=2) == [5]
    assert await page(journal, ANN, "s", after=5, limit=2) == []


async def test_a_page_tells_that_the_session_ended_wherever_it_stops(journal: Journal) -> None:
    await journal.commit([ended(ANN, "s", NOW)])
    assert await journal.session(ANN, "s", after=0, limit=1) == SessionPage(numbered("s", 1), ended=True)
    assert await journal.session(ANN, "s", after=3, limit=9) == SessionPage([], ended=True)


async def test_an_unknown_session_is_empty_and_has_not_ended(journal: Journal) -> None:
    await journal.commit([ended(ANN, "s", NOW)])
    assert await journal.session(ANN, "t", after=0, limit=9) == SessionPage([], ended=False)
    assert await journal.session(BEN, "s", after=0, limit=9) == SessionPage([], ended=False)


async def test_each_session_of_each_owner_counts_for_itself(journal: Journal) -> None:
    await journal.commit(
        [turn(ANN, 1, shown=numbered("s", 1, 2) + numbered("t", 1)), turn(BEN, 1, shown=numbered("s", 1))]
    )
    await journal.commit([turn(ANN, 2, shown=numbered("t", 2) + numbered("s", 3))])
    assert await page(journal, ANN, "s") == [1, 2, 3]
    assert await page(journal, ANN, "t") == [1, 2]
    assert await page(journal, BEN, "s") == [1]


async def test_a_batch_that_leaves_out_a_number_is_refused_whole(journal: Journal) -> None:
    assert await journal.commit([turn(ANN, 1, shown=numbered("s", 1, 3))]) == [Verdict.CONFLICT]
    assert await journal.commit([turn(ANN, 1, shown=numbered("s", 1, 1))]) == [Verdict.CONFLICT]
    assert await journal.commit([turn(ANN, 1, shown=numbered("s", 0))]) == [Verdict.CONFLICT]
    assert await journal.load(ANN) is None
    assert await page(journal, ANN, "s") == []


async def test_what_was_folded_away_cannot_be_told_from_another_record_and_changes_nothing(journal: Journal) -> None:
    first, second = turn(ANN, None, shown=numbered("s", 1, 2)), turn(ANN, None, shown=[shown("s", 3, terminal=True)])
    await journal.commit([first, second])
    folded = [SessionEvent("s", 2, "demo.folded", b"s 1s 2", NOW), shown("s", 3, terminal=True)]
    await journal.rewrite_session(ANN, "s", folded)
    assert [await journal.commit([first]), await journal.commit([second])] == [[Verdict.CONFLICT], [Verdict.COMMITTED]]
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage(folded, ended=True)


async def test_a_session_is_folded_once_and_one_that_has_gone_is_not(journal: Journal) -> None:
    await journal.commit([ended(ANN, "s", NOW)])
    folded = [SessionEvent("s", 2, "demo.folded", b"s 1s 2", NOW), shown("s", 3, terminal=True)]
    await journal.rewrite_session(ANN, "s", folded)
    await journal.rewrite_session(ANN, "s", numbered("s", 1, 2))
    await journal.rewrite_session(ANN, "gone", numbered("gone", 1, 2))
    await journal.rewrite_session(BEN, "s", numbered("s", 1, 2))
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage(folded, ended=True)
    assert await page(journal, ANN, "gone") + await page(journal, BEN, "s") == []
    assert (await journal.info()).counts["sessions"] == 1


async def test_an_actor_is_brought_back_with_the_last_numbers_of_its_sessions(
    journal: Journal, journals: Journals
) -> None:
    await journal.commit([turn(ANN, 1, shown=numbered("s", 1, 2)), ended(ANN, "t", NOW)])
    await journal.close()
    async with opened(journals.handle()) as reopened:
        image = await reopened.load(ANN)
        assert image is not None
        assert image.sessions == {"s": (2, False), "t": (3, True)}
        assert await reopened.commit([turn(ANN, None, shown=numbered("s", 3))]) == [Verdict.COMMITTED]


# Folding


async def test_a_folded_session_is_read_by_the_same_cursors(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1), ended(ANN, "s", NOW), ended(ANN, "t", NOW), ended(BEN, "s", NOW)])
    folded = [SessionEvent("s", 2, "demo.folded", b"whole message", NOW), shown("s", 3, terminal=True)]
    await journal.rewrite_session(ANN, "s", folded)
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage(folded, ended=True)
    assert await journal.session(ANN, "s", after=1, limit=1) == SessionPage(folded[:1], ended=True)
    assert await journal.session(ANN, "s", after=2, limit=9) == SessionPage(folded[1:], ended=True)
    assert await page(journal, ANN, "t") == [1, 2, 3]
    assert await page(journal, BEN, "s") == [1, 2, 3]


async def test_the_numbers_of_folded_events_are_not_used_again(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1), ended(ANN, "s", NOW)])
    await journal.rewrite_session(ANN, "s", [SessionEvent("s", 3, "demo.folded", b"all", NOW, terminal=True)])
    assert await journal.commit([turn(ANN, None, shown=numbered("s", 1))]) == [Verdict.CONFLICT]
    image = await journal.load(ANN)
    assert image is not None
    assert image.sessions == {"s": (3, True)}


async def test_sessions_that_ended_before_a_time_wait_to_be_folded(journal: Journal) -> None:
    await journal.commit([ended(ANN, "s", NOW), ended(ANN, "t", NOW + 5), ended(BEN, "s", NOW + 6)])
    await journal.commit([turn(BEN, None, shown=numbered("open", 1))])
    assert sorted(await journal.sessions_ended(NOW + 6)) == [(ANN, "s"), (ANN, "t")]
    assert len(await journal.sessions_ended(NOW + 6, limit=1)) == 1
    await journal.rewrite_session(ANN, "s", [shown("s", 3, at=NOW, terminal=True)])
    assert await journal.sessions_ended(NOW + 6) == [(ANN, "t")]


# Expiry


async def test_ended_sessions_expire_by_the_kind_of_their_owner(journal: Journal) -> None:
    await journal.commit(
        [
            ended(ANN, "old", NOW),
            ended(ANN, "new", NOW + 5),
            turn(ANN, None, shown=numbered("open", 1)),
            ended(BEN, "old", NOW),
            ended(CLEO, "old", NOW),
        ]
    )
    await journal.rewrite_session(BEN, "old", [shown("old", 3, terminal=True)])
    assert await journal.expire_sessions("demo.counter", NOW + 5) == 2
    assert await journal.expire_sessions("demo.counter", NOW + 5) == 0
    pages = [
        await page(journal, *key) for key in [(ANN, "old"), (ANN, "new"), (ANN, "open"), (BEN, "old"), (CLEO, "old")]
    ]
    assert pages == [[], [1, 2, 3], [1], [], [1, 2, 3]]
    counts = (await journal.info()).counts
    assert (counts["sessions"], counts["session_events"]) == (3, 7)


async def test_a_session_that_has_expired_stays_ended(journal: Journal, journals: Journals) -> None:
    await journal.commit([ended(ANN, "s", NOW), ended(ANN, "folded", NOW)])
    await journal.rewrite_session(ANN, "folded", [shown("folded", 2, terminal=True)])
    assert await journal.expire_sessions("demo.counter", NOW + 1) == 2
    for after in (0, 2, 3):
        assert await journal.session(ANN, "s", after=after, limit=9) == SessionPage([], ended=True)
    await journal.close()
    async with opened(journals.handle()) as reopened:
        assert await reopened.load(ANN) == ActorImage(version=0, sessions={"s": (3, True), "folded": (3, True)})
        assert await reopened.session(ANN, "folded", after=0, limit=9) == SessionPage([], ended=True)


@pytest.mark.parametrize("number", [1, 3, 4])
async def test_nothing_is_shown_in_a_session_that_has_expired(journal: Journal, number: int) -> None:
    await journal.commit([turn(ANN, 1), ended(ANN, "s", NOW)])
    await journal.expire_sessions("demo.counter", NOW + 1)
    again = shown("s", number, at=NOW + 9, terminal=True)
    batch = [turn(BEN, 1), turn(ANN, 2, shown=[again]), turn(BEN, 2), turn(CLEO, None, shown=numbered("s", 1))]
    verdicts = await journal.commit(batch)
    assert verdicts == [Verdict.COMMITTED, Verdict.CONFLICT, Verdict.COMMITTED, Verdict.COMMITTED]
    assert await journal.commit([turn(ANN, None, shown=[again])]) == [Verdict.CONFLICT]
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage([], ended=True)
    assert await journal.commit([turn(ANN, 2, shown=numbered("t", 1))]) == [Verdict.COMMITTED]


async def test_a_record_whose_events_have_expired_is_known_by_its_turn_alone(journal: Journal) -> None:
    decided, shows = turn(ANN, 1, shown=numbered("s", 1)), turn(ANN, None, shown=[shown("s", 2, terminal=True)])
    await journal.commit([decided, shows])
    await journal.expire_sessions("demo.counter", NOW + 1)
    assert [await journal.commit([decided]), await journal.commit([shows])] == [[Verdict.COMMITTED], [Verdict.CONFLICT]]


async def test_a_session_that_has_expired_is_neither_folded_nor_expired_again(journal: Journal) -> None:
    await journal.commit([ended(ANN, "s", NOW)])
    await journal.expire_sessions("demo.counter", NOW + 1)
    assert await journal.sessions_ended(NOW + 9) == []
    await journal.rewrite_session(ANN, "s", numbered("s", 3))
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage([], ended=True)
    assert await journal.expire_sessions("", NOW + 9) == 0
    counts = (await journal.info()).counts
    assert (counts["sessions"], counts["session_events"]) == (0, 0)


async def test_a_session_that_has_expired_is_copied_and_moves_with_its_actor(
    journal: Journal, journals: Journals, tmp_path: Path
) -> None:
    new = ANN.replace("demo.counter", "demo.tally")
    await journal.commit([ended(ANN, "s", NOW)])
    await journal.expire_sessions("demo.counter", NOW + 1)
    await journal.backup(tmp_path / "copy")
    async with opened(await journals.restored(tmp_path / "copy")) as copy:
        assert await copy.rename_kind("demo.counter", "demo.tally") == 1
        assert await copy.session(new, "s", after=0, limit=9) == SessionPage([], ended=True)
        assert await copy.commit([turn(new, None, shown=numbered("s", 4))]) == [Verdict.CONFLICT]
        assert await copy.check() == []


async def test_only_the_erasure_of_its_actor_removes_a_session_that_has_expired(journal: Journal) -> None:
    await journal.commit([ended(ANN, "s", NOW)])
    await journal.expire_sessions("demo.counter", NOW + 1)
    await journal.sweep(FAR)
    await journal.compact()
    assert await journal.load(ANN) == ActorImage(version=0, sessions={"s": (3, True)})
    await journal.erase(ANN)
    assert await journal.load(ANN) is None
    assert await journal.commit([turn(ANN, None, shown=numbered("s", 1))]) == [Verdict.COMMITTED]


async def test_a_kind_is_not_taken_for_another_that_starts_alike(journal: Journal) -> None:
    await journal.commit([ended("demo.counter_two/alpha/x", "s", NOW), ended("demo_counter.a/alpha/x", "s", NOW)])
    assert await journal.expire_sessions("demo.counter", NOW + 1) == 0
