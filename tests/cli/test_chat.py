"""`aevatar chat` where no terminal matters: with a server of its own, on a data folder of its own."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from aevatar.commands.local import local_server
from aevatar.platform import Platform, PlatformSettings
from aevatar.server import Settings
from tests.cli.kit import Ended, Shell, aevatar, serving

NOTICE = "aevatar: offline: offline/demo is a demonstration and no language model; see `aevatar models`\n"
BANNER = "[offline demonstration: no language model is configured]\n"
ASK_ECHO = '/call aevatar_invoke_gagent {"target":{"agent_key":"echo"},"payload":{"prompt":"hi"}}'


@pytest.fixture(autouse=True)
def _at_once(shell: Shell) -> None:
    shell.set("AEVATAR_OFFLINE_DELAY_MS", "0")


def test_without_any_key_a_model_calls_an_agent_as_a_tool_and_says_that_it_is_offline(tmp_path: Path) -> None:
    ended = aevatar(tmp_path, "chat", ASK_ECHO)
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, NOTICE)
    assert lines[0] == f"→ aevatar_invoke_gagent {ASK_ECHO.removeprefix('/call aevatar_invoke_gagent ')}"
    assert lines[1].startswith('← aevatar_invoke_gagent {"run_id":"agents.run/dev/run_')
    assert "  echo (offline/demo)" in lines
    assert "  You said: hi. This is message 1." in lines
    assert BANNER.strip() in lines
    assert any(line.startswith('aevatar_invoke_gagent returned: {"run_id"') for line in lines)


def test_a_piped_prompt_prints_only_the_answer(shell: Shell) -> None:
    asked = ASK_ECHO.replace('"hi"}', '"hi"},"wait":"ack"')
    assert shell("chat", piped="hello\n") == Ended(0, f"{BANNER}You said: hello. This is message 1.\n", NOTICE)
    told = shell("chat", piped=asked).out
    assert told.startswith(f"{BANNER}aevatar_invoke_gagent returned: ")
    assert "→" not in told


def test_events_are_printed_as_lines_of_json(shell: Shell) -> None:
    ended = shell("chat", "hello", "--json", "--agent", "echo")
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert [event["cursor"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["type"], events[0]["data"]["agentKey"]) == ("run_opened", "echo")
    assert (events[-1]["type"], events[-1]["data"]["status"]) == ("run_closed", "completed")


def test_a_thread_goes_on_where_it_was_left(shell: Shell) -> None:
    first = shell("chat", "--thread", "t1", piped="one")
    second = shell("chat", "--thread", "t1", piped="two")
    assert first.out == f"{BANNER}You said: one. This is message 1.\n"
    assert second.out == "You said: two. This is message 2.\n"


def test_the_model_can_be_chosen_and_an_unknown_one_is_refused(shell: Shell) -> None:
    assert shell("chat", "--model", "offline/demo", piped="hi").code == 0
    assert shell("chat", "hi", "--model", "openai/gpt-5") == Ended(
        1, "", "aevatar: model_not_found: There is no model 'openai/gpt-5' here.\n"
    )


def test_a_failed_run_exits_with_1_and_says_why(shell: Shell) -> None:
    assert shell("chat", "/fail content_filter") == Ended(
        1, "", f"{NOTICE}aevatar: failed: content_filter: The message asked for this error.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "piped", "told"),
    [
        (("chat",), " \n", "say something: aevatar chat PROMPT"),
        (("chat", "  "), "", "say something: aevatar chat PROMPT"),
        (("chat", "hi", "--url", "localhost:8080"), "", "an address begins with http:// or https://"),
        (("chat", "hi", "--no-such-option"), "", "No such option"),
        (("chat", "hi", "--run", "run_1"), "", "a run has its prompt"),
    ],
)
def test_wrong_usage_exits_with_2(shell: Shell, arguments: tuple[str, ...], piped: str, told: str) -> None:
    ended = shell(*arguments, piped=piped)
    assert (ended.code, ended.out, told in ended.err) == (2, "", True)
    assert not (shell.folder / "var").exists()


@pytest.mark.parametrize("key", ["nobody", "../runs", "A B", "x" * 100])
def test_an_agent_that_is_not_there_is_named(shell: Shell, key: str) -> None:
    assert shell("chat", "hi", "--agent", key) == Ended(
        1, "", f"aevatar: agent_not_found: There is no agent '{key}'.\n"
    )


def test_a_model_that_is_an_agent_is_refused(shell: Shell) -> None:
    assert shell("chat", "hi", "--model", "agent/echo") == Ended(
        1, "", "aevatar: model_not_found: 'agent/echo' is an agent, and a model is wanted here.\n"
    )


def test_a_thread_that_can_be_none_is_refused_by_name(shell: Shell) -> None:
    told = "aevatar: invalid_argument: thread: Expected text that matches ^[A-Za-z0-9_-]*$.\n"
    assert shell("chat", "hi", "--thread", "a/b") == Ended(1, "", told)


def test_a_run_that_has_ended_is_shown_from_its_start_as_it_was(shell: Shell) -> None:
    first = shell("chat", "/fail content_filter", "--json")
    [opened, *_] = [json.loads(line) for line in first.out.splitlines()]
    run = opened["data"]["runId"].rpartition("/")[2]
    assert shell("chat", "--run", run, "--json") == Ended(1, first.out, first.err.removeprefix(NOTICE))


@pytest.mark.parametrize("run", ["run_nonsense", "../agents", "", "x" * 300])
def test_a_run_that_is_not_there_is_named(shell: Shell, run: str) -> None:
    assert shell("chat", "--run", run) == Ended(1, "", f"aevatar: run_not_found: There is no run '{run}'.\n")


def test_a_run_that_waits_for_somebody_else_is_left_waiting(shell: Shell, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        tightened = {"aevatar_invoke_gagent": "always"}
        server.post("/api/agents", {"key": "careful", "toolSet": "workspace.default", "tightened": tightened})
        run = server.post("/api/agents/careful/runs", {"prompt": ASK_ECHO}).json()["runId"]
        waiting = shell("chat", "--run", run, "--url", server.address)
        [approval] = httpx2.get(f"{server.address}/api/approvals").json()["items"]
        server.post(f"/api/runs/{run}/approvals/{approval['id']}", {"decision": "approve"})
        decided = shell("chat", "--run", run, "--url", server.address)
    assert (waiting.code, "waits for approval" in waiting.err) == (5, True)
    assert (decided.code, decided.err) == (0, "")


def test_a_server_that_is_not_there_is_named(shell: Shell) -> None:
    assert shell("chat", "hi", "--url", "http://127.0.0.1:9") == Ended(
        1, "", "aevatar: unavailable: no server answers at http://127.0.0.1:9\n"
    )


def test_whatever_answers_at_an_address_need_not_be_a_server_of_ours(shell: Shell, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        ended = shell("chat", "hi", "--url", f"{server.address}/docs#")
    assert (ended.code, ended.out, ended.err.startswith("aevatar: ")) == (1, "", True)


def test_a_data_folder_that_a_server_has_is_pointed_out_with_the_way_to_it(shell: Shell, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        taken = shell("chat", "hi", "--data", "data")
        reached = shell("chat", "--url", server.address, piped="hi")
    assert (taken.code, taken.out) == (1, "")
    assert f"is open already in process {server.process.pid} " in taken.err
    assert taken.err.endswith("If that is a server, talk to it: --url http://127.0.0.1:8080\n")
    assert reached.out == f"{BANNER}You said: hi. This is message 1.\n"


def test_a_bearer_token_is_taken_from_the_environment(shell: Shell, tmp_path: Path) -> None:
    token = shell("token", "create", "--scope", "alpha", "--subject", "ann", "--data", "data").out.strip()
    with serving(tmp_path, "--auth", "token") as server:
        refused = shell("chat", "hi", "--url", server.address)
        shell.set("AEVATAR_TOKEN", token)
        known = shell("chat", "hi", "--url", server.address)
    assert refused == Ended(1, "", "aevatar: authentication_required: send Authorization: Bearer <token>\n")
    assert known == Ended(1, "", "aevatar: agent_not_found: There is no agent 'assistant'.\n")  # of scope alpha


def test_an_incomplete_run_exits_with_3_and_a_run_that_nobody_can_approve_with_5(shell: Shell, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.post("/api/agents", {"key": "brief", "model": "offline/demo", "limits": {"inputTokens": 1}})
        tightened = {"aevatar_invoke_gagent": "always"}
        server.post("/api/agents", {"key": "careful", "toolSet": "workspace.default", "tightened": tightened})
        incomplete = shell("chat", "hi", "--agent", "brief", "--url", server.address)
        waiting = shell("chat", ASK_ECHO, "--agent", "careful", "--url", server.address)
        [approval] = httpx2.get(f"{server.address}/api/approvals").json()["items"]
    assert (incomplete.code, "aevatar: incomplete: " in incomplete.err) == (3, True)
    place = f"/api/runs/{approval['runId']}/approvals/{approval['id']}"
    assert waiting.code == 5
    assert waiting.err == (
        f"{NOTICE}aevatar: aevatar_invoke_gagent waits for approval: "
        f'POST {{"decision": "approve"}} or "deny" to {place}\n'
    )


def test_what_an_agent_says_does_nothing_to_the_terminal_but_appear_on_it(shell: Shell) -> None:
    assert shell("chat", "/echo \x1b[2Jgone\x07\r").out == f"{BANNER}[2Jgone\n"


def test_the_server_of_a_chat_lets_in_nobody_else(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, port=0)
    with local_server(settings, Platform(PlatformSettings(config=tmp_path / "none.yaml"))) as (address, headers):
        stranger = httpx2.get(f"{address}/api/me")
        known = httpx2.get(f"{address}/api/me", headers=headers)
    assert (stranger.status_code, known.json()["subject"]) == (401, "dev")
