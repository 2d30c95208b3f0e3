"""The words of sessions: whose they are is called owner, never scope."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from google.protobuf.descriptor import Descriptor

from aevatar.actors import Kind, Projection
from aevatar.journal import records
from aevatar.sessions import SessionEvent, Show, sessions_pb2
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, Added, Noted, Say, TotalChanged
from tests.sample.world import ANN, World, collected, noted, settled

CONTRACTS = list(sessions_pb2.DESCRIPTOR.message_types_by_name.values())


@pytest.mark.parametrize("contract", CONTRACTS, ids=[contract.name for contract in CONTRACTS])
def test_no_contract_of_a_session_has_a_field_named_scope(contract: Descriptor) -> None:
    assert [field.name for field in contract.fields if "scope" in field.name] == []


def test_a_session_event_names_its_owner_and_its_session() -> None:
    names = [name for kind in (SessionEvent, records.SessionEvent, Show) for name in kind.__struct_fields__]
    assert [name for name in names if "scope" in name] == []
    assert SessionEvent.__struct_fields__[:3] == ("owner_actor_id", "session_id", "cursor")


def observe_added(event: Added):  # type: ignore[no-untyped-def]  # noqa: ANN201 - nobody needs it
    yield TotalChanged(by=event.by)
    yield Show(Noted(text="beside"), session="aside")


OBSERVED = Kind(Tally, Projection(observers=(observe_added,), session="facts"))


async def test_an_observer_may_show_several_things_in_several_sessions(world: World) -> None:
    async with world.runtime(OBSERVED) as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Say(item="i", text="x"))
        await settled()
        assert [type(event).__name__ for event in await world.shown(ANN, "facts")] == ["TotalChanged", "Delta"]
        assert await world.shown(ANN, "aside") == [Noted(text="beside")]


async def test_readers_of_two_sessions_that_one_turn_feeds_get_what_is_theirs(world: World) -> None:
    facts, aside = list[Any](), list[Any]()
    async with world.runtime(OBSERVED) as actors, anyio.create_task_group() as reading:
        reading.start_soon(noted, actors.sessions.read(ANN, "facts"), facts)
        reading.start_soon(noted, actors.sessions.read(ANN, "aside"), aside)
        await settled()
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Add(by=2))
        await settled()
        assert facts == [TotalChanged(by=1), TotalChanged(by=2)]
        assert aside == [Noted(text="beside")] * 2
        reading.cancel_scope.cancel()


async def test_a_fact_nobody_observes_stays_inside(world: World) -> None:
    async with world.runtime(Tally) as actors:
        await actors.ask(ANN, Add(by=1))
        assert await world.shown(ANN) == []
        assert await collected(actors.sessions.read(ANN, until_terminal=False)) == []
