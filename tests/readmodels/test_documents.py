"""Read models: written in the turn that changed them, read without waking anybody, never across scopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from aevatar.actors import Kind, Projection
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.readmodels import DocumentOf, Listing, Versioned
from aevatar.testing import Fault, elapse
from aevatar.testing.virtual_time import BEGINNING
from tests.sample.kinds import Tally, document, index
from tests.sample.sample_pb2 import Add, HowMuch, Noted, Say, Take, TallyDocument, TallyState
from tests.sample.world import ALPHA, ANN, BEN, Faults, HeldJournal, World, settled

ON_POSTGRES = True

TALLIES = "sample.tallies"
BETA = ScopeId("beta")
NOW = round(BEGINNING.timestamp() * 1000)


def shown(total: int, additions: int = 1) -> TallyDocument:
    return TallyDocument(total=total, additions=additions)


async def keys(actors: Any, name: str = TALLIES, scope: ScopeId = ALPHA, **query: Any) -> list[str]:
    """The keys of what a list answers."""
    listed: Listing[Any] = await actors.readmodels.list(name, scope, **query)
    return [item.key for item in listed.items]


async def code(asked: Any) -> tuple[str, str | None]:
    with pytest.raises(Rejected) as refused:
        await asked
    return refused.value.code, refused.value.field


async def test_a_document_shows_its_actor_with_its_version_and_its_time(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        await elapse(1)
        await actors.ask(ANN, Add(by=3))
        assert await actors.readmodels.get(TALLIES, ALPHA, "ann") == Versioned(shown(5, 2), 2, "ann", NOW + 1000)


async def test_a_document_is_there_by_the_time_its_command_is_answered(world: World) -> None:
    async with world.runtime() as actors:
        for total in range(1, 21):
            answer = await actors.answer(ANN, Add(by=1))
            found = await actors.readmodels.get(TALLIES, ALPHA, "ann")
            assert found is not None
            assert (found.version, found.document) == (answer.version, shown(total, total))


async def test_a_document_is_not_there_before_its_turn_is_durable(world: World) -> None:
    held = HeldJournal()
    async with world.runtime(over=held.over) as actors:
        held.hold()
        await actors.dispatch(ANN, Add(by=1))
        await settled()
        assert await actors.readmodels.get(TALLIES, ALPHA, "ann") is None
        held.release()
        await settled()
        assert await actors.readmodels.get(TALLIES, ALPHA, "ann") == Versioned(shown(1), 1, "ann", NOW)


async def test_a_turn_that_was_undone_leaves_no_trace_in_a_document(world: World) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over) as actors:
        await actors.ask(ANN, Add(by=1))
        faults.extend([Fault.CONFLICT] * 6)
        with pytest.raises(Unavailable):
            await actors.ask(ANN, Add(by=2))
        found = await actors.readmodels.get(TALLIES, ALPHA, "ann")
        assert found == Versioned(shown(1), 1, "ann", NOW)


async def test_what_only_shows_or_asks_leaves_the_document_as_it_is(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await elapse(1)
        await actors.ask(ANN, HowMuch())
        actors.signal(ANN, Say(item="i", text="x"))
        await settled()
        assert await actors.readmodels.get(TALLIES, ALPHA, "ann") == Versioned(shown(1), 1, "ann", NOW)


def rich(state: TallyState) -> TallyDocument | None:
    return document(state) if state.total > 5 else None


def steady(state: TallyState) -> Mapping[str, str | int]:
    return {"kind": "tally"}


async def test_a_document_that_was_not_there_from_the_beginning_is_found_by_its_attributes(world: World) -> None:
    projection = Projection(documents=(DocumentOf("sample.rich", rich, index=steady),))
    async with world.runtime(Kind(Tally, projection)) as actors:
        for by, listed in ((1, []), (5, ["ann"]), (-5, []), (7, ["ann"])):
            await actors.ask(ANN, Add(by=by) if by > 0 else Take(by=-by))
            assert await keys(actors, "sample.rich", where={"kind": "tally"}) == listed


async def test_there_is_no_document_of_what_does_not_exist(world: World) -> None:
    async with world.runtime() as actors:
        with pytest.raises(Rejected):
            await actors.ask(ANN, Take(by=1))
        assert await actors.readmodels.get(TALLIES, ALPHA, "ann") is None


async def test_no_query_wakes_an_actor(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
    async with world.runtime() as actors:
        assert await keys(actors) == ["ann"]
        await actors.readmodels.get(TALLIES, ALPHA, "ann", min_version=1)
        assert actors.metrics.activations == 0


async def test_an_unknown_read_model_is_refused(memory: World) -> None:
    async with memory.runtime() as actors:
        assert await code(actors.readmodels.get("sample.nothing", ALPHA, "ann")) == ("readmodel_unknown", "name")
        assert await code(actors.readmodels.list("sample.nothing", ALPHA)) == ("readmodel_unknown", "name")


# Waiting for a version


async def test_a_reader_may_wait_for_a_version(world: World) -> None:
    found: list[Any] = []

    async def wait() -> None:
        found.append(await actors.readmodels.get(TALLIES, ALPHA, "ann", min_version=2))

    async with world.runtime() as actors, anyio.create_task_group() as waiting:
        await actors.ask(ANN, Add(by=1))
        waiting.start_soon(wait)
        await elapse(1)
        assert found == []
        await actors.ask(ANN, Add(by=2))
        await elapse(0.05)
        assert [(item.version, item.document) for item in found] == [(2, shown(3, 2))]


async def test_a_version_that_does_not_come_in_time_is_told(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        for key in ("ann", "nobody"):
            began = anyio.current_time()
            with pytest.raises(Unavailable) as late:
                await actors.readmodels.get(TALLIES, ALPHA, key, min_version=2, timeout=3)
            assert (late.value.code, anyio.current_time() - began) == ("read_model_behind", pytest.approx(3))


# Indexes and deletion


def present(state: TallyState) -> TallyDocument | None:
    return document(state) if state.total else None


PRESENT = Kind(Tally, Projection(documents=(DocumentOf("sample.present", present, index=index),)))


async def test_a_document_is_deleted_when_there_is_nothing_to_show_and_comes_back(world: World) -> None:
    async with world.runtime(PRESENT) as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.ask(ANN, Take(by=2))
        assert await actors.readmodels.get("sample.present", ALPHA, "ann") is None
        assert await keys(actors, "sample.present") == []
        await actors.ask(ANN, Add(by=1))
        assert await actors.readmodels.get("sample.present", ALPHA, "ann") == Versioned(shown(1, 3), 3, "ann", NOW)
        assert await keys(actors, "sample.present", where={"parity": "odd"}) == ["ann"]


async def test_documents_are_found_by_attributes_as_they_are_now(world: World) -> None:
    async with world.runtime() as actors:
        for key, total in (("a", 1), ("b", 2), ("c", 3)):
            await actors.ask(ActorId(Tally.kind, ALPHA, key), Add(by=total))
        assert await keys(actors, where={"parity": "odd"}) == ["a", "c"]
        assert await keys(actors, where={"parity": "odd", "total": 3}) == ["c"]
        assert await keys(actors, where={"parity": "none"}) == []
        assert await keys(actors, where={"unheard_of": 1}) == []
        await actors.ask(ActorId(Tally.kind, ALPHA, "a"), Add(by=1))
        assert await keys(actors, where={"parity": "odd"}) == ["c"]
        assert await keys(actors, where={"parity": "even"}) == ["a", "b"]


async def test_attributes_are_still_right_after_a_restart(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.ask(ANN, Add(by=1))
        assert await keys(actors, where={"parity": "even", "total": 4}) == ["ann"]


# Lists


async def counted(actors: Any, *totals: int, scope: ScopeId = ALPHA) -> None:
    """Tallies called k00, k01, … with these totals."""
    for number, total in enumerate(totals):
        await actors.ask(ActorId(Tally.kind, scope, f"k{number:02}"), Add(by=total))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, ["k00", "k01", "k02", "k03"]),
        ("total", ["k01", "k00", "k03", "k02"]),
        ("-total", ["k02", "k03", "k00", "k01"]),
        ("parity", ["k01", "k02", "k00", "k03"]),
        ("unheard_of", []),
    ],
)
async def test_a_list_is_in_the_order_that_was_asked_for(world: World, order: str | None, expected: list[str]) -> None:
    async with world.runtime() as actors:
        await counted(actors, 5, -2, 40, 5)
        assert await keys(actors, order=order) == expected


@pytest.mark.parametrize("order", [None, "total", "-total", "parity", "-parity"])
async def test_pages_of_a_list_are_the_whole_list_once(world: World, order: str | None) -> None:
    async with world.runtime() as actors:
        await counted(actors, 3, 1, 4, 1, 5, 9, 2, 6, 5, 3)
        whole, after, pages = await keys(actors, order=order), None, list[str]()
        while True:
            page = await actors.readmodels.list(TALLIES, ALPHA, order=order, after=after, limit=3)
            pages += [item.key for item in page.items]
            if (after := page.after) is None:
                break
        assert (pages, len(whole)) == (whole, 10)


async def test_a_cursor_stays_right_while_documents_come_and_go(world: World) -> None:
    async with world.runtime(PRESENT) as actors:
        await counted(actors, 1, 2, 3, 4, 5)
        page = await actors.readmodels.list("sample.present", ALPHA, limit=3)
        assert [item.key for item in page.items] == ["k00", "k01", "k02"]
        for gone, total in (("k02", 3), ("k03", 4)):
            await actors.ask(ActorId(Tally.kind, ALPHA, gone), Take(by=total))
        for come in ("k015", "k035"):
            await actors.ask(ActorId(Tally.kind, ALPHA, come), Add(by=1))
        assert await keys(actors, "sample.present", after=page.after) == ["k035", "k04"]


async def test_the_last_page_has_no_cursor(world: World) -> None:
    async with world.runtime() as actors:
        await counted(actors, 1, 2, 3)
        listed = [await actors.readmodels.list(TALLIES, ALPHA, limit=limit) for limit in (2, 3, 4)]
        assert [page.after is None for page in listed] == [False, True, True]


@pytest.mark.parametrize("limit", [0, -1, 201])
async def test_a_list_has_one_to_two_hundred_items(memory: World, limit: int) -> None:
    async with memory.runtime() as actors:
        assert await code(actors.readmodels.list(TALLIES, ALPHA, limit=limit)) == ("invalid_limit", "limit")
        assert await keys(actors, limit=200) == []


@pytest.mark.parametrize("cursor", ["nonsense", "é", "bnVsbA", "W10", "WzEsMl0", "WyJhIl0"])
async def test_a_cursor_that_no_list_made_is_refused(world: World, cursor: str) -> None:
    async with world.runtime() as actors:
        assert await code(actors.readmodels.list(TALLIES, ALPHA, after=cursor)) == ("invalid_cursor", "after")


@pytest.mark.parametrize(("made", "used"), [(None, "total"), ("total", None), ("total", "-total"), ("total", "parity")])
async def test_a_cursor_of_a_list_in_another_order_is_refused(world: World, made: str | None, used: str | None) -> None:
    async with world.runtime() as actors:
        await counted(actors, 1, 2, 3)
        page = await actors.readmodels.list(TALLIES, ALPHA, order=made, limit=1)
        asked = actors.readmodels.list(TALLIES, ALPHA, order=used, after=page.after)
        assert await code(asked) == ("invalid_cursor", "after")


async def test_nothing_of_another_scope_is_ever_found(world: World) -> None:
    async with world.runtime() as actors:
        await counted(actors, 1, 2)
        await counted(actors, 7, scope=BETA)
        assert await keys(actors, scope=BETA) == ["k00"]
        found = await actors.readmodels.get(TALLIES, BETA, "k00")
        assert found is not None
        assert found.document == shown(7)
        assert await actors.readmodels.get(TALLIES, BETA, "k01") is None
        assert await keys(actors, scope=BETA, where={"total": 1}) == []
        assert await keys(actors, scope=ScopeId("gamma"), order="total") == []


# Several documents of one kind


def by_subject(state: TallyState) -> Mapping[str, TallyDocument]:
    return {subject: TallyDocument(total=total) for subject, total in state.by_subject.items() if total}


def notes(state: TallyState) -> Noted:
    return Noted(text=",".join(state.heard))


SEVERAL = Kind(
    Tally,
    Projection(
        documents=(
            DocumentOf("sample.pages", pages=by_subject),
            DocumentOf("sample.notes", notes),
            DocumentOf(TALLIES, document, index=index),
        )
    ),
)


async def test_a_kind_may_have_several_read_models(world: World) -> None:
    async with world.runtime(SEVERAL) as actors:
        await actors.ask(ANN, Add(by=1))
        found = [await actors.readmodels.get(name, ALPHA, "ann") for name in ("sample.notes", TALLIES)]
        assert [item and (item.document, item.version) for item in found] == [(Noted(), 1), (shown(1), 1)]


async def test_a_document_in_pages_is_written_where_it_changed(world: World) -> None:
    alice, bob = Principal(ALPHA, "alice"), Principal(ALPHA, "bob")
    async with world.runtime(SEVERAL) as actors:
        await actors.ask(ANN, Add(by=1), principal=alice)
        await actors.ask(ANN, Add(by=2), principal=bob)
        await actors.ask(ANN, Add(by=4), principal=bob)
        await actors.ask(BEN, Add(by=8), principal=bob)
        listed = await actors.readmodels.list("sample.pages", ALPHA)
        assert [(item.key, item.version, item.document.total) for item in listed.items] == [  # type: ignore[attr-defined]
            ("ann:alice", 1, 1),
            ("ann:bob", 3, 6),
            ("ben:bob", 1, 8),
        ]


async def test_a_reader_of_an_unreachable_journal_is_told_so(world: World) -> None:
    faults = Faults("document")
    async with world.runtime(over=faults.over) as actors:
        await settled()
        faults.append(Fault.IO_ERROR)
        with pytest.raises(Unavailable):
            await actors.readmodels.get(TALLIES, ALPHA, "ann")
        assert await actors.readmodels.get(TALLIES, ALPHA, "ann") is None
