"""`aevatar serve`: what it says when it starts, and why it may not."""

from __future__ import annotations

import re
import signal
import socket
from importlib.metadata import version
from pathlib import Path

import httpx2
import pytest

from tests.cli.kit import Shell, aevatar, serving


def test_serving_says_where_and_how_and_ends_cleanly_when_asked(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        told = httpx2.get(f"{server.address}/api/me").json()
        second = aevatar(tmp_path, "serve", "--port", "0", "--data", "data")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0
    assert re.sub(r":\d+", ":PORT", server.welcome) == (
        f"aevatar {version('aevatar')} serves http://127.0.0.1:PORT\n"
        "  journal  sqlite data/aevatar.db\n"
        "  auth     dev: everybody at this machine may do everything\n"
        "  model    offline/demo: a demonstration and no language model, see `aevatar models`\n"
    )
    assert told["subject"] == "dev"
    # Meanwhile the journal was taken.
    assert (second.code, "Traceback" in second.err) == (1, False)
    assert str(server.process.pid) in second.err


def test_a_fresh_journal_has_somebody_to_talk_to_and_what_became_of_them_stays(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        fresh = httpx2.get(f"{server.address}/api/agents").json()["items"]
        httpx2.put(f"{server.address}/api/agents/assistant", json={"displayName": "Ada"})
        httpx2.delete(f"{server.address}/api/agents/echo")
    with serving(tmp_path) as server:
        kept = httpx2.get(f"{server.address}/api/agents").json()["items"]
    shown = [(agent["key"], agent["displayName"], agent["model"], agent["toolSet"]) for agent in fresh]
    assert shown == [("assistant", "Assistant", "", "workspace.default"), ("echo", "Echo", "offline/demo", "")]
    assert [(agent["key"], agent["displayName"]) for agent in kept] == [("assistant", "Ada")]


def test_with_tokens_there_is_nobody_until_somebody_makes_them(shell: Shell, tmp_path: Path) -> None:
    token = shell("token", "create", "--scope", "dev", "--subject", "ann", "--data", "data").out.strip()
    with serving(tmp_path, "--auth", "token") as server:
        found = httpx2.get(f"{server.address}/api/agents", headers={"authorization": f"Bearer {token}"}).json()
    assert "  auth     token: see `aevatar token create`\n" in server.welcome
    assert found == {"items": [], "next": None}


def test_the_probe_of_the_tutorial_can_be_served_beside_the_platform() -> None:
    with serving(Path.cwd(), "--database", "memory:", "--capability", "examples.probe") as server:
        paths = httpx2.get(f"{server.address}/openapi.json").json()["paths"]
    assert "  also     examples.probe\n" in server.welcome
    assert {"/api/agents", "/api/scopes/{scope}/probes"} <= paths.keys()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--host", "0.0.0.0"], "use --auth token, or --host 127.0.0.1"),  # noqa: S104 - refused
        (["--auth", "none"], "the setting 'auth' is wrong"),
        (["--port", "99999"], "the setting 'port' is wrong"),
        (["--database", "mysql://me:hunter2@host/db"], "and not at 'mysql'"),
        (["--capability", "no.such"], "the capability 'no.such' cannot be loaded"),
        (["--config", "no.yaml"], "there is no 'no.yaml' to configure the platform with"),
        (
            ["--model", "openai/gpt-5"],
            "the default model is 'openai/gpt-5', and there is none: write <provider>/<model>; providers: offline",
        ),
        (["--model", "agent/assistant"], "the default model is 'agent/assistant', and there is none"),
    ],
)
def test_what_can_be_put_right_is_told_in_a_sentence(shell: Shell, options: list[str], problem: str) -> None:
    ended = shell("serve", *options)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("aevatar: ")
    assert problem in ended.err
    assert "hunter2" not in ended.err


def test_an_address_that_is_taken_is_told(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = shell("serve", "--port", str(port))
    assert (ended.code, f"cannot listen on 127.0.0.1:{port}" in ended.err) == (1, True)


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("models: [", "aevatar.yaml: "),
        ("- models", "aevatar.yaml is no mapping of sections to what they say"),
        ("modles: {}", "aevatar.yaml has a section 'modles', and there is only models"),
        ("models: {default: a/b, default: c/d}", "the key 'default' comes twice (line 1, column 24)"),
        ("models: {default: openai/gpt-5}", "the default model is 'openai/gpt-5', and there is none"),
        ("models: {providers: [{name: x, type: telepathy}]}", "models.providers[0].type: "),
        ("models: {providers: [{name: x, type: openai, api_key: sk-s3cr3t}]}", "keys have no place in the file"),
        ("models: {providers: [{name: x, type: openai, credential: sk-s3cr3t, models: [m]}]}", "env:NAME or caller"),
    ],
)
def test_a_wrong_file_is_told_in_a_sentence_that_names_the_place(shell: Shell, file: str, problem: str) -> None:
    (shell.folder / "aevatar.yaml").write_text(file, encoding="utf-8")
    for command in ("serve", "models", "chat"):
        ended = shell(command, piped="hi")
        assert (ended.code, ended.out, ended.err.startswith("aevatar: ")) == (1, "", True)
        assert problem in ended.err
        assert "s3cr3t" not in ended.err


def test_a_file_may_be_empty_or_full_of_comments(shell: Shell) -> None:
    (shell.folder / "aevatar.yaml").write_text("# models:\n", encoding="utf-8")
    assert shell("models").code == 0


def test_a_file_that_cannot_be_read_is_told(shell: Shell) -> None:
    (shell.folder / "aevatar.yaml").write_bytes(b"models: \xff")
    assert shell("models").err.startswith("aevatar: aevatar.yaml cannot be read: ")


def test_the_version_is_told(shell: Shell) -> None:
    assert shell("--version").out == f"{version('aevatar')}\n"


def test_a_capability_of_ones_own_lies_where_one_works(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from aevatar.server import Capability\n\n"
        "def services(services):\n    raise RuntimeError('mine was asked')\n\n"
        "capability = Capability(name='mine', services=services)\n",
        encoding="utf-8",
    )
    assert "mine was asked" in aevatar(tmp_path, "serve", "--port", "0", "--capability", "mine").err
