from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import httpx2
import pytest

from aevatar.server.tokens import Tokens


def aevatar(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a command prints, run where nothing else is."""
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), capture_output=True, text=True, timeout=30, check=False
    )


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "aevatar.cli", *arguments]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AEVATAR_")}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    serving = subprocess.Popen(
        command("serve", "--port", "0", "--data", "data"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with serving:
        yield serving
        serving.kill()


def test_serving_says_where_and_how_and_ends_cleanly_when_asked(server: subprocess.Popen[str], tmp_path: Path) -> None:
    assert server.stdout is not None
    printed = [server.stdout.readline() for _ in range(7)]
    address = printed[0].split()[-1]
    told = httpx2.get(f"{address}/api/me").json()
    second = aevatar(tmp_path, "serve", "--port", "0", "--data", "data")
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=20) == 0
    assert [re.sub(r":\d+", ":PORT", line) for line in printed] == [
        f"aevatar {version('aevatar')} serves http://127.0.0.1:PORT\n",
        "  journal  sqlite data/aevatar.db\n",
        "  auth     dev: everybody at this machine may do everything\n",
        "  serving  no capabilities yet\n",
        "Try\n",
        "  curl http://127.0.0.1:PORT/health/ready\n",
        "  curl http://127.0.0.1:PORT/api/me\n",
    ]
    assert told["subject"] == "dev"
    # Meanwhile the journal was taken.
    assert (second.returncode, "Traceback" in second.stderr) == (1, False)
    assert str(server.pid) in second.stderr


def test_the_version_is_told(tmp_path: Path) -> None:
    assert aevatar(tmp_path, "--version").stdout == f"{version('aevatar')}\n"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--host", "0.0.0.0"], "use --auth token, or --host 127.0.0.1"),  # noqa: S104 - refused
        (["--auth", "none"], "the setting 'auth' is wrong"),
        (["--port", "99999"], "the setting 'port' is wrong"),
        (["--database", "mysql://me:hunter2@host/db"], "and not at 'mysql'"),
        (["--capability", "no.such"], "the capability 'no.such' cannot be loaded"),
        (["--host", "192.0.2.1", "--auth", "token"], "cannot listen on 192.0.2.1:8080"),
    ],
)
def test_what_can_be_put_right_is_told_in_a_sentence(tmp_path: Path, options: list[str], problem: str) -> None:
    ended = aevatar(tmp_path, "serve", *options)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("aevatar: ")
    assert problem in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hunter2" not in ended.stderr


def test_a_token_is_made_listed_and_revoked(tmp_path: Path) -> None:
    options = ["--scope", "alpha", "--subject", "ann", "--permission", "a", "--permission", "b"]
    made = aevatar(tmp_path, "token", "create", *options, "--data", "data").stdout
    [known] = Tokens(tmp_path / "data" / "tokens").list()
    listed = aevatar(tmp_path, "token", "list", "--data", "data").stdout
    revoked = aevatar(tmp_path, "token", "revoke", known.id, "--data", "data")
    assert re.fullmatch(rf"aev_{known.id}_[0-9a-f]{{64}}\n", made)
    assert re.sub(r"\d{4}-\S+", "WHEN", listed) == f"{known.id}\tWHEN\talpha\tann\ta,b\n"
    assert (revoked.returncode, Tokens(tmp_path / "data" / "tokens").list()) == (0, [])


def test_a_token_allows_everything_in_its_scope_unless_told_otherwise(tmp_path: Path) -> None:
    aevatar(tmp_path, "token", "create", "--scope", "alpha", "--subject", "ann")
    [known] = Tokens(tmp_path / "var" / "tokens").list()
    assert (known.scope, known.permissions) == ("alpha", ("*",))


def test_a_scope_that_can_be_none_is_refused(tmp_path: Path) -> None:
    ended = aevatar(tmp_path, "token", "create", "--scope", "no scope", "--subject", "ann")
    assert (ended.returncode, ended.stdout, ended.stderr.startswith("aevatar: invalid_scope: ")) == (1, "", True)


def test_a_capability_of_ones_own_lies_where_one_works(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from aevatar.server import Capability\n\n"
        "def services(services):\n    raise RuntimeError('mine was asked')\n\n"
        "capability = Capability(name='mine', services=services)\n",
        encoding="utf-8",
    )
    assert "mine was asked" in aevatar(tmp_path, "serve", "--port", "0", "--capability", "mine").stderr
