"""Timers and effects: what was set or started is found until it is cleared or ended."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

import pytest

from aevatar.journal.port import Journal
from aevatar.journal.records import (
    DueTimer,
    EffectStarted,
    EffectState,
    OpenEffect,
    TimerSet,
    TurnRecord,
)
from aevatar.testing.journal_conformance.examples import ANN, BEN, CLEO, FAR, NOW, shard_of, turn
from aevatar.testing.journal_conformance.harness import Journals, opened


def ring(name: str, generation: int, due: int) -> TimerSet:
    """A timer whose body tells its generation."""
    return TimerSet(name, generation, due, f"{name} {generation}".encode())


def started(actor: str, version: int, *effect_ids: str) -> TurnRecord:
    """A turn that starts effects."""
    effects = [EffectStarted(effect_id, "demo.call", effect_id.encode()) for effect_id in effect_ids]
    return turn(actor, version, effects_started=effects)


async def generations(journal: Journal) -> dict[str, int]:
    """The generation of every timer that is set, by its name."""
    return {timer.name: timer.generation for timer in await journal.due(FAR)}


# Timers


async def test_timers_fall_due_oldest_first_whoever_set_them(journal: Journal) -> None:
    await journal.commit(
        [
            turn(ANN, 1, timers_set=[ring("late", 1, NOW + 30), ring("early", 1, NOW + 10)]),
            turn(BEN, 1, timers_set=[ring("early", 1, NOW + 20), ring("future", 1, NOW + 31)]),
        ]
    )
    expected = [
        DueTimer(ANN, "early", 1, NOW + 10, b"early 1"),
        DueTimer(BEN, "early", 1, NOW + 20, b"early 1"),
        DueTimer(ANN, "late", 1, NOW + 30, b"late 1"),
    ]
    assert await journal.due(NOW + 30) == expected
    assert await journal.due(NOW + 30, limit=2) == expected[:2]
    assert await journal.due(NOW + 9) == []


async def test_setting_a_timer_again_replaces_it(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1, timers_set=[ring("t", 1, NOW)])])
    await journal.commit([turn(ANN, 2, timers_set=[ring("t", 2, NOW + 5)])])
    assert await journal.due(FAR) == [DueTimer(ANN, "t", 2, NOW + 5, b"t 2")]


async def test_an_older_generation_never_replaces_a_newer_one(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1, timers_set=[ring("t", 3, NOW)])])
    await journal.commit([turn(ANN, 2, timers_set=[ring("t", 2, NOW + 5)])])
    assert await journal.due(FAR) == [DueTimer(ANN, "t", 3, NOW, b"t 3")]


async def test_a_timer_is_cleared_up_to_a_generation(journal: Journal) -> None:
    timers = [ring("older", 1, NOW), ring("same", 2, NOW), ring("newer", 3, NOW), ring("other", 1, NOW)]
    await journal.commit([turn(ANN, 1, timers_set=timers), turn(BEN, 1, timers_set=[ring("spared", 1, NOW)])])
    cleared = [("older", 2), ("same", 2), ("newer", 2), ("unknown", 2), ("spared", 2)]
    await journal.commit([turn(ANN, 2, timers_cleared=cleared)])
    assert await generations(journal) == {"newer": 3, "other": 1, "spared": 1}


async def test_a_turn_may_clear_a_timer_and_set_it_anew(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1, timers_set=[ring("t", 1, NOW)])])
    await journal.commit([turn(ANN, 2, timers_cleared=[("t", 1)], timers_set=[ring("t", 2, NOW + 1)])])
    assert await generations(journal) == {"t": 2}


async def test_timers_follow_the_order_of_turns_within_a_batch(journal: Journal) -> None:
    await journal.commit(
        [
            turn(ANN, 1, timers_set=[ring("cleared", 1, NOW), ring("moved", 1, NOW), ring("again", 1, NOW)]),
            turn(ANN, 2, timers_cleared=[("cleared", 1), ("again", 1)], timers_set=[ring("moved", 2, NOW)]),
            turn(ANN, 3, timers_set=[ring("again", 2, NOW)]),
        ]
    )
    assert await generations(journal) == {"moved": 2, "again": 2}


async def test_an_actor_is_brought_back_with_its_own_timers(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1, timers_set=[ring("t", 1, NOW)]), turn(BEN, 1, timers_set=[ring("u", 1, NOW)])])
    image = await journal.load(ANN)
    assert image is not None
    assert image.timers == [DueTimer(ANN, "t", 1, NOW, b"t 1")]


# Effects


async def test_an_effect_is_open_until_it_ends(journal: Journal) -> None:
    await journal.commit([started(ANN, 1, "e1", "e2"), started(BEN, 1, "e3")])
    assert sorted(await journal.effects(), key=lambda effect: effect.id) == [
        OpenEffect(ANN, "e1", "demo.call", b"e1"),
        OpenEffect(ANN, "e2", "demo.call", b"e2"),
        OpenEffect(BEN, "e3", "demo.call", b"e3"),
    ]
    await journal.commit([turn(ANN, 2, effects_ended=[("e1", EffectState.DONE), ("unknown", EffectState.DONE)])])
    assert {effect.id for effect in await journal.effects()} == {"e2", "e3"}


async def test_an_effect_may_be_started_in_the_name_of_its_runner(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1, effects_started=[EffectStarted("e1", "demo.call", b"", runner="process-1")])])
    assert await journal.effects() == [OpenEffect(ANN, "e1", "demo.call", b"", runner="process-1")]


@pytest.mark.parametrize("state", [EffectState.DONE, EffectState.FAILED, EffectState.CANCELLED])
async def test_every_end_is_an_end(journal: Journal, state: EffectState) -> None:
    await journal.commit([started(ANN, 1, "e1"), turn(ANN, 2, effects_ended=[("e1", state)])])
    assert await journal.effects() == []
    image = await journal.load(ANN)
    assert image is not None
    assert image.effects == []


async def test_the_ledger_names_who_runs_an_effect(journal: Journal, journals: Journals) -> None:
    await journal.commit([started(ANN, 1, "e1", "e2")])
    await journal.take(["e1", "unknown"], "process-1")
    await journal.close()
    async with opened(journals.handle()) as reopened:
        runners = {effect.id: effect.runner for effect in await reopened.effects()}
        assert runners == {"e1": "process-1", "e2": ""}
        await reopened.take(["e1"], "process-2")
        image = await reopened.load(ANN)
        assert image is not None
        assert {effect.id: effect.runner for effect in image.effects} == {"e1": "process-2", "e2": ""}


async def test_only_timers_and_effects_of_the_shards_owned_are_found(journal: Journal, journals: Journals) -> None:
    for actor in (ANN, BEN, CLEO):
        effects = [EffectStarted(f"effect of {actor}", "demo.call", b"")]
        await journal.commit([turn(actor, 1, timers_set=[ring("t", 1, NOW)], effects_started=effects)])
    await journal.close()
    reopened = journals.handle()
    await reopened.open()
    await reopened.claim([shard_of(BEN)])
    found = [timer.actor for timer in await reopened.due(FAR)], [effect.actor for effect in await reopened.effects()]
    await reopened.close()
    assert found == ([BEN], [BEN])
