"""The log as plain data."""

from __future__ import annotations

import base64
import json

from aevatar.actors.actors_pb2 import Packed, TurnBody
from aevatar.actors.upkeep.exporting import exported
from aevatar.journal.records import TurnRecord
from tests.sample.sample_pb2 import Add, Added
from tests.sample.world import ANN, BEN, World

ON_POSTGRES = True


async def test_every_turn_is_told_in_the_order_of_the_feed(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2, note="é"))
        await actors.ask(BEN, Add())
        positions = [entry.position for entry in await world.journal.feed()]
        lines = [json.loads(json.dumps(turn)) async for turn in exported(world.journal)]
    body = base64.b64encode(Added(by=2, note="é", subject="program").SerializeToString()).decode()
    told = {"name": "tests.sample.Added", "body": body, "message": {"by": "2", "note": "é", "subject": "program"}}
    at = "2026-01-01T00:00:00.000+00:00"
    assert lines == [
        {"position": positions[0], "actor": ANN.text, "version": 1, "at": at, "events": [told]},
        {"position": positions[1], "actor": BEN.text, "version": 1, "at": at, "events": []},
    ]


async def test_it_goes_on_after_a_position(world: World) -> None:
    async with world.runtime() as actors:
        for number in range(3):
            await actors.ask(ANN, Add(by=number))
        positions = [entry.position for entry in await world.journal.feed()]
        assert [turn["version"] async for turn in exported(world.journal, positions[0])] == [2, 3]


async def test_an_event_of_an_unknown_or_broken_type_is_told_as_it_is_stored(memory: World) -> None:
    events = [Packed(name="sample.Unheard", body=b"\x00"), Packed(name="tests.sample.Added", body=b"\xff")]
    await memory.before(TurnRecord(ANN.text, ANN.shard, 0, 1, body=TurnBody(events=events).SerializeToString()))
    async with memory.opened() as journal:
        (turn,) = [turn async for turn in exported(journal)]
    assert turn["events"] == [
        {"name": "sample.Unheard", "body": "AA=="},
        {"name": "tests.sample.Added", "body": "/w=="},
    ]


async def test_an_erased_turn_has_no_events(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.ask(ANN, Add(by=3))
        await actors.erase(ANN, 1)
        assert [len(turn["events"]) async for turn in exported(world.journal)] == [0, 1]
