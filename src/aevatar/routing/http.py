"""Adapts: the chat route policy over HTTP."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from pydantic import Field

from aevatar.routing.routing_pb2 import Action, Forward, Hint, Match, PolicyDocument, PutPolicy, Reject, Rule
from aevatar.routing.service import RoutePolicies
from aevatar.server import ApiModel, Caller, CommandId, provided

router = APIRouter(prefix="/api/chat-policy", tags=["routing"])

PoliciesDep = Annotated[RoutePolicies, provided(RoutePolicies)]
IfMatch = Annotated[
    str | None, Header(pattern=r'^"?[0-9]{1,18}"?$', description="The version the change is meant for.")
]


class MatchBody(ApiModel):
    source: Literal["responses", "chat_completions", "messages", "agui", "conversation", "room", "channel"] | None = (
        None
    )
    model: str = Field(default="", max_length=200)
    agent: str = Field(default="", max_length=63)


class HintBody(ApiModel):
    tool: str = Field(min_length=1, max_length=64)
    arguments: dict[str, Any] = Field(default_factory=dict)
    required: bool = False


class RejectBody(ApiModel):
    type: Literal["reject"]
    code: str = Field(pattern=r"^[a-z0-9_]{1,64}$")
    message: str = Field(default="", max_length=500)


class ForwardBody(ApiModel):
    type: Literal["forward"]
    model: str = Field(default="", max_length=200)
    tool_set: str = Field(default="", max_length=100)
    tool_choice_hint: HintBody | None = None


ActionBody = Annotated[RejectBody | ForwardBody, Field(discriminator="type")]


class RuleBody(ApiModel):
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    match: MatchBody = MatchBody()
    action: ActionBody


class PolicyBody(ApiModel):
    rules: list[RuleBody] = Field(default_factory=list, max_length=100)
    default: ActionBody = ForwardBody(type="forward")


class PolicyView(PolicyBody):
    version: int


@router.get("")
async def get_policy(caller: Caller, policies: PoliciesDep, response: Response) -> PolicyView:
    """The policy of the caller's scope; version 0 is one that was never written."""
    view = _view(await policies.get(caller.scope) or PolicyDocument())
    response.headers["etag"] = f'"{view.version}"'
    return view


@router.put("")
async def put_policy(
    body: PolicyBody,
    caller: Caller,
    policies: PoliciesDep,
    command_id: CommandId,
    response: Response,
    if_match: IfMatch = None,
) -> PolicyView:
    """Replaces the policy, if it is still the version that `If-Match` names."""
    wanted = PutPolicy(rules=[_rule(rule) for rule in body.rules], default=_action(body.default))
    if if_match:
        wanted.expected_version = int(if_match.strip('"'))
    await policies.put(caller, wanted, command_id=command_id)
    return await get_policy(caller, policies, response)


@router.delete("/rules/{rule_id}")
async def remove_rule(
    rule_id: str, caller: Caller, policies: PoliciesDep, command_id: CommandId, response: Response
) -> PolicyView:
    """Removes one rule."""
    await policies.remove(caller, rule_id, command_id=command_id)
    return await get_policy(caller, policies, response)


def _rule(body: RuleBody) -> Rule:
    match = Match(source=body.match.source or "", model=body.match.model, agent=body.match.agent)
    return Rule(id=body.id, priority=body.priority, match=match, action=_action(body.action))


def _action(body: RejectBody | ForwardBody) -> Action:
    if isinstance(body, RejectBody):
        return Action(reject=Reject(code=body.code, message=body.message))
    forward = Forward(model=body.model, tool_set=body.tool_set)
    if (hint := body.tool_choice_hint) is not None:
        arguments = json.dumps(hint.arguments) if hint.arguments else ""
        forward.hint.CopyFrom(Hint(tool=hint.tool, arguments=arguments, is_required=hint.required))
    return Action(forward=forward)


def _view(document: PolicyDocument) -> PolicyView:
    rules = [
        RuleBody(id=rule.id, priority=rule.priority, match=_match_view(rule.match), action=_action_view(rule.action))
        for rule in document.rules
    ]
    return PolicyView(rules=rules, default=_action_view(document.default), version=document.version)


def _match_view(match: Match) -> MatchBody:
    return MatchBody.model_validate({"source": match.source or None, "model": match.model, "agent": match.agent})


def _action_view(action: Action) -> RejectBody | ForwardBody:
    if action.WhichOneof("action") == "reject":
        return RejectBody(type="reject", code=action.reject.code, message=action.reject.message)
    forward, hint = action.forward, None
    if forward.hint.tool:
        arguments = json.loads(forward.hint.arguments or "{}")
        hint = HintBody(tool=forward.hint.tool, arguments=arguments, required=forward.hint.is_required)
    return ForwardBody(type="forward", model=forward.model, tool_set=forward.tool_set, tool_choice_hint=hint)
