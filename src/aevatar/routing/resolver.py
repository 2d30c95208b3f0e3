"""The decision itself: pure, from a policy's document and what is asked. The same input gives the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from aevatar.routing.routing_pb2 import Action, Forward, PolicyDocument, Rule


@dataclass(frozen=True, slots=True)
class RouteInput:
    """What a decision may rest on: never metadata, never what a message says."""

    source: str
    model: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, by which rule ("" for none), and whether for want of a policy that could be read."""

    action: Action
    rule_id: str = ""
    fell_back: bool = False


def resolve(policy: PolicyDocument | None, asked: RouteInput) -> Decision:
    """The action of the matching rule with the lowest priority number, then the lowest id; else of the policy."""
    if policy is None:
        return Decision(Action(forward=Forward()), fell_back=True)
    matching = [rule for rule in policy.rules if matches(rule, asked)]
    if matching:
        rule = min(matching, key=lambda rule: (rule.priority, rule.id))
        return Decision(rule.action, rule.id)
    has_default = policy.default.WhichOneof("action") is not None
    return Decision(policy.default if has_default else Action(forward=Forward()))


def matches(rule: Rule, asked: RouteInput) -> bool:
    """Whether a rule speaks of what is asked. Where an agent is named outright, only refusals do."""
    if asked.agent and rule.action.WhichOneof("action") != "reject":
        return False
    match = rule.match
    return (
        (not match.source or match.source == asked.source)
        and (not match.agent or match.agent == asked.agent)
        and (not match.model or fnmatchcase(asked.model, match.model))
    )
