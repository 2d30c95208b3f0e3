"""What keeps a store small, whole and movable: sweeping, erasing, copying and looking at it."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from aevatar.errors import Misassembled, Rejected
from aevatar.journal.port import Journal
from aevatar.journal.records import (
    ActorImage,
    DeadLetter,
    DocumentQuery,
    EffectStarted,
    EffectState,
    LoggedTurn,
    RecordedOutcome,
    Retirement,
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
    shown,
    turn,
)
from aevatar.testing.journal_conformance.harness import Journals, opened

COUNTED = {
    "actors": 2,
    "turns": 2,
    "mail": 1,
    "timers": 2,
    "effects": 2,
    "documents": 2,
    "sessions": 2,
    "session_events": 2,
    "dead_letters": 2,
}


def letter(letter_id: str, at: int) -> DeadLetter:
    """A dead letter of ANN."""
    return DeadLetter(letter_id, ANN, "a bug", b"envelope", at)


# Opening and closing


async def test_closing_again_is_harmless(journal: Journal) -> None:
    await journal.close()
    await journal.close()


async def test_closing_finishes_what_is_under_way(journal: Journal, journals: Journals) -> None:
    verdicts: list[Verdict] = []

    async def commit() -> None:
        verdicts.extend(await journal.commit([turn(ANN, 1)]))

    async with anyio.create_task_group() as under_way:
        under_way.start_soon(commit)
        await checkpoint()
        await journal.close()
    assert verdicts == [Verdict.COMMITTED]
    async with opened(journals.handle()) as reopened:
        assert [entry.version for entry in await reopened.history(ANN)] == [1]


async def test_a_closed_handle_may_be_opened_again(journal: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1")])
    before = await everything(journal)
    await journal.close()
    async with opened(journal):
        assert await everything(journal) == before
        assert await journal.commit([decided(ANN, 2, "c2")]) == [Verdict.COMMITTED]


async def test_a_store_of_a_newer_schema_is_refused(journal: Journal, journals: Journals) -> None:
    await journal.close()
    await journals.outdate_the_code()
    newer = journals.handle()
    with pytest.raises(Misassembled):
        await newer.open()
    await newer.close()


# Actors


async def test_actors_are_listed_in_order_by_kind_and_in_pages(journal: Journal) -> None:
    others = ["demo.counter_two/alpha/x", "demo.counter/beta/ann", "demo.counter/alpha/Z"]
    await journal.commit([turn(actor, version) for version in (1, 2) for actor in (CLEO, BEN, ANN, *others)])
    every = sorted([ANN, BEN, CLEO, *others])
    assert await journal.actors() == every
    assert await journal.actors(limit=2) == every[:2]
    assert await journal.actors(after=every[1], limit=2) == every[2:4]
    assert await journal.actors(after=every[-1]) == []
    assert await journal.actors(kind="demo.counter") == ["demo.counter/alpha/Z", ANN, BEN, "demo.counter/beta/ann"]
    assert await journal.actors(kind="demo.counter", after=ANN) == [BEN, "demo.counter/beta/ann"]


# Renaming


async def test_actors_of_a_renamed_kind_keep_all_that_is_theirs(journal: Journal) -> None:
    new = ANN.replace("demo.counter", "demo.tally")
    await journal.commit(
        [full(ANN, 1, "c1"), full(CLEO, 1, "c1"), turn(BEN, 1), decided(ANN, 2, "c2", snapshot=b"state")]
    )
    before = await everything(journal)
    assert await journal.rename_kind("demo.counter", "demo.tally") == 2
    assert await journal.actors() == [CLEO, new, BEN.replace("demo.counter", "demo.tally")]
    assert [entry.actor for entry in await journal.history(new)] == [new, new]
    assert (await journal.outcome(new, "c1"), await journal.outcome(ANN, "c1")) == (before["outcomes"][0], None)
    assert (await journal.session(new, "s", after=0, limit=9), await journal.load(ANN)) == (before["sessions"][0], None)
    image, stored = await journal.load(new), before["images"][0]
    assert image is not None
    assert [timer.actor for timer in image.timers] == [new]
    assert [effect.actor for effect in image.effects] == [new]
    image.timers, image.effects = stored.timers, stored.effects
    assert image == stored


async def test_actors_of_a_renamed_kind_go_on_under_the_new_one(journal: Journal) -> None:
    new = ANN.replace("demo.counter", "demo.tally")
    await journal.commit([full(ANN, 1, "c1")])
    await journal.accept([mail("m1", ANN)])
    await journal.rename_kind("demo.counter", "demo.tally")
    assert {each.id: each.target for each in await journal.mail()}["m1"] == new
    batch = [decided(new, 2, "c1"), decided(ANN, 1, "c1", shown=[shown("s", 1)])]
    assert await journal.commit(batch) == [Verdict.REPEATED, Verdict.COMMITTED]
    going_on = turn(
        new, 2, mail_done=["m1"], effects_ended=[(f"{ANN}-effect-1", EffectState.DONE)], shown=[shown("s", 2)]
    )
    assert await journal.commit([going_on]) == [Verdict.COMMITTED]
    await journal.erase(new)
    assert await journal.document("demo.documents", "alpha", f"{ANN}-1") is None
    assert await journal.dead_letters() == []


async def test_only_the_kind_itself_is_renamed(journal: Journal) -> None:
    others = ["demo.counter_two/alpha/x", "demo_counter.a/alpha/x"]
    await journal.commit([turn(other, 1) for other in others])
    assert await journal.rename_kind("demo.counter", "demo.tally") == 0
    assert await journal.actors() == others


async def test_no_actor_moves_when_one_exists_under_both_kinds(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1), turn(BEN, 1), turn(BEN.replace("demo.counter", "demo.tally"), 1)])
    before = await journal.feed()
    with pytest.raises(Misassembled):
        await journal.rename_kind("demo.counter", "demo.tally")
    assert await journal.feed() == before


# Sweeping


async def test_the_newest_dead_letters_come_first(journal: Journal) -> None:
    letters = [letter("x", NOW + 1), letter("y", NOW + 3), letter("z", NOW + 2)]
    await journal.commit([turn(ANN, None, dead=letters[:1]), turn(ANN, 1, dead=letters[1:])])
    assert await journal.dead_letters() == [letters[1], letters[2], letters[0]]
    assert await journal.dead_letters(limit=1) == [letters[1]]


async def test_sweeping_removes_old_dead_letters_and_ended_effects(journal: Journal) -> None:
    started = [EffectStarted(name, "demo.call", b"") for name in ("old", "new", "open")]
    await journal.commit(
        [
            turn(ANN, 1, effects_started=started, dead=[letter("old", NOW), letter("new", NOW + 5)]),
            turn(ANN, 2, effects_ended=[("old", EffectState.DONE)], at=NOW + 4),
            turn(ANN, 3, effects_ended=[("new", EffectState.FAILED)], at=NOW + 5),
        ]
    )
    assert await journal.sweep(NOW + 5) == 2
    assert await journal.sweep(NOW + 5) == 0
    assert await journal.dead_letters() == [letter("new", NOW + 5)]
    assert [effect.id for effect in await journal.effects()] == ["open"]
    assert (await journal.info()).counts["effects"] == 2


# Erasing


async def test_an_actor_that_asks_to_be_erased_is_found_until_it_is(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1, retirement=Retirement.ERASE), turn(BEN, 1, retirement=Retirement.KEPT)])
    assert await journal.erasable() == [ANN]
    await journal.erase(ANN)
    assert await journal.erasable() == []


async def test_an_erased_actor_leaves_only_empty_places_in_the_feed(journal: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1"), full(CLEO, 1, "c1")])
    await journal.commit([decided(ANN, 2, "c2", snapshot=b"state", retirement=Retirement.ERASE)])
    before = await journal.feed()
    await journal.erase(ANN)
    assert await journal.load(ANN) == ActorImage(version=2, retirement=Retirement.ERASED)
    assert [(entry.position, entry.actor, entry.version, entry.body) for entry in await journal.feed()] == [
        (entry.position, entry.actor, entry.version, b"" if entry.actor == ANN else entry.body) for entry in before
    ]
    assert (await journal.session(ANN, "s", after=0, limit=9)).events == []
    assert await journal.document("demo.documents", "alpha", f"{ANN}-1") is None
    assert [letter.actor for letter in await journal.dead_letters()] == [CLEO]
    assert [effect.actor for effect in await journal.effects()] == [CLEO]
    assert [timer.actor for timer in await journal.due(NOW + 9)] == [CLEO]


async def test_erasing_an_actor_spares_the_others(journal: Journal) -> None:
    await journal.commit([full(CLEO, 1, "c1")])
    untouched = await journal.load(CLEO), await journal.outcome(CLEO, "c1"), await journal.mail()
    await journal.commit([full(ANN, 1, "c1"), turn(ANN, 2, retirement=Retirement.ERASE)])
    await journal.erase(ANN)
    assert (await journal.load(CLEO), await journal.outcome(CLEO, "c1"), await journal.mail()) == untouched
    assert (await journal.session(CLEO, "s", after=0, limit=9)).events == [shown("s", 1)]
    assert [each.key for each, _ in await journal.documents(DocumentQuery("demo.documents", "alpha"))] == [f"{CLEO}-1"]


async def test_the_commands_of_an_erased_actor_take_no_effect_again(journal: Journal) -> None:
    await journal.commit([decided(ANN, 1, "c1"), turn(ANN, 2, retirement=Retirement.ERASE)])
    await journal.erase(ANN)
    outcome = await journal.outcome(ANN, "c1")
    assert outcome is not None
    assert (outcome.version, outcome.outcome, outcome.erased) == (1, None, True)
    assert await journal.commit([decided(ANN, 3, "c1")]) == [Verdict.REPEATED]


async def test_erasing_again_or_what_never_was_is_harmless(journal: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1")])
    await journal.erase(ANN)
    before = await everything(journal)
    await journal.erase(ANN)
    await journal.erase(BEN)
    assert await everything(journal) == before


async def test_what_was_shown_without_a_turn_is_erased_without_a_trace(journal: Journal) -> None:
    await journal.commit([turn(ANN, None, shown=[shown("s", 1)])])
    await journal.erase(ANN)
    assert await journal.load(ANN) is None
    assert (await journal.session(ANN, "s", after=0, limit=9)).events == []
    await journal.commit([turn(ANN, 1)])
    assert await journal.load(ANN) == ActorImage(version=1, turns=[LoggedTurn(1, f"turn 1 of {ANN}".encode())])


async def test_earlier_history_gives_way_to_a_snapshot(journal: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1"), decided(ANN, 2, "c2"), decided(ANN, 3, "c3"), decided(ANN, 4, "c4")])
    kept = (
        await journal.session(ANN, "s", after=0, limit=9),
        await journal.document("demo.documents", "alpha", f"{ANN}-1"),
    )
    image = await journal.load(ANN)
    assert image is not None
    await journal.erase(ANN, through=2, snapshot=(2, b"state at 2"))

    image.snapshot, image.snapshot_version = b"state at 2", 2
    image.turns = [LoggedTurn(version, f"turn {version} of {ANN}".encode()) for version in (3, 4)]
    assert await journal.load(ANN) == image
    bodies = [entry.body for entry in await journal.feed()]
    assert bodies == [b"", b"", f"turn 3 of {ANN}".encode(), f"turn 4 of {ANN}".encode()]
    session = await journal.session(ANN, "s", after=0, limit=9)
    assert (session, await journal.document("demo.documents", "alpha", f"{ANN}-1")) == kept


async def test_commands_of_erased_history_take_no_effect_again(journal: Journal) -> None:
    await journal.commit([decided(ANN, 1, "c1"), decided(ANN, 2, "c2"), decided(ANN, 3, "c3")])
    await journal.erase(ANN, through=2, snapshot=(2, b"state at 2"))
    erased = await journal.outcome(ANN, "c1")
    assert erased is not None
    assert (erased.version, erased.outcome, erased.erased) == (1, None, True)
    assert await journal.outcome(ANN, "c3") == RecordedOutcome(3, b"digest", b"outcome of c3")
    assert await journal.commit([decided(ANN, 4, "c1"), decided(BEN, 1, "c1")]) == [Verdict.REPEATED, Verdict.COMMITTED]
    assert await journal.commit([decided(ANN, 4, "c4")]) == [Verdict.COMMITTED]


# Compacting


async def test_compacting_changes_nothing_that_can_be_seen(journal: Journal, journals: Journals) -> None:
    await journal.commit([full(ANN, 1, "c1"), full(CLEO, 1, "c1")])
    await journal.erase(CLEO)
    before = await everything(journal)
    await journal.compact()
    assert await everything(journal) == before
    assert await journal.commit([decided(ANN, 2, "c2"), decided(BEN, 1, "c1")]) == [Verdict.COMMITTED] * 2
    before = await everything(journal)
    await journal.close()
    async with opened(journals.handle()) as reopened:
        assert (await everything(reopened), await reopened.check()) == (before, [])


# Copying


async def test_a_backup_opens_elsewhere_and_goes_its_own_way(
    journal: Journal, journals: Journals, tmp_path: Path
) -> None:
    await journal.commit([full(ANN, 1, "c1"), full(CLEO, 1, "c1")])
    before = await everything(journal)
    await journal.backup(tmp_path / "copy")
    await journal.commit([full(ANN, 2, "c2", number=2)])
    async with opened(await journals.restored(tmp_path / "copy")) as copy:
        assert await everything(copy) == before
        assert await copy.commit([decided(ANN, 2, "elsewhere")]) == [Verdict.COMMITTED]
    assert await journal.outcome(ANN, "elsewhere") is None


async def test_a_backup_replaces_nothing(journal: Journal, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_bytes(b"precious")
    with pytest.raises(Rejected):
        await journal.backup(taken)
    assert taken.read_bytes() == b"precious"


# Looking


async def test_a_sound_store_finds_nothing_wrong_with_itself(journal: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1"), full(CLEO, 1, "c1")])
    await journal.erase(ANN)
    assert await journal.check() == []


async def test_a_store_tells_what_it_holds(journal: Journal) -> None:
    await journal.commit([full(ANN, 1, "c1"), full(CLEO, 1, "c1")])
    info = await journal.info()
    assert dict(info.counts) == COUNTED
    assert info.last_position == (await journal.feed())[-1].position
    assert info.size > 0
    assert info.schema > 0


async def test_an_empty_store_holds_nothing(journal: Journal) -> None:
    info = await journal.info()
    assert dict(info.counts) == dict.fromkeys(COUNTED, 0)
    assert info.last_position == 0
    assert await journal.feed() == []
    assert await journal.actors() == []


async def test_mail_is_counted_once_it_waits(journal: Journal) -> None:
    await journal.accept([mail("m1", ANN), mail("m2", ANN)])
    assert (await journal.info()).counts["mail"] == 2
