"""What is promised of approvals: they outlive processes, take effect once, and every answer reaches the model."""

from __future__ import annotations

import pytest

from aevatar.agents.runs_pb2 import ApprovalSettled, DecideApproval
from aevatar.errors import Denied, Rejected
from aevatar.identity import Principal
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, says
from tests.agents.kit import ALICE, ALPHA, BOB, EVE, World, call

DAY = 24 * 3600.0
ASKED = 'may pay {"text": "rent"}? (approval)'


def paying() -> World:
    return World(calls(call("rent", "pay")), says("Done."))


def results(story: list[str]) -> list[str]:
    return [line.removeprefix("result of ") for line in story if line.startswith("result")]


async def test_a_run_waits_for_a_decision_and_goes_on_with_it() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
        assert await world.so_far(run) == [
            "run opened",
            "step 1",
            'call pay: {"text": "rent"}',
            ASKED,
            "suspended",
        ]
        assert (await world.document(run)).status == "suspended"
        assert await world.transcript(run) == ["user: Hi", 'call pay {"text": "rent"}']
        assert world.toolbox.calls == []
        assert await world.decide(run, "approve") == "approve"
        assert (await world.story(run))[5:] == [
            "decided: approve",
            "resumed",
            'result of pay: {"text":"rent"}',
            "step 1 done",
            "step 2",
            "message: Done.",
            "step 2 done",
            "ended: completed",
        ]
    assert world.toolbox.done == [("pay", "rent")]


async def test_an_approval_given_after_a_restart_by_another_process_executes_the_tool_once() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
    async with world.opened():
        await world.decide(run, "approve")
        assert (await world.story(run))[-1] == "ended: completed"
    assert world.toolbox.done == [("pay", "rent")]


async def test_an_approval_given_twice_executes_the_tool_once_and_is_answered_twice() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        approval = await world.approval(run)
        assert await world.decide(run, "approve", approval_id=approval.id) == "approve"
        assert await world.decide(run, "approve", approval_id=approval.id, by=BOB) == "approve"
        await world.story(run)
        assert await world.decide(run, "approve", approval_id=approval.id) == "approve"
    assert world.toolbox.done == [("pay", "rent")]


async def test_a_contradicting_answer_is_refused() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        approval = await world.approval(run)
        await world.decide(run, "deny", approval_id=approval.id)
        with pytest.raises(Rejected, match="approval_already_resolved"):
            await world.decide(run, "approve", approval_id=approval.id)


async def test_a_denial_reaches_the_model_with_its_reason() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        await world.decide(run, "deny", reason="Too expensive.")
        assert (await world.story(run))[5:8] == [
            "decided: deny (Too expensive.)",
            "resumed",
            "result of pay: tool_denied",
        ]
        result = world.model.requests[1].messages[-1].parts[0].text
    assert result == '{"error":{"code":"tool_denied","message":"Too expensive.","retryable":false}}'
    assert world.toolbox.calls == []


async def test_an_approval_that_nobody_gives_expires_after_a_day_and_the_model_goes_on() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
        await elapse(DAY - 1)
        assert (await world.document(run)).status == "suspended"
        await elapse(2)
        assert (await world.story(run))[5:8] == ["decided: expired", "resumed", "result of pay: approval_expired"]


async def test_an_approval_that_expires_while_nobody_runs_does_so_at_the_next_start() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
    await elapse(2 * DAY)
    async with world.opened():
        assert "result of pay: approval_expired" in await world.story(run)


async def test_edited_arguments_are_recorded_and_carried_out() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        await world.decide(run, "approve", arguments='{"text": "half the rent"}')
        assert results(await world.story(run)) == ['pay: {"text":"half the rent"}']
        (settled,) = await world.facts(run, ApprovalSettled)
        assert (settled.arguments, settled.by) == ('{"text": "half the rent"}', "alice")
    assert world.toolbox.done == [("pay", "half the rent")]


async def test_edited_arguments_are_checked_like_those_of_the_model() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        await world.decide(run, "approve", arguments='{"sum": 1}')
        assert results(await world.story(run)) == ["pay: invalid_arguments"]
    assert world.toolbox.calls == []


async def test_a_decision_after_the_end_is_refused() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        approval = await world.approval(run)
        await world.runs.cancel(ALICE, run.key)
        with pytest.raises(Rejected, match="run_ended"):
            await world.decide(run, "approve", approval_id=approval.id)
        assert (await world.so_far(run))[5:] == [
            "decided: cancelled",
            "result of pay: tool_cancelled",
            "ended: cancelled (cancelled)",
        ]


async def test_only_who_may_approve_in_the_scope_decides() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        approval = await world.approval(run)
        with pytest.raises(Denied):
            await world.decide(run, "approve", approval_id=approval.id, by=Principal(ALPHA, "carl"))
        with pytest.raises(Rejected, match="run_not_found"):
            await world.decide(run, "approve", approval_id=approval.id, by=EVE)
        with pytest.raises(Rejected, match="approval_not_found"):
            await world.decide(run, "approve", approval_id="apr_none")
        with pytest.raises(Rejected, match="invalid_decision"):
            await world.decide(run, "retry", approval_id=approval.id)
        assert await world.so_far(run) == ["run opened", "step 1", 'call pay: {"text": "rent"}', ASKED, "suspended"]


async def test_a_decision_repeated_under_its_command_id_is_the_recorded_one() -> None:
    world = paying()
    async with world.opened():
        run = await world.begin()
        decision = DecideApproval(approval_id=(await world.approval(run)).id, decision="approve")
        first = await world.runs.decide(ALICE, run.key, decision, command_id="d-1")
        await world.story(run)
        assert await world.runs.decide(ALICE, run.key, decision, command_id="d-1") == first
