"""`aevatar chat` with a person at a terminal: who is asked, who interrupts, who stays to talk."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import httpx2

from tests.cli.kit import aevatar, serving
from tests.cli.terminal import PATIENCE, at_a_terminal

ASK_ECHO = '/call aevatar_invoke_gagent {"target":{"agent_key":"echo"},"payload":{"prompt":"hi"}}'
EDITED = f"arguments> {ASK_ECHO.removeprefix('/call aevatar_invoke_gagent ')}"
BACK, ERASE_LINE = "\x7f", "\x15"
CAREFUL = {"key": "careful", "toolSet": "workspace.default", "tightened": {"aevatar_invoke_gagent": "always"}}


def test_one_ctrl_c_cancels_the_run_which_is_shown_to_its_end(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, "chat", "/long 5000") as terminal:
        terminal.wait_for("word20 ")
        terminal.interrupt()
        assert terminal.ended() == 4
    assert "\naevatar: cancelling; Ctrl-C again leaves\n" in terminal.shown
    assert terminal.shown.endswith("\naevatar: cancelled\n")
    assert "word5000" not in terminal.shown


def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.post("/api/agents", CAREFUL)
        with at_a_terminal(tmp_path, "chat", "/long 10000", "--url", server.address) as terminal:
            terminal.wait_for("word20 ")
            server.process.send_signal(signal.SIGSTOP)  # nobody hears of the first one
            terminal.interrupt()
            terminal.wait_for("cancelling; Ctrl-C again leaves")
            terminal.interrupt()
            assert terminal.ended() == 4


def test_a_person_approves_a_call_or_denies_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.post("/api/agents", CAREFUL)
        arguments = ("chat", ASK_ECHO, "--agent", "careful", "--url", server.address)
        with at_a_terminal(tmp_path, *arguments) as terminal:
            terminal.wait_for("y = approve, n = deny, e = edit? ")
            terminal.type("perhaps\n")
            terminal.wait_for("perhaps\naevatar_invoke_gagent ")
            terminal.type("y\n")
            assert terminal.ended() == 0
        assert "(approve)\n" in terminal.shown
        assert "  You said: hi. This is message 1.\n" in terminal.shown
        with at_a_terminal(tmp_path, *arguments) as terminal:
            terminal.wait_for("y = approve, n = deny, e = edit? ")
            terminal.type("n\n")
            assert terminal.ended() == 0
        assert "(deny)\n" in terminal.shown
        assert "tool_denied" in terminal.shown
        with at_a_terminal(tmp_path, *arguments) as terminal:
            terminal.wait_for("y = approve, n = deny, e = edit? ")
            terminal.type("\x04")
            assert terminal.ended() == 5


def test_a_person_changes_the_arguments_of_a_call_before_it_is_made(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.post("/api/agents", CAREFUL)
        with at_a_terminal(tmp_path, "chat", ASK_ECHO, "--agent", "careful", "--url", server.address) as terminal:
            terminal.wait_for("e = edit? ")
            terminal.type("e\n")
            terminal.wait_for(EDITED)
            terminal.shown = ""
            terminal.type("nonsense\n")
            terminal.wait_for("aevatar: arguments are one JSON object; nothing at all goes back\n")
            terminal.wait_for(EDITED)  # until then, keys are not the editor's
            terminal.type(BACK * 5 + 'ho"}}\n')
            assert terminal.ended() == 0
    assert "  You said: ho. This is message 1.\n" in terminal.shown


def test_a_person_who_leaves_the_arguments_as_they_are_is_asked_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.post("/api/agents", CAREFUL)
        with at_a_terminal(tmp_path, "chat", ASK_ECHO, "--agent", "careful", "--url", server.address) as terminal:
            terminal.wait_for("e = edit? ")
            terminal.type("e\n")
            terminal.wait_for(EDITED)
            terminal.shown = ""
            terminal.type(ERASE_LINE + "\n")
            terminal.wait_for("e = edit? ")
            terminal.type("n\n")
            assert terminal.ended() == 0
    assert "(deny)\n" in terminal.shown


def test_an_interrupt_while_a_run_is_being_started_cancels_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with at_a_terminal(tmp_path, "chat", "hello", "--url", address) as terminal:
            silent, first = asked(listener)
            terminal.interrupt()
            terminal.wait_for("cancelling; Ctrl-C again leaves\n")
            silent.close()
            known, second = asked(listener)
            answer(known, b'{"runId":"run_1"}')
            known, third = asked(listener)
            answer(known, b'{"id":"run_1","status":"cancelled"}')
            assert terminal.ended() == 4
    assert terminal.shown.endswith("aevatar: cancelled\n")
    assert second == first  # under the same key, so that it is the same run
    assert [line.split(b" HTTP")[0] for line in (first, third)] == [
        b"POST /api/agents/assistant/runs",
        b"POST /api/runs/run_1:cancel",
    ]


def asked(listener: socket.socket) -> tuple[socket.socket, bytes]:
    """The next request that somebody makes: where to answer it, and what it says."""
    listener.settimeout(PATIENCE)
    connection, _ = listener.accept()
    connection.settimeout(PATIENCE)
    request = b""
    while not request.endswith(b"}"):
        request += connection.recv(65536)
    return connection, request


def answer(connection: socket.socket, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    connection.sendall(head % len(body) + body)
    connection.close()


def test_a_run_is_picked_up_where_it_waits_and_decided_upon(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.post("/api/agents", CAREFUL)
        run = server.post("/api/agents/careful/runs", {"prompt": ASK_ECHO}).json()["runId"]
        arguments = ("chat", "--run", run, "--url", server.address)
        with at_a_terminal(tmp_path, *arguments) as terminal:
            terminal.wait_for("e = edit? ")
            terminal.type("y\n")
            assert terminal.ended() == 0
        with at_a_terminal(tmp_path, *arguments) as again:  # what was decided is not asked again
            assert again.ended() == 0
    assert "e = edit? " not in again.shown
    assert "  You said: hi. This is message 1.\n" in again.shown


def test_an_interrupt_cancels_a_run_that_was_picked_up(tmp_path: Path) -> None:
    with serving(tmp_path, env={"AEVATAR_OFFLINE_DELAY_MS": "15"}) as server:
        run = server.post("/api/agents/assistant/runs", {"prompt": "/long 5000"}).json()["runId"]
        with at_a_terminal(tmp_path, "chat", "--run", run, "--url", server.address) as terminal:
            terminal.wait_for("word20 ")
            terminal.interrupt()
            assert terminal.ended() == 4
    assert terminal.shown.endswith("aevatar: cancelled\n")


def test_a_person_approves_what_a_run_below_the_run_wants_to_do(tmp_path: Path) -> None:
    ask_careful = json.dumps({"target": {"agent_key": "careful"}, "payload": {"prompt": ASK_ECHO}})
    arguments = ("chat", f"/call aevatar_invoke_gagent {ask_careful}")
    with serving(tmp_path) as server:
        server.post("/api/agents", CAREFUL)
        with at_a_terminal(tmp_path, *arguments, "--url", server.address) as terminal:
            terminal.wait_for("y = approve, n = deny, e = edit? ")
            terminal.type("y\n")
            assert terminal.ended() == 0
        assert "  (approve)\n" in terminal.shown
        assert "    You said: hi. This is message 1.\n" in terminal.shown
        unattended = aevatar(tmp_path, *arguments, "--url", server.address)
        [approval] = httpx2.get(f"{server.address}/api/approvals").json()["items"]
    assert unattended.code == 5
    assert f"to /api/runs/{approval['runId']}/approvals/{approval['id']}\n" in unattended.err


def test_a_run_that_waits_for_an_approval_can_be_cancelled_instead(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.post("/api/agents", CAREFUL)
        with at_a_terminal(tmp_path, "chat", ASK_ECHO, "--agent", "careful", "--url", server.address) as terminal:
            terminal.wait_for("y = approve, n = deny, e = edit? ")
            terminal.interrupt()
            terminal.type("\n")  # where the interrupt came after the question and before the wait for its answer
            assert terminal.ended() == 4
        assert terminal.shown.endswith("aevatar: cancelled\n")
        assert httpx2.get(f"{server.address}/api/approvals").json()["items"] == []


def test_without_a_prompt_a_person_is_talked_to_in_one_thread_until_they_leave(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, "chat", "--thread", "t1") as terminal:
        terminal.wait_for("> ")
        terminal.type("one\n")
        terminal.wait_for("This is message 1.\n> ")
        terminal.type("\n/fail content_filter\n")
        terminal.wait_for("aevatar: failed: content_filter: The message asked for this error.\n> ")
        terminal.type("two\n")
        terminal.wait_for("You said: two. This is message 2.\n> ")
        terminal.type("/long 5000\n")
        terminal.wait_for("word20 ")
        terminal.interrupt()
        terminal.wait_for("aevatar: cancelled\n> ")
        terminal.type("\x04")
        assert terminal.ended() == 0
    assert terminal.shown.startswith(
        "Talking with assistant; --thread t1 goes on here. Ctrl-C cancels, Ctrl-D leaves.\n> "
    )
    assert terminal.shown.count("aevatar: offline: ") == 1


def test_a_server_that_is_killed_and_started_again_loses_nothing_of_a_chat(tmp_path: Path) -> None:
    with serving(tmp_path, env={"AEVATAR_OFFLINE_DELAY_MS": "15"}) as server:
        port = server.address.rpartition(":")[2]
        with at_a_terminal(tmp_path, "chat", "/long 150", "--url", server.address) as terminal:
            terminal.wait_for("word20 ")
            server.process.kill()
            server.process.wait()
            with serving(tmp_path, port=int(port)):
                assert terminal.ended() == 0
    whole = " ".join(f"word{number}" for number in range(1, 151))
    assert "(the reply begins again" in terminal.shown
    assert terminal.shown.endswith(f"{whole}\n")
