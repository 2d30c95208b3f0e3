"""Read-model documents: never older than they were, found by attribute, within one scope."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aevatar.journal.port import Journal
from aevatar.journal.records import Checkpoint, Document, DocumentQuery, DocumentWrite, TurnRecord
from aevatar.testing.journal_conformance.examples import ANN, BEN, NOW, turn
from aevatar.testing.journal_conformance.harness import Journals, opened

Index = Mapping[str, str | int]
ALL = DocumentQuery("demo.documents", "alpha")


def written(
    key: str, version: int, body: bytes | None = b"", *, index: Index | None = None, scope: str = "alpha"
) -> DocumentWrite:
    """A write to the documents that this suite looks for."""
    return DocumentWrite("demo.documents", scope, key, version, body, index)


def writes(actor: str, version: int, *documents: DocumentWrite, at: int = NOW) -> TurnRecord:
    """A turn that writes documents."""
    return turn(actor, version, documents=list(documents), at=at)


async def indexed(journal: Journal, rows: Mapping[str, Index]) -> None:
    """Stores a document for every key with its attributes."""
    await journal.commit([writes(ANN, 1, *(written(key, 1, key.encode(), index=row) for key, row in rows.items()))])


async def keys(journal: Journal, query: DocumentQuery) -> list[str]:
    """The keys that a query finds, in order."""
    return [document.key for document, _ in await journal.documents(query)]


# Versions


async def test_a_document_shows_the_version_and_time_of_its_turn(journal: Journal) -> None:
    await journal.commit([writes(ANN, 1, written("k", 1, b"one"), at=NOW + 7)])
    document = Document("demo.documents", "alpha", "k", 1, NOW + 7, b"one")
    assert await journal.document("demo.documents", "alpha", "k") == document
    assert await journal.documents(ALL) == [(document, None)]


async def test_a_document_that_is_not_there_is_none(journal: Journal) -> None:
    await journal.commit([writes(ANN, 1, written("k", 1))])
    assert await journal.document("demo.documents", "alpha", "other") is None
    assert await journal.document("demo.documents", "beta", "k") is None
    assert await journal.document("demo.others", "alpha", "k") is None
    assert await journal.document("demo.documents", "alpha", "k\0") is None


@pytest.mark.parametrize(("version", "body"), [(4, b"older"), (5, b"same version"), (4, None), (5, None)])
async def test_a_version_never_goes_back_and_counts_once(journal: Journal, version: int, body: bytes | None) -> None:
    await journal.commit([writes(ANN, 1, written("k", 5, b"five", index={"size": 5}))])
    await journal.commit([writes(BEN, 1, written("k", version, body, index={"size": 0}), at=NOW + 1)])
    document = Document("demo.documents", "alpha", "k", 5, NOW, b"five")
    assert await journal.documents(replace(ALL, order="size")) == [(document, 5)]


async def test_a_newer_version_replaces_body_time_and_attributes(journal: Journal) -> None:
    await journal.commit([writes(ANN, 1, written("k", 1, b"one", index={"size": 1, "colour": "red"}))])
    await journal.commit([writes(ANN, 2, written("k", 2, b"two", index={"size": 2}), at=NOW + 1)])
    document = Document("demo.documents", "alpha", "k", 2, NOW + 1, b"two")
    assert await journal.documents(replace(ALL, order="size")) == [(document, 2)]
    assert await keys(journal, replace(ALL, where={"colour": "red"})) == []


async def test_a_write_without_attributes_leaves_them_as_they_are(journal: Journal) -> None:
    await journal.commit([writes(ANN, 1, written("k", 1, b"one", index={"size": 1}))])
    await journal.commit([writes(ANN, 2, written("k", 2, b"two"))])
    document = Document("demo.documents", "alpha", "k", 2, NOW, b"two")
    assert await journal.documents(replace(ALL, where={"size": 1}, order="size")) == [(document, 1)]


async def test_turns_of_one_batch_write_one_document_in_order(journal: Journal) -> None:
    await journal.commit([writes(ANN, at, written("k", at, b"%d" % at, index={"size": at})) for at in range(1, 6)])
    document = Document("demo.documents", "alpha", "k", 5, NOW, b"5")
    assert await journal.documents(replace(ALL, order="size")) == [(document, 5)]
    assert (await journal.info()).counts["documents"] == 1


async def test_a_deleted_document_is_gone_from_everywhere(journal: Journal) -> None:
    await indexed(journal, {"a": {"size": 1}, "b": {"size": 2}})
    await journal.commit([writes(ANN, 2, written("a", 2, None), written("never there", 2, None))])
    assert await journal.document("demo.documents", "alpha", "a") is None
    assert await keys(journal, ALL) == ["b"]
    assert await keys(journal, replace(ALL, where={"size": 1})) == []
    assert [document.key async for document, _ in journal.all_documents("demo.documents")] == ["b"]


async def test_a_deleted_document_may_be_written_anew(journal: Journal) -> None:
    await indexed(journal, {"a": {"size": 1, "colour": "red"}})
    await journal.commit(
        [writes(ANN, 2, written("a", 2, None)), writes(ANN, 3, written("a", 3, b"", index={"size": 3}))]
    )
    assert await keys(journal, replace(ALL, where={"size": 3})) == ["a"]
    assert await keys(journal, replace(ALL, where={"colour": "red"})) == []


# Queries

ROWS: Mapping[str, Index] = {
    "a": {"colour": "red", "size": 10, "owner": "z"},
    "b": {"colour": "red", "size": 9, "owner": "10"},
    "c": {"colour": "blue", "size": -1, "owner": "9"},
    "d": {"colour": "red", "size": 9, "owner": "Z"},
    "e": {"colour": "red", "owner": "é"},
    "f": {},
}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, ["a", "b", "c", "d", "e", "f"]),
        ({"colour": "red"}, ["a", "b", "d", "e"]),
        ({"size": 9}, ["b", "d"]),
        ({"colour": "red", "size": 9}, ["b", "d"]),
        ({"colour": "red", "size": 9, "owner": "Z"}, ["d"]),
        ({"colour": "RED"}, []),
        ({"size": "9"}, []),
        ({"owner": 9}, []),
        ({"unknown": 1}, []),
    ],
)
async def test_documents_are_found_by_equal_attributes(journal: Journal, where: Index, found: list[str]) -> None:
    await indexed(journal, ROWS)
    assert await keys(journal, replace(ALL, where=where)) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("size", [("c", -1), ("b", 9), ("d", 9), ("a", 10)]),
        ("owner", [("b", "10"), ("c", "9"), ("d", "Z"), ("a", "z"), ("e", "é")]),
        ("colour", [("c", "blue"), ("a", "red"), ("b", "red"), ("d", "red"), ("e", "red")]),
        ("unknown", []),
    ],
)
async def test_documents_come_in_the_order_of_an_attribute_and_then_of_their_keys(
    journal: Journal, order: str, found: list[tuple[str, str | int]]
) -> None:
    await indexed(journal, ROWS)
    query = replace(ALL, order=order)
    assert [(document.key, value) for document, value in await journal.documents(query)] == found
    falling = await journal.documents(replace(query, descending=True))
    assert [(document.key, value) for document, value in falling] == found[::-1]


async def test_documents_come_by_code_points_of_their_keys(journal: Journal) -> None:
    await indexed(journal, {key: {} for key in ["é", "a", "Z", "10", "9", "a b", "a.b", "🙂"]})
    expected = ["10", "9", "Z", "a", "a b", "a.b", "é", "🙂"]
    assert await keys(journal, ALL) == expected
    assert await keys(journal, replace(ALL, descending=True)) == expected[::-1]


async def test_an_attribute_may_be_any_number_of_64_bits(journal: Journal) -> None:
    numbers = {"low": -(2**63), "minus": -1, "nought": 0, "odd": 2**53 + 1, "high": 2**63 - 1}
    await indexed(journal, {key: {"n": number} for key, number in numbers.items()})
    found = [(document.key, value) for document, value in await journal.documents(replace(ALL, order="n"))]
    assert found == list(numbers.items())
    assert await keys(journal, replace(ALL, where={"n": 2**53 + 1})) == ["odd"]
    assert await keys(journal, replace(ALL, where={"n": 2**53})) == []


@pytest.mark.parametrize("order", [None, "size", "colour"])
@pytest.mark.parametrize("descending", [False, True])
async def test_pages_join_to_the_whole(journal: Journal, order: str | None, descending: bool) -> None:  # noqa: FBT001 - parametrised
    await indexed(journal, {f"k{number}": {"size": number % 3, "colour": "rgb"[number % 2]} for number in range(10)})
    query = replace(ALL, order=order, descending=descending, limit=100)
    whole = await journal.documents(query)
    paged: list[tuple[Document, str | int | None]] = []
    while page := await journal.documents(replace(query, limit=3, after=_place(paged))):
        assert len(page) <= 3
        paged += page
    assert len(whole) == 10
    assert paged == whole


async def test_a_cursor_stays_right_while_rows_change(journal: Journal) -> None:
    await indexed(journal, {key: {"size": size} for size, key in enumerate("abcdef")})
    first = await journal.documents(replace(ALL, order="size", limit=3))
    await journal.commit(
        [
            writes(ANN, 2, written("c", 2, None)),  # the very row that the cursor names
            writes(ANN, 3, written("b", 3, b"", index={"size": 99})),  # seen, and now ahead
            writes(ANN, 4, written("new", 4, b"", index={"size": 1})),  # behind
        ]
    )
    rest = await journal.documents(replace(ALL, order="size", after=_place(first)))
    assert [document.key for document, _ in first + rest] == ["a", "b", "c", "d", "e", "f", "b"]


async def test_a_query_sees_one_name_in_one_scope(journal: Journal) -> None:
    documents = [written("k", 1, b"here", index={"n": 1}), written("k", 1, b"there", index={"n": 1}, scope="beta")]
    other = DocumentWrite("demo.others", "alpha", "k", 1, b"other", {"n": 1})
    await journal.commit([writes(ANN, 1, *documents, other)])
    for query in (ALL, replace(ALL, where={"n": 1}), replace(ALL, order="n")):
        assert [document.body for document, _ in await journal.documents(query)] == [b"here"]


async def test_all_documents_of_a_name_are_read_over_all_scopes(journal: Journal) -> None:
    index: Index = {"size": -(2**63), "colour": "red", "page": 2**63 - 1}
    documents = [written("k", 1, b"one", index=index), written("k", 1, scope="beta"), written("l", 1)]
    await journal.commit([writes(ANN, 1, *documents, DocumentWrite("demo.others", "alpha", "k", 1, b""))])
    found = [(document, dict(found)) async for document, found in journal.all_documents("demo.documents")]
    assert sorted(found, key=lambda each: (each[0].scope, each[0].key)) == [
        (Document("demo.documents", "alpha", "k", 1, NOW, b"one"), index),
        (Document("demo.documents", "alpha", "l", 1, NOW, b""), {}),
        (Document("demo.documents", "beta", "k", 1, NOW, b""), {}),
    ]


# Replacing


async def test_a_document_made_anew_takes_the_place_of_one_of_the_same_version(journal: Journal) -> None:
    await journal.commit([writes(ANN, 1, written("k", 1, b"wrong", index={"size": 1, "colour": "red"}), at=NOW + 7)])
    assert await journal.replace_documents(ANN, 1, [written("k", 1, b"right", index={"size": 2})])
    document = Document("demo.documents", "alpha", "k", 1, NOW + 7, b"right")
    assert await journal.documents(replace(ALL, order="size")) == [(document, 2)]
    assert await keys(journal, replace(ALL, where={"colour": "red"})) == []


async def test_documents_made_anew_appear_and_go_and_lose_their_attributes(journal: Journal) -> None:
    stored = [written(key, 1, b"old", index={"size": 1}) for key in ("gone", "plain")]
    await journal.commit([writes(ANN, 1, *stored), turn(ANN, 2)])
    anew = [written("gone", 2, None), written("plain", 2, b"new"), written("there", 2, b"new", index={"size": 9})]
    assert await journal.replace_documents(ANN, 2, anew)
    found = {document.key: (document.body, dict(index)) async for document, index in journal.all_documents(ALL.name)}
    assert found == {"plain": (b"new", {}), "there": (b"new", {"size": 9})}


async def test_a_document_that_claims_a_version_its_actor_never_had_is_replaced(journal: Journal) -> None:
    await journal.commit([writes(ANN, 1, written("k", 99, b"wrong"))])
    assert await journal.replace_documents(ANN, 1, [written("k", 1, b"right")])
    assert await journal.document(ALL.name, "alpha", "k") == Document(ALL.name, "alpha", "k", 1, NOW, b"right")
    await journal.commit([writes(ANN, 2, written("k", 2, b"later"))])
    assert await journal.document(ALL.name, "alpha", "k") == Document(ALL.name, "alpha", "k", 2, NOW, b"later")


@pytest.mark.parametrize("version", [0, 1, 3])
async def test_no_document_is_replaced_when_its_actor_has_moved_on(journal: Journal, version: int) -> None:
    await journal.commit([writes(ANN, 1, written("k", 1, b"one")), writes(ANN, 2, written("k", 2, b"two"))])
    assert not await journal.replace_documents(ANN, version, [written("k", 2, b"anew"), written("l", 2, b"anew")])
    assert not await journal.replace_documents(BEN, version, [written("k", 2, b"anew")])
    assert [document.body for document, _ in await journal.documents(ALL)] == [b"two"]


async def test_no_document_of_an_erased_actor_comes_back(journal: Journal) -> None:
    await journal.commit([writes(ANN, 1, written("k", 1, b"one"))])
    await journal.erase(ANN)
    assert not await journal.replace_documents(ANN, 1, [written("k", 1, b"anew")])
    assert await keys(journal, ALL) == []


async def test_replaced_documents_are_erased_with_their_actor(journal: Journal) -> None:
    await journal.commit([turn(ANN, 1)])
    await journal.replace_documents(ANN, 1, [written("k", 1, b"anew", index={"size": 1})])
    await journal.erase(ANN)
    assert (await keys(journal, ALL), await keys(journal, replace(ALL, order="size"))) == ([], [])


# Projectors


async def test_a_projector_that_never_ran_stands_at_the_start(journal: Journal) -> None:
    assert await journal.checkpoint("p") == Checkpoint(0)


async def test_a_projector_stores_documents_and_its_place_together(journal: Journal, journals: Journals) -> None:
    await journal.commit([turn(ANN, 1)])
    first, second = [written("k", 1, b"one", index={"n": 1}), written("l", 1, b"one")], [written("k", 1, b"again")]
    assert await journal.project("p", Checkpoint(1), first, after=0)
    assert await journal.project("p", Checkpoint(2), [*second, written("l", 2, None)], after=1)
    assert await journal.project("q", Checkpoint(7, parked="a bug"), [], after=0)
    await journal.close()
    async with opened(journals.handle()) as reopened:
        assert [await reopened.checkpoint(projector) for projector in "pqr"] == [
            Checkpoint(2),
            Checkpoint(7, parked="a bug"),
            Checkpoint(0),
        ]
        found = await reopened.documents(replace(ALL, order="n"))
        assert [(document.key, document.version, document.body) for document, _ in found] == [("k", 1, b"one")]
        assert await keys(reopened, ALL) == ["k"]


async def test_a_projector_that_is_elsewhere_by_now_stores_nothing(journal: Journal) -> None:
    assert not await journal.project("p", Checkpoint(6), [written("k", 6, b"never ran")], after=5)
    assert await journal.project("p", Checkpoint(5, parked="a bug"), [], after=0)
    for after in (0, 4, 6):
        assert not await journal.project("p", Checkpoint(7), [written("k", 7, b"late", index={"n": 1})], after=after)
    assert (await journal.checkpoint("p"), await keys(journal, ALL)) == (Checkpoint(5, parked="a bug"), [])
    assert await journal.project("p", Checkpoint(5), [], after=5)
    assert await journal.checkpoint("p") == Checkpoint(5)


async def test_a_projector_begins_anew_without_its_documents(journal: Journal) -> None:
    other = DocumentWrite("demo.others", "alpha", "k", 5, b"another's")
    shown = [written("k", 5, b"old", index={"n": 1}), written("l", 5, None), written("k", 5, b"", scope="beta")]
    await journal.project("p", Checkpoint(5, parked="a bug"), [*shown, other], after=0)
    await journal.restart_projector("p", ["demo.documents", "demo.unheard_of"])
    assert await journal.checkpoint("p") == Checkpoint(0)
    assert [document async for document in journal.all_documents("demo.documents")] == []
    assert await journal.documents(replace(ALL, where={"n": 1})) == []
    assert await journal.document("demo.others", "alpha", "k") is not None
    assert not await journal.project("p", Checkpoint(6), [written("k", 6, b"late")], after=5)
    assert await journal.project("p", Checkpoint(1), [written("k", 1, b"k"), written("l", 1, b"l")], after=0)
    assert [document.body for document, _ in await journal.documents(ALL)] == [b"k", b"l"]


async def test_a_projector_that_never_ran_may_begin_anew(journal: Journal) -> None:
    await journal.restart_projector("p", [])
    assert await journal.checkpoint("p") == Checkpoint(0)


def _place(seen: list[tuple[Document, str | int | None]]) -> tuple[str | int | None, str] | None:
    return (seen[-1][1], seen[-1][0].key) if seen else None
