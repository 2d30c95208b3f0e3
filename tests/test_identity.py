"""Identity: what may be a name, and that each has one spelling."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aevatar.errors import Rejected
from aevatar.identity import SHARDS, ActorId, Principal, ScopeId, is_kind

SCOPES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
KINDS = st.from_regex(r"[a-z][a-z0-9_]{0,8}\.[a-z][a-z0-9_]{0,8}", fullmatch=True)
KEYS = st.text(min_size=1, max_size=200).filter(str.isprintable)
IDS = st.builds(ActorId, KINDS, SCOPES.map(ScopeId), KEYS)


def refusal(build: object, *arguments: object) -> tuple[str, str | None]:
    with pytest.raises(Rejected) as refused:
        build(*arguments)  # type: ignore[operator]
    return refused.value.code, refused.value.field


@pytest.mark.parametrize("scope", ["a", "0", "Alpha-1_b.c", "x" * 64])
def test_a_scope_is_letters_digits_dots_underscores_and_dashes(scope: str) -> None:
    assert (ScopeId(scope), str(ScopeId(scope))) == (scope, scope)


@pytest.mark.parametrize("scope", ["", "x" * 65, "-a", ".a", "_a", "a b", "a/b", "é", "a\n", "a%20b"])
def test_anything_else_is_no_scope(scope: str) -> None:
    assert refusal(ScopeId, scope) == ("invalid_scope", "scope")


@pytest.mark.parametrize("kind", ["rooms.room", "a.b", "agents.agent_run", "a1.b2"])
def test_a_kind_is_a_module_and_an_entity(kind: str) -> None:
    assert (is_kind(kind), ActorId(kind, ScopeId("s"), "k").kind) == (True, kind)


@pytest.mark.parametrize("kind", ["", "room", "rooms.", ".room", "Rooms.room", "rooms.room.v2", "rooms/room", "1a.b"])
def test_anything_else_is_no_kind(kind: str) -> None:
    assert (is_kind(kind), refusal(ActorId, kind, ScopeId("s"), "k")) == (False, ("invalid_actor_id", "kind"))


@pytest.mark.parametrize("key", ["k", " ", "/", "%", "%2F", "a/b", "é🙂", "x" * 200, "🙂" * 200, "..", "?&#"])
def test_a_key_is_any_printable_text(key: str) -> None:
    actor = ActorId("a.b", ScopeId("s"), key)
    assert (actor.key, ActorId.parse(actor.text)) == (key, actor)


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "\x00", "\u200b", "\ud800"])
def test_anything_else_is_no_key(key: str) -> None:
    assert refusal(ActorId, "a.b", ScopeId("s"), key) == ("invalid_actor_id", "key")


def test_a_plain_text_may_stand_for_a_scope_and_is_checked() -> None:
    actor = ActorId("a.b", "s", "k")  # type: ignore[arg-type]
    assert (type(actor.scope), actor) == (ScopeId, ActorId("a.b", ScopeId("s"), "k"))
    assert refusal(ActorId, "a.b", "-", "k") == ("invalid_scope", "scope")


def test_the_text_form_is_kind_scope_and_the_key_in_percent_encoding() -> None:
    actor = ActorId("rooms.room", ScopeId("alpha"), "a/b é%~")
    assert (str(actor), actor.text) == ("rooms.room/alpha/a%2Fb%20%C3%A9%25~",) * 2


@given(IDS)
def test_an_id_survives_the_way_through_its_text(actor: ActorId) -> None:
    assert ActorId.parse(actor.text) == actor


@given(IDS, IDS)
def test_two_different_ids_never_share_a_text(one: ActorId, other: ActorId) -> None:
    assert (one.text == other.text) == (one == other)


def test_not_even_ids_that_look_alike_share_a_text() -> None:
    keys = ["a", "A", "/", "%2F", "%2f", "%252F", "a/b", "a%2Fb", ".", "..", " ", "+", "%20", "é", "e\u0301"]
    ids = [ActorId("a.b", ScopeId(scope), key) for scope, key in product(("s", "S", "s.s"), keys)]
    assert len({actor.text for actor in ids}) == len(ids)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b/s",
        "a.b/s/k/x",
        "a.b/s/",
        "a.b//k",
        "a.b/s/%6B",
        "a.b/s/a b",
        "a.b/s/a%2fb",
        "a.b/s/é",
        "a.b/s/%C3",
        "A.b/s/k",
        "a.b/-/k",
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        ActorId.parse(text)


@given(st.text(max_size=30))
@example("a.b/s/%zz")
def test_whatever_can_be_parsed_is_the_text_form_of_what_comes_of_it(text: str) -> None:
    try:
        actor = ActorId.parse(text)
    except Rejected:
        return
    assert actor.text == text


@given(IDS, KINDS)
def test_a_shard_is_one_of_256_and_does_not_depend_on_the_kind(actor: ActorId, kind: str) -> None:
    assert 0 <= actor.shard < SHARDS == 256
    assert ActorId(kind, actor.scope, actor.key).shard == actor.shard


@pytest.mark.parametrize(("key", "shard"), [("ann", 81), ("ben", 182), ("é/🙂", 64)])
def test_a_shard_stays_the_same_over_releases(key: str, shard: int) -> None:
    assert ActorId("a.b", ScopeId("alpha"), key).shard == shard  # every journal has these numbers in its rows


def test_actors_spread_over_the_shards() -> None:
    counts = [0] * SHARDS
    for number in range(SHARDS * 100):
        counts[ActorId("a.b", ScopeId("alpha"), str(number)).shard] += 1
    assert (min(counts) > 50, max(counts) < 200) == (True, True)


def test_ids_are_values() -> None:
    one, same = ActorId("a.b", ScopeId("s"), "k"), ActorId("a.b", ScopeId("s"), "k")
    assert (one == same, hash(one) == hash(same), one == "a.b/s/k") == (True, True, False)


def test_a_principal_may_what_its_permissions_say() -> None:
    reader = Principal(ScopeId("s"), "ann", frozenset({"rooms:read"}))
    everything = Principal(ScopeId("s"), "root", frozenset("*"))
    assert [who.may("rooms:read") for who in (reader, everything, Principal(ScopeId("s"), "ben"))] == [
        True,
        True,
        False,
    ]
    assert [who.may("rooms:write") for who in (reader, everything)] == [False, True]


def test_a_principal_acting_through_an_actor_is_still_itself() -> None:
    actor = ActorId("a.b", ScopeId("s"), "k")
    ann = Principal(ScopeId("s"), "ann", frozenset({"x"}))
    assert ann.acting_through(actor) == Principal(ScopeId("s"), "ann", frozenset({"x"}), via=actor)
