"""The journal in memory, against the plainest model there is: the list of the records that were committed.

The other adapters are held to the journal in memory; this holds it to something else. The model knows no tables. It
answers every question by going through the list from its beginning.
"""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from aevatar.identity import SHARDS
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.records import (
    DueTimer,
    LoggedTurn,
    OpenCommand,
    RecordedOutcome,
    SessionEvent,
    TimerSet,
    TurnRecord,
    Verdict,
)
from aevatar.testing.journal_conformance.examples import ANN, BEN, FAR, mail, shown, turn

T = TypeVar("T")

ACTORS = [ANN, BEN]
COMMANDS = ["c1", "c2", "c3"]
NEXT = st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1])
STEPS = st.fixed_dictionaries(
    {
        "actor": st.sampled_from(ACTORS),
        "ahead": st.one_of(NEXT, st.none()),
        "command": st.one_of(st.none(), st.sampled_from(COMMANDS)),
        "opens": st.booleans(),
        "concludes": st.lists(st.sampled_from(COMMANDS), max_size=1),
        "shows": st.lists(st.tuples(st.sampled_from("st"), NEXT, st.booleans()), max_size=2),
        "sends": st.lists(st.sampled_from(ACTORS), max_size=2),
        "ticks": st.lists(st.integers(0, 9), max_size=2),
        "sets": st.lists(st.tuples(st.sampled_from("tu"), st.integers(1, 3)), max_size=3),
        "clears": st.lists(st.tuples(st.sampled_from("tu"), st.integers(1, 3)), max_size=3),
    }
)


@pytest.mark.timeout(360)  # a failure is worth the time to make it small; a success takes two seconds
def test_a_journal_holds_what_follows_from_the_records_it_committed() -> None:
    run_state_machine_as_test(
        JournalAgainstModel, settings=settings(max_examples=60, stateful_step_count=20, deadline=None)
    )


class Committed:
    """The records that were committed, and what follows from them."""

    def __init__(self) -> None:
        self.records: list[TurnRecord] = []

    def judge(self, batch: list[TurnRecord]) -> list[Verdict]:
        stale: set[str] = set()
        return [self._judge(record, stale) for record in batch]

    def _judge(self, record: TurnRecord, stale: set[str]) -> Verdict:
        if (record.version or record.shown) and record in self.records:
            return Verdict.COMMITTED
        turns = self.turns(record.actor)
        if record.version is not None and record.command_id in {turn.command_id for turn in turns} - {None}:
            stale.add(record.actor)
            return Verdict.REPEATED
        follows = record.version in {None, len(turns) + 1} and self._numbers_follow(record)
        if record.actor in stale or not follows:
            stale.add(record.actor)
            return Verdict.CONFLICT
        if not set(record.mail_done) <= set(self.mail(record.actor)):
            stale.update({record.actor} if record.version else ())
            return Verdict.REPEATED
        self.records.append(record)
        return Verdict.COMMITTED

    def _numbers_follow(self, record: TurnRecord) -> bool:
        for session in {event.session for event in record.shown}:
            numbers = [event.number for event in self.events(record.actor, session)]
            numbers += [event.number for event in record.shown if event.session == session]
            if numbers != list(range(1, len(numbers) + 1)):
                return False
        return True

    def turns(self, actor: str) -> list[TurnRecord]:
        return [record for record in self.records if record.actor == actor and record.version is not None]

    def events(self, actor: str, session: str) -> list[SessionEvent]:
        events = [event for record in self.records if record.actor == actor for event in record.shown]
        return [event for event in events if event.session == session]

    def outcome(self, actor: str, command: str) -> RecordedOutcome | None:
        asked = next((turn for turn in self.turns(actor) if turn.command_id == command), None)
        if asked is None or asked.version is None:
            return None
        return RecordedOutcome(asked.version, asked.digest, self._conclusion(asked) if asked.opened else asked.outcome)

    def _conclusion(self, asked: TurnRecord) -> bytes | None:
        later = self.records[self.records.index(asked) :]
        said = [outcome for record in later if record.actor == asked.actor for outcome in record.concluded]
        return next((outcome for command, outcome in said if command == asked.command_id), None)

    def open_commands(self, actor: str) -> list[OpenCommand]:
        return [turn.opened for turn in self.turns(actor) if turn.opened and self._conclusion(turn) is None]

    def mail(self, *targets: str) -> list[str]:
        waiting: list[tuple[str, str]] = []
        for record in self.records:
            waiting = [each for each in waiting if each not in {(record.actor, done) for done in record.mail_done}]
            waiting += [(each.target, each.id) for each in record.mail]
        return [mail_id for target, mail_id in waiting if target in targets]

    def timers(self) -> set[DueTimer]:
        timers: dict[tuple[str, str], DueTimer] = {}
        for record in self.records:
            for name, generation in record.timers_cleared:
                if (known := timers.get((record.actor, name))) and known.generation <= generation:
                    del timers[record.actor, name]
            for timer in record.timers_set:
                known = timers.get((record.actor, timer.name))
                if known is None or known.generation < timer.generation:
                    due = DueTimer(record.actor, timer.name, timer.generation, timer.due, timer.body)
                    timers[record.actor, timer.name] = due
        return set(timers.values())


class JournalAgainstModel(RuleBasedStateMachine):
    """Makes the same records known to both, and asks both the same."""

    @initialize()
    def start(self) -> None:
        self.model = Committed()
        self.ids = 0
        self.batch: list[TurnRecord] = []
        self.journal = MemoryJournal()
        self.open()

    def open(self) -> None:
        at_once(self.journal.open())
        at_once(self.journal.claim(range(SHARDS)))

    @rule(steps=st.lists(STEPS, min_size=1, max_size=5))
    def commit(self, steps: list[dict[str, Any]]) -> None:
        versions = {actor: len(self.model.turns(actor)) for actor in ACTORS}
        numbers = {(actor, session): len(self.model.events(actor, session)) for actor in ACTORS for session in "st"}
        self.batch = [self.record(versions, numbers, **step) for step in steps]
        self.repeat()

    @rule()
    def repeat(self) -> None:
        assert at_once(self.journal.commit(self.batch)) == self.model.judge(self.batch)

    @rule()
    def crash(self) -> None:
        self.journal = self.journal.reopened()
        self.open()

    @rule()
    def move(self) -> None:
        with TemporaryDirectory() as folder:
            at_once(self.journal.backup(Path(folder) / "copy"))
            self.journal = MemoryJournal.restored(Path(folder) / "copy")
        self.open()

    def record(
        self,
        versions: dict[str, int],
        numbers: dict[tuple[str, str], int],
        *,
        actor: str,
        ahead: int | None,
        **step: Any,
    ) -> TurnRecord:
        waiting = [*self.model.mail(actor), "unknown"]
        record = turn(actor, None, mail_done=[waiting[number % len(waiting)] for number in step["ticks"]])
        for session, slip, terminal in step["shows"]:
            numbers[actor, session] += 1
            record.shown.append(shown(session, numbers[actor, session] + slip, at=self.new_id(), terminal=terminal))
        if ahead is not None:
            versions[actor] += 1
            self.decide(record, versions[actor] + ahead, **step)
        return record

    def decide(self, record: TurnRecord, version: int, *, command: str | None, opens: bool, **step: Any) -> None:
        record.version, record.body, record.command_id = version, str(self.new_id()).encode(), command
        if command and opens:
            record.opened = OpenCommand(command)
        elif command:
            record.outcome = b"at once"
        record.concluded = [(concluded, b"late") for concluded in step["concludes"]]
        record.mail = [mail(f"m{self.new_id()}", target) for target in step["sends"]]
        record.timers_cleared = step["clears"]
        record.timers_set = [TimerSet(name, generation, self.new_id(), b"") for name, generation in step["sets"]]

    def new_id(self) -> int:
        self.ids += 1
        return self.ids

    @invariant()
    def actors_are_what_their_records_make_them(self) -> None:
        for actor in ACTORS:
            turns, image = self.model.turns(actor), at_once(self.journal.load(actor))
            expected = [LoggedTurn(turn.version or 0, turn.body) for turn in turns]
            assert (image.version, image.turns) == (len(turns), expected) if image else not turns
            assert (image.open_commands if image else []) == self.model.open_commands(actor)
            for command in COMMANDS:
                assert at_once(self.journal.outcome(actor, command)) == self.model.outcome(actor, command)

    @invariant()
    def sessions_are_what_was_shown(self) -> None:
        for actor in ACTORS:
            for session in "st":
                page = at_once(self.journal.session(actor, session, after=0, limit=1000))
                assert page.events == self.model.events(actor, session)
                assert page.ended == any(event.terminal for event in page.events)

    @invariant()
    def the_feed_is_the_list_itself(self) -> None:
        feed = [(entry.actor, entry.version, entry.body) for entry in at_once(self.journal.feed())]
        assert feed == [(record.actor, record.version, record.body) for record in self.model.records if record.version]

    @invariant()
    def mail_and_timers_wait_until_they_are_done(self) -> None:
        assert [each.id for each in at_once(self.journal.mail())] == self.model.mail(*ACTORS)
        assert set(at_once(self.journal.due(FAR))) == self.model.timers()


def at_once(call: Coroutine[Any, Any, T]) -> T:
    """The answer of a call that waits for nothing, as every call of a journal in memory does."""
    try:
        call.send(None)
    except StopIteration as answered:
        return answered.value
    raise AssertionError("a journal in memory has waited for something")
