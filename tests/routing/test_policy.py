"""The chat route policy."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aevatar import Principal, Rejected, Runtime, ScopeId
from aevatar.errors import Denied
from aevatar.journal.memory import MemoryJournal
from aevatar.routing import POLICY_KIND, Decision, RouteInput, RoutePolicies, resolve
from aevatar.routing.routing_pb2 import Action, Forward, Hint, Match, PolicyDocument, PutPolicy, Reject, Rule

ALICE = Principal(ScopeId("alpha"), "alice", frozenset({"routing.manage"}))
BOB = Principal(ScopeId("beta"), "bob", frozenset())


def forward(model: str = "") -> Action:
    return Action(forward=Forward(model=model))


def reject(code: str = "no") -> Action:
    return Action(reject=Reject(code=code))


@pytest.fixture
async def policies() -> AsyncIterator[RoutePolicies]:
    async with Runtime(kinds=[POLICY_KIND], journal=MemoryJournal()) as runtime:
        yield RoutePolicies(runtime)


def test_without_a_policy_a_request_goes_on_as_it_came() -> None:
    assert resolve(None, RouteInput("responses", "m")) == Decision(forward(), "", fell_back=True)


def test_the_lowest_priority_number_wins_and_then_the_lowest_id() -> None:
    policy = PolicyDocument(
        rules=[
            Rule(id="c", priority=1, action=forward("third")),
            Rule(id="b", priority=0, action=forward("second")),
            Rule(id="a", priority=0, action=forward("first")),
        ]
    )
    assert resolve(policy, RouteInput("responses")) == Decision(forward("first"), "a")


@pytest.mark.parametrize(
    ("match", "asked", "expected"),
    [
        (Match(source="responses"), RouteInput("responses"), True),
        (Match(source="agui"), RouteInput("responses"), False),
        (Match(model="openai/*"), RouteInput("responses", "openai/gpt"), True),
        (Match(model="openai/*"), RouteInput("responses", "offline/demo"), False),
        (Match(agent="echo"), RouteInput("responses"), False),
    ],
)
def test_a_rule_speaks_only_of_what_it_matches(match: Match, asked: RouteInput, expected: bool) -> None:
    policy = PolicyDocument(rules=[Rule(id="r", match=match, action=reject())])
    assert (resolve(policy, asked).rule_id == "r") is expected


def test_where_an_agent_is_named_outright_only_refusals_apply() -> None:
    asked = RouteInput("agui", agent="echo")
    rules = [Rule(id="a", action=forward("other")), Rule(id="b", priority=1, action=reject("closed"))]
    assert resolve(PolicyDocument(rules=rules), asked) == Decision(reject("closed"), "b")


async def test_a_written_policy_decides_in_its_own_scope_and_in_no_other(policies: RoutePolicies) -> None:
    await policies.put(ALICE, PutPolicy(rules=[Rule(id="r", action=reject("closed"))]))
    asked = RouteInput("responses")
    assert await policies.decide(ALICE.scope, asked) == Decision(reject("closed"), "r")
    assert await policies.decide(BOB.scope, asked) == Decision(forward(), "", fell_back=True)


async def test_a_change_meant_for_another_version_is_refused(policies: RoutePolicies) -> None:
    assert await policies.put(ALICE, PutPolicy()) == 1
    with pytest.raises(Rejected) as refused:
        await policies.put(ALICE, PutPolicy(expected_version=0))
    assert (refused.value.code, refused.value.field) == ("version_conflict", "expectedVersion")


async def test_removing_a_rule_leaves_the_others(policies: RoutePolicies) -> None:
    await policies.put(ALICE, PutPolicy(rules=[Rule(id="a", action=reject()), Rule(id="b", action=reject())]))
    assert await policies.remove(ALICE, "a") == 2
    policy = await policies.get(ALICE.scope)
    assert policy is not None
    assert [rule.id for rule in policy.rules] == ["b"]


async def test_who_lacks_the_permission_changes_nothing(policies: RoutePolicies) -> None:
    with pytest.raises(Denied):
        await policies.put(BOB, PutPolicy())
    assert await policies.get(BOB.scope) is None


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([Rule(id="", action=reject())], "rules[0].id"),
        ([Rule(id="a", action=reject()), Rule(id="a", action=reject())], "rules[1].id"),
        ([Rule(id="a")], "rules[0].action"),
        ([Rule(id="a", match=Match(source="mail"), action=reject())], "rules[0].match.source"),
        ([Rule(id="a", action=Action(reject=Reject()))], "rules[0].action.reject.code"),
        (
            [Rule(id="a", action=Action(forward=Forward(hint=Hint(tool="t", arguments="[1]"))))],
            "rules[0].action.forward.hint",
        ),
        ([Rule(id=f"r{n}", action=reject()) for n in range(101)], "rules"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_with_its_place(
    policies: RoutePolicies, rules: list[Rule], field: str
) -> None:
    with pytest.raises(Rejected) as refused:
        await policies.put(ALICE, PutPolicy(rules=rules))
    assert (refused.value.code, refused.value.field) == ("invalid_policy", field)
