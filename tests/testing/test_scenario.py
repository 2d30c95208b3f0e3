"""A scenario decides as the kernel does, and shows all that a turn asked for."""

from __future__ import annotations

import pytest

from aevatar.actors import Answered, Pending
from aevatar.errors import Rejected
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.journal.records import Retirement
from aevatar.sessions import Delta, Ended
from aevatar.testing import Decided, Seen, Sent, Timer, given
from tests.sample.kinds import TALLY, Tally
from tests.sample.sample_pb2 import (
    Add,
    Added,
    Break,
    CarefulRequest,
    Cheer,
    Fetch,
    Forget,
    Forward,
    GiveUp,
    Heard,
    HowMuch,
    Noted,
    Release,
    Released,
    Remind,
    Retire,
    Say,
    Take,
    TallyDocument,
    Total,
    TotalChanged,
    Wait,
    Waited,
)

ANN = Principal(ScopeId("scope"), "ann")


def test_a_command_ends_in_events_and_an_outcome() -> None:
    given(Tally, Added(by=3)).when(Add(by=2), principal=ANN).then(Added(by=2, subject="ann"), outcome=Total(total=5))


def test_each_command_builds_on_those_before() -> None:
    life = given(TALLY).when(Add(by=2)).when(Add(by=3)).when(Take(by=1)).then(Added(by=-1), outcome=Total(total=4))
    assert (life.state.total, life.state.additions) == (4, 3)


def test_a_refusal_leaves_the_actor_as_it_was() -> None:
    life = given(Tally, Added(by=1)).when(Take(by=2)).then_rejected("too_little", field="by")
    assert (life.state.total, life.decided.events) == (1, [])
    life.when(HowMuch()).then(outcome=Total(total=1))


def test_an_actor_without_a_past_takes_only_what_creates_it() -> None:
    given(Tally).when(Take(by=1)).then_rejected("not_found")


def test_who_is_not_allowed_hears_that_there_is_nobody() -> None:
    given(Tally, Added(by=1)).when(Take(by=1), principal=Principal(ScopeId("other"), "eve")).then_rejected("not_found")


def test_a_bug_in_a_handler_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        given(Tally, Added(by=1)).when(Break(after_emit=True))


def test_what_a_turn_sends_is_seen() -> None:
    other = ActorId("sample.tally", ScopeId("scope"), "two")
    life = given(Tally, Added(by=1)).when(Forward(to=other.text, by=2, answer=True)).then(Noted(text="forwarded 2"))
    assert life.decided.sends == [Sent(other, Add(by=2), answer=True)]
    life.when(Answered(command_id="c", actor_id=other.text)).then(Noted(text="refusal "))


def test_timers_are_seen_by_their_delay_and_when_they_are_cleared() -> None:
    life = given(Tally, Added(by=1)).when(Remind(name="tea", delay=90.0, by=4))
    assert life.decided.timers == {"tea": Timer(90.0, Add(by=4, note="tea"))}
    life.after(90).when(Add(by=4, note="tea")).then(Added(by=4, note="tea", subject="program"))
    assert life.when(Forget(name="tea")).decided.timers == {"tea": None}


def test_effects_are_seen_by_their_requests() -> None:
    assert given(Tally, Added(by=1)).when(Fetch(text="x", careful=True)).decided.effects == [CarefulRequest(text="x")]


def test_a_pending_command_is_concluded_by_a_later_turn() -> None:
    life = given(Tally, Added(by=1)).when(Wait(within=60), command_id="w")
    life.then(Waited(command_id="w"), outcome=Pending(60, GiveUp(command_id="w")))
    life.when(Release(by=2)).then(Added(by=2), Released(command_id="w"))
    assert life.decided.concluded == {"w": Total(total=3)}


def test_what_readers_see_is_seen() -> None:
    life = given(TALLY, Added(by=1)).when(Add(by=1))
    assert life.decided.shown == [Seen("main", TotalChanged(by=1))]
    assert life.decided.documents == {("sample.tallies", "one"): TallyDocument(total=2, additions=2)}
    life.when(Say(item="i", text="hi", last=True, session="s"))
    assert life.decided.shown == [
        Seen("s", Delta(item="i", channel="text", text="hi")),
        Seen("s", Ended(reason="said"), is_terminal=True),
    ]


def test_a_signal_has_no_outcome_and_what_it_asks_for_is_seen() -> None:
    given(Tally, Added(by=1)).when(Heard(text="psst", remember=True)).then(Noted(text="psst"), outcome=None)
    life = given(Tally, Added(by=1)).when(Cheer(text="go", delay=2.0))
    assert life.decided.signals_after == [(2.0, Heard(text="go", remember=True))]


def test_a_retired_actor_is_gone() -> None:
    life = given(Tally, Added(by=1)).when(Retire(erase=True))
    assert life.decided.retirement is Retirement.ERASE
    life.when(Add(by=1)).then_rejected("gone")


def test_a_wrong_expectation_says_what_happened_instead() -> None:
    life = given(Tally, Added(by=1)).when(Take(by=2))
    with pytest.raises(AssertionError, match="refused: too_little: there are only 1"):
        life.then(Added(by=-2))
    with pytest.raises(AssertionError, match="refused with too_little: there are only 1, not with gone"):
        life.then_rejected("gone")
    with pytest.raises(AssertionError, match=r"the outcome is total: 2\n, not total: 3\n"):
        given(Tally).when(Add(by=2)).then(Added(by=2, subject="program"), outcome=Total(total=3))


def test_before_the_first_command_nothing_was_decided() -> None:
    assert given(Tally).decided == Decided()


def test_an_actor_needs_a_key_that_can_be_one() -> None:
    with pytest.raises(Rejected, match="invalid_actor_id"):
        given(Tally, key="")
