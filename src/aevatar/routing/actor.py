"""The chat route policy of a scope: one actor, replaced whole."""

from __future__ import annotations

import json
import re

from aevatar.actors import Actor, Kind, Projection, applies, command
from aevatar.errors import Rejected
from aevatar.readmodels import DocumentOf
from aevatar.routing.routing_pb2 import (
    Action,
    PolicyChanged,
    PolicyDocument,
    PolicyPut,
    PolicyState,
    PutPolicy,
    RemoveRule,
    Rule,
    RuleRemoved,
)

POLICY = "routing.policy"
KEY = "chat"
READ_MODEL = "routing.policies"
RULES = 100
SOURCES = ("", "responses", "chat_completions", "messages", "agui", "conversation", "room", "channel")
_RULE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ARGUMENTS_LIMIT = 64 * 1024


class Policy(Actor[PolicyState]):
    """Keeps the rules; deciding by them is the resolver's, and needs no actor."""

    kind = POLICY

    @command(creates=True)
    def put(self, cmd: PutPolicy) -> PolicyChanged:
        if cmd.HasField("expected_version") and cmd.expected_version != self.state.version:
            told = f"The policy is at version {self.state.version}, not {cmd.expected_version}."
            raise Rejected("version_conflict", told, "expectedVersion")
        check_rules(list(cmd.rules), cmd.default)
        self.emit(PolicyPut(rules=cmd.rules, default=cmd.default))
        return PolicyChanged(version=self.state.version)

    @command
    def remove(self, cmd: RemoveRule) -> PolicyChanged:
        if not any(rule.id == cmd.id for rule in self.state.rules):
            raise Rejected("rule_not_found", f"There is no rule {cmd.id!r}.", "id")
        self.emit(RuleRemoved(id=cmd.id))
        return PolicyChanged(version=self.state.version)

    @applies
    @staticmethod
    def policy_put(state: PolicyState, event: PolicyPut) -> None:
        del state.rules[:]
        state.rules.extend(event.rules)
        state.default.CopyFrom(event.default)
        state.version += 1

    @applies
    @staticmethod
    def rule_removed(state: PolicyState, event: RuleRemoved) -> None:
        kept = [rule for rule in state.rules if rule.id != event.id]
        del state.rules[:]
        state.rules.extend(kept)
        state.version += 1


def check_rules(rules: list[Rule], default: Action) -> None:
    """Raises: Rejected `invalid_policy` with the path of the field that is wrong."""
    if len(rules) > RULES:
        raise Rejected("invalid_policy", f"A policy has at most {RULES} rules.", "rules")
    seen: set[str] = set()
    for place, rule in enumerate(rules):
        path = f"rules[{place}]"
        if not _RULE_ID.fullmatch(rule.id) or rule.id in seen:
            raise Rejected("invalid_policy", "A rule's id is 1 to 64 of [A-Za-z0-9_-] and its own.", f"{path}.id")
        seen.add(rule.id)
        if rule.match.source not in SOURCES:
            raise Rejected("invalid_policy", f"A source is one of {', '.join(SOURCES[1:])}.", f"{path}.match.source")
        if rule.action.WhichOneof("action") is None:
            raise Rejected("invalid_policy", "A rule rejects or forwards.", f"{path}.action")
        _check_action(rule.action, f"{path}.action")
    _check_action(default, "default")


def _check_action(action: Action, path: str) -> None:
    if action.WhichOneof("action") == "reject" and not action.reject.code:
        raise Rejected("invalid_policy", "A rejection has a code.", f"{path}.reject.code")
    hint = action.forward.hint
    if not hint.arguments:
        return
    try:
        arguments = json.loads(hint.arguments) if len(hint.arguments) <= _ARGUMENTS_LIMIT else None
    except ValueError:
        arguments = None
    if not hint.tool or not isinstance(arguments, dict):
        raise Rejected("invalid_policy", "Prefilled arguments are an object, for a tool.", f"{path}.forward.hint")


def document(state: PolicyState) -> PolicyDocument:
    return PolicyDocument(rules=state.rules, default=state.default, version=state.version)


POLICY_KIND = Kind(Policy, Projection(documents=(DocumentOf(READ_MODEL, document),)))
