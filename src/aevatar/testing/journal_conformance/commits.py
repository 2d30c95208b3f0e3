"""Turns are stored whole or not at all, in order, once."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from aevatar.journal.port import Journal
from aevatar.journal.records import (
    ActorImage,
    DueTimer,
    LoggedTurn,
    OpenCommand,
    OpenEffect,
    RecordedOutcome,
    Retirement,
    SessionPage,
    TimerSet,
    TurnRecord,
    Verdict,
)
from aevatar.testing.journal_conformance.examples import (
    ANN,
    BEN,
    CLEO,
    NOW,
    decided,
    everything,
    full,
    mail,
    numbered,
    refused,
    shown,
    turn,
)
from aevatar.testing.journal_conformance.harness import Journals, opened

COMMITTED, REPEATED, CONFLICT = Verdict.COMMITTED, Verdict.REPEATED, Verdict.CONFLICT


async def test_a_committed_turn_is_read_back_whole(journal: Journal) -> None:
    assert await journal.commit([full(ANN, 1, "c1")]) == [COMMITTED]
    assert await journal.load(ANN) == ActorImage(
        version=1,
        turns=[LoggedTurn(1, f"turn 1 of {ANN}".encode())],
        timers=[DueTimer(ANN, "timer-1", 1, NOW + 1, b"ring")],
        effects=[OpenEffect(ANN, f"{ANN}-effect-1", "demo.call", b"request")],
        sessions={"s": (1, False)},
    )
    assert await journal.outcome(ANN, "c1") == RecordedOutcome(1, b"digest", b"outcome of c1")
    assert [each.id for each in await journal.mail()] == ["mail-1"]


async def test_nothing_is_known_of_an_actor_that_never_had_a_turn(journal: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1")])
    assert await journal.load(BEN) is None
    assert await journal.history(BEN) == []
    assert await journal.outcome(BEN, "c1") is None
    assert await journal.outcome(ANN, "c2") is None


async def test_what_was_committed_outlives_its_handle(journal: Journal, journals: Journals) -> None:
    await journal.commit([full(ANN, 1, "c1"), full(CLEO, 1, "c1")])
    before = await everything(journal)
    await journal.close()
    async with opened(journals.handle()) as reopened:
        assert await everything(reopened) == before


async def test_an_empty_batch_has_no_verdicts(journal: Journal) -> None:
    assert await journal.commit([]) == []


async def test_a_batch_may_hold_thousands_of_turns(journal: Journal) -> None:
    actors = [f"demo.counter/alpha/{number}" for number in range(3000)]
    assert await journal.commit([decided(actor, 1, "c1") for actor in actors]) == [COMMITTED] * 3000
    assert sorted(entry.actor for entry in await journal.feed(limit=5000)) == sorted(actors)


async def test_any_text_may_be_a_command_id(journal: Journal) -> None:
    ids = ["a'b\"c;--", "Ünïcode ✓ 🙂", "%s $1 ? :x", "x" * 500, " ", "C1", "c1"]
    await journal.commit([decided(ANN, version, command_id) for version, command_id in enumerate(ids, start=1)])
    outcomes = [await journal.outcome(ANN, command_id) for command_id in ids]
    expected = [RecordedOutcome(at, b"digest", f"outcome of {key}".encode()) for at, key in enumerate(ids, start=1)]
    assert outcomes == expected


async def test_bodies_are_bytes_of_any_kind(journal: Journal) -> None:
    bodies = [bytes(range(256)), b"", b"\x00" * 1000, b"x" * 1_000_000]
    await journal.commit([turn(ANN, version, body=body) for version, body in enumerate(bodies, start=1)])
    assert [entry.body for entry in await journal.history(ANN)] == bodies


# Refusals


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        pytest.param(refused(ANN, 1), CONFLICT, id="version taken"),
        pytest.param(refused(ANN, 3), CONFLICT, id="version left out"),
        pytest.param(refused(ANN, 0), CONFLICT, id="no such version"),
        pytest.param(refused(ANN, 2, number=1), CONFLICT, id="number taken"),
        pytest.param(refused(ANN, 2, number=3), CONFLICT, id="number left out"),
        pytest.param(refused(ANN, None, number=1), CONFLICT, id="number taken, only shows"),
        pytest.param(refused(ANN, None, number=3), CONFLICT, id="number left out, only shows"),
        pytest.param(refused(BEN, 2, number=1), CONFLICT, id="first version left out"),
        pytest.param(refused(BEN, 1, number=2), CONFLICT, id="first number left out"),
        pytest.param(refused(ANN, 2, command_id="c1"), REPEATED, id="command handled before"),
        pytest.param(refused(ANN, 1, command_id="c1"), REPEATED, id="command handled before, version taken"),
    ],
)
async def test_a_refused_record_leaves_nothing_behind(journal: Journal, record: TurnRecord, verdict: Verdict) -> None:
    await journal.commit([full(ANN, 1, "c1")])
    before = await everything(journal)
    assert await journal.commit([record]) == [verdict]
    assert await everything(journal) == before


async def test_a_refused_record_harms_no_neighbour(journal: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1")])
    batch = [decided(BEN, 1, "c1"), refused(ANN, 1), decided(CLEO, 1, "c1"), refused("demo.counter/alpha/new", 7)]
    assert await journal.commit(batch) == [COMMITTED, CONFLICT, COMMITTED, CONFLICT]
    assert sorted((entry.actor, entry.version) for entry in await journal.feed()) == [(ANN, 1), (BEN, 1), (CLEO, 1)]
    assert [each.id for each in await journal.mail()] == ["mail-1"]


async def test_a_refused_record_refuses_the_later_ones_of_its_actor_only(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1)])
    batch = [
        turn(ANN, 2),
        turn(BEN, 1),
        turn(ANN, None, shown=[shown("s", 2)]),
        turn(ANN, 3),
        turn(BEN, 2),
        turn(ANN, None, mail_done=["m1"]),
        turn(ANN, 4),
    ]
    verdicts = [COMMITTED, COMMITTED, CONFLICT, CONFLICT, COMMITTED, CONFLICT, CONFLICT]
    assert await journal.commit(batch) == verdicts
    assert [entry.version for entry in await journal.history(ANN)] == [1, 2]
    assert [entry.version for entry in await journal.history(BEN)] == [1, 2]


async def test_a_repeated_command_refuses_the_later_records_of_its_actor(journal: Journal) -> None:
    await journal.commit([decided(ANN, 1, "c1")])
    assert await journal.commit([decided(ANN, 2, "c1"), decided(ANN, 3, "c2")]) == [REPEATED, CONFLICT]
    assert await journal.outcome(ANN, "c2") is None


async def test_a_record_dragged_along_by_an_earlier_refusal_is_a_conflict_unless_there_is_more_to_say(
    journal: Journal,
) -> None:
    first = decided(ANN, 1, "c1", shown=numbered("s", 1))
    await journal.commit([first])
    batch = [turn(ANN, 9), decided(ANN, 2, "c2"), first, decided(ANN, 2, "c1"), turn(ANN, None, shown=numbered("s", 2))]
    assert await journal.commit(batch) == [CONFLICT, CONFLICT, COMMITTED, REPEATED, CONFLICT]
    assert [entry.version for entry in await journal.history(ANN)] == [1]


async def test_one_of_many_stale_activations_wins(journal: Journal) -> None:
    verdicts: list[Verdict] = []

    async def commit(number: int) -> None:
        verdicts.extend(await journal.commit([decided(ANN, 1, f"c{number}")]))

    async with anyio.create_task_group() as racing:
        for number in range(8):
            racing.start_soon(commit, number)
    assert sorted(verdicts, key=str) == [COMMITTED] + [CONFLICT] * 7
    assert [entry.version for entry in await journal.history(ANN)] == [1]


# Chains


async def test_the_turns_of_an_actor_keep_their_order_among_those_of_others(journal: Journal) -> None:
    actors = [f"demo.counter/alpha/{number}" for number in range(9)]
    await journal.commit([turn(actor, version) for version in range(1, 30) for actor in actors[:: (-1) ** version]])
    feed = await journal.feed()
    versions = [[entry.version for entry in feed if entry.actor == actor] for actor in actors]
    assert versions == [list(range(1, 30))] * 9


async def test_turns_of_one_actor_may_stand_in_one_batch(journal: Journal) -> None:
    batch = [
        decided(ANN, 1, "c1", shown=numbered("s", 1, 2)),
        decided(BEN, 1, "c1", shown=numbered("s", 1)),
        turn(ANN, None, shown=numbered("s", 3) + numbered("t", 1)),
        decided(ANN, 2, "c2", shown=numbered("t", 2) + numbered("s", 4)),
        decided(ANN, 3, "c3"),
    ]
    assert await journal.commit(batch) == [COMMITTED] * 5
    turns = [(entry.version, entry.at, entry.body) for entry in await journal.history(ANN)]
    assert turns == [(version, NOW, f"turn {version} of {ANN}".encode()) for version in (1, 2, 3)]
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage(numbered("s", 1, 2, 3, 4), ended=False)
    assert await journal.session(ANN, "t", after=0, limit=9) == SessionPage(numbered("t", 1, 2), ended=False)
    assert await journal.session(BEN, "s", after=0, limit=9) == SessionPage(numbered("s", 1), ended=False)


async def test_the_second_turn_of_a_command_in_one_batch_is_repeated(journal: Journal) -> None:
    assert await journal.commit([decided(ANN, 1, "c1"), decided(ANN, 2, "c1")]) == [COMMITTED, REPEATED]


async def test_mail_may_be_sent_and_ticked_off_in_one_batch(journal: Journal) -> None:
    batch = [turn(ANN, 1, mail=[mail("m1", BEN), mail("m2", BEN)]), turn(BEN, 1, mail_done=["m1"])]
    assert await journal.commit(batch) == [COMMITTED, COMMITTED]
    assert [each.id for each in await journal.mail()] == ["m2"]


# Once


async def test_the_very_same_batch_again_is_committed_and_changes_nothing(journal: Journal) -> None:
    batch = [
        full(ANN, 1, "c1"),
        full(CLEO, 1, "c1"),
        turn(ANN, None, shown=[shown("s", 2)]),
        turn(ANN, 2),
    ]
    await journal.commit(batch)
    before = await everything(journal)
    assert await journal.commit(batch) == [COMMITTED] * 4
    assert await everything(journal) == before


async def test_a_batch_sent_again_may_be_stored_in_part_already(journal: Journal) -> None:
    first, second, third = decided(ANN, 1, "c1"), decided(ANN, 2, "c2"), decided(BEN, 1, "c1")
    await journal.commit([first])
    assert await journal.commit([first, second, third]) == [COMMITTED] * 3
    assert sorted((entry.actor, entry.version) for entry in await journal.feed()) == [(ANN, 1), (ANN, 2), (BEN, 1)]


async def test_mail_that_was_ticked_off_does_not_come_back_with_its_turn(journal: Journal) -> None:
    sent = decided(ANN, 1, "c1", mail=[mail("m1", BEN)])
    await journal.commit([sent])
    await journal.commit([turn(BEN, 1, mail_done=["m1"])])
    assert await journal.commit([sent]) == [COMMITTED]
    assert await journal.mail() == []


async def test_another_turn_under_a_stored_version_is_refused(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1, body=b"one"), decided(ANN, 2, "c2")])
    assert await journal.commit([turn(ANN, 1, body=b"other")]) == [CONFLICT]
    assert await journal.commit([turn(ANN, 2)]) == [CONFLICT]
    assert await journal.commit([decided(ANN, 2, "c2", body=b"other")]) == [REPEATED]


async def test_events_that_are_shown_again_are_committed_and_other_ones_refused(journal: Journal) -> None:
    first, second = turn(ANN, None, shown=numbered("s", 1, 2)), turn(ANN, None, shown=numbered("s", 3))
    await journal.commit([first, second])
    assert await journal.commit([first, second]) == [COMMITTED, COMMITTED]
    assert await journal.commit([turn(ANN, None, shown=[shown("s", 3, terminal=True)])]) == [CONFLICT]
    assert await journal.commit([turn(ANN, None, shown=numbered("s", 3, 4))]) == [CONFLICT]
    assert await journal.session(ANN, "s", after=0, limit=9) == SessionPage(numbered("s", 1, 2, 3), ended=False)


async def test_a_command_id_belongs_to_one_actor(journal: Journal) -> None:
    assert await journal.commit([decided(ANN, 1, "c1"), decided(BEN, 1, "c1")]) == [COMMITTED, COMMITTED]


# Outcomes


async def test_an_open_command_waits_until_it_is_concluded(journal: Journal) -> None:
    opening = turn(ANN, 1, command_id="c1", digest=b"digest", opened=OpenCommand("c1", reply_to=BEN))
    await journal.commit([opening])
    image = await journal.load(ANN)
    assert image is not None
    assert image.open_commands == [OpenCommand("c1", reply_to=BEN)]
    assert await journal.outcome(ANN, "c1") == RecordedOutcome(1, b"digest", None)

    await journal.commit([turn(ANN, 2, concluded=[("c1", b"late outcome")])])
    image = await journal.load(ANN)
    assert image is not None
    assert image.open_commands == []
    concluded = await journal.outcome(ANN, "c1")
    assert concluded is not None
    assert (concluded.digest, concluded.outcome, concluded.erased) == (b"digest", b"late outcome", False)


async def test_a_chain_that_opens_and_concludes_a_command_may_be_sent_again(journal: Journal) -> None:
    batch = [
        turn(ANN, 1, command_id="c1", digest=b"digest", opened=OpenCommand("c1")),
        decided(ANN, 2, "c2", concluded=[("c1", b"late outcome")]),
    ]
    assert await journal.commit(batch) == [COMMITTED, COMMITTED]
    before = await everything(journal)
    assert await journal.commit(batch) == [COMMITTED, COMMITTED]
    assert await everything(journal) == before


async def test_what_was_concluded_before_it_was_open_is_not(journal: Journal) -> None:
    opening = turn(ANN, 2, command_id="c1", digest=b"digest", opened=OpenCommand("c1"))
    await journal.commit([turn(ANN, 1, concluded=[("c1", b"too early")]), opening])
    assert await journal.outcome(ANN, "c1") == RecordedOutcome(2, b"digest", None)
    image = await journal.load(ANN)
    assert image is not None
    assert image.open_commands == [OpenCommand("c1")]


async def test_an_empty_outcome_is_an_outcome(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1, command_id="c1", digest=b"digest", outcome=b"")])
    assert await journal.outcome(ANN, "c1") == RecordedOutcome(1, b"digest", b"")


# Snapshots


async def test_an_actor_is_its_newest_snapshot_and_the_turns_after_it(journal: Journal) -> None:
    snapshots = {2: b"state at 2", 4: b"state at 4"}
    turns = [turn(ANN, version, snapshot=snapshots.get(version)) for version in range(1, 7)]
    await journal.commit(turns[:5])
    await journal.commit(turns[5:])
    assert await journal.load(ANN) == ActorImage(
        version=6,
        snapshot=b"state at 4",
        snapshot_version=4,
        turns=[LoggedTurn(version, f"turn {version} of {ANN}".encode()) for version in (5, 6)],
    )
    assert [entry.version for entry in await journal.history(ANN)] == [1, 2, 3, 4, 5, 6]


async def test_an_actor_is_loaded_as_of_one_instant_while_it_goes_on(journal: Journal) -> None:
    loads: list[ActorImage] = []

    async def follow() -> None:
        while not loads or loads[-1].version < 60:
            image = await journal.load(ANN)
            if image is not None:
                loads.append(image)
            await checkpoint()

    async with anyio.create_task_group() as following:
        following.start_soon(follow)
        for version in range(1, 61):
            timer, state = TimerSet("t", version, NOW, b""), b"%d" % version if version % 3 == 0 else None
            record = turn(ANN, version, snapshot=state, timers_set=[timer], shown=numbered("s", version))
            assert await journal.commit([record]) == [COMMITTED]
    for image in loads:
        assert image.snapshot == (b"%d" % image.snapshot_version if image.snapshot_version else None)
        expected = list(range(image.snapshot_version + 1, image.version + 1))
        assert [turn.version for turn in image.turns] == expected
        assert [timer.generation for timer in image.timers] == [image.version]
        assert image.sessions == {"s": (image.version, False)}


async def test_the_log_of_an_actor_is_read_in_pages(journal: Journal) -> None:
    await journal.commit([turn(actor, version) for version in range(1, 7) for actor in (ANN, BEN)])
    assert [entry.version for entry in await journal.history(ANN, after=2, limit=3)] == [3, 4, 5]
    assert await journal.history(ANN, after=6) == []


# Retirement


async def test_a_retired_actor_stays_retired_while_its_mail_is_ticked_off(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1), turn(ANN, 2, retirement=Retirement.KEPT)])
    await journal.accept([mail("m1", ANN)])
    assert await journal.commit([turn(ANN, None, mail_done=["m1"])]) == [COMMITTED]
    image = await journal.load(ANN)
    assert image is not None
    assert (image.version, image.retirement) == (2, Retirement.KEPT)
    assert await journal.erasable() == []


async def test_an_actor_that_was_never_retired_is_not(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1)])
    image = await journal.load(ANN)
    assert image is not None
    assert image.retirement is Retirement.NO
