"""Guards on the project itself: what may stand in the repository, and what its code may reach for."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.pin_public_door import PIN, public_door

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "aevatar"
NATURE = (
    *("datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow", "datetime.date.today"),
    *("time.time", "time.time_ns", "os.urandom", "random", "secrets", "uuid.uuid1", "uuid.uuid4"),
)
SEEDED = "random.Random"  # replays exactly, given its seed
PORT_TO_NATURE = SOURCE / "actors" / "nature.py"  # the one place where the real clock and chance come in
SLEEPS = ("anyio.sleep", "asyncio.sleep", "time.sleep")
# Everything in the library that is not a capability: these have no service that others must go through.
PLATFORM = {
    *("actors", "agents", "blobs", "cluster", "commands", "credentials", "journal", "models", "readmodels"),
    *("server", "sessions", "testing", "tools"),
}
ASSEMBLY = {"cli.py", "commands", "platform.py", "server", "testing"}
HEAVY = (
    "anthropic",
    "asyncpg",
    "boto3",
    "google.genai",
    "groq",
    "mistralai",
    "openai",
    "opentelemetry.sdk",
    "pydantic_ai",
)

ASK_FOR_HELP = """
import sys
from aevatar.cli import main
sys.argv = ["aevatar", "--help"]
try:
    main()
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""


def test_no_lock_file_writes_index_addresses_into_the_repository() -> None:
    assert [path for path in tracked_files() if path.name == "uv.lock"] == []


def test_pinned_requirements_name_no_index() -> None:
    address = re.compile(r"://|^\s*-", re.MULTILINE)
    pins = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "requirements").glob("*.txt")}
    assert [
        name for name, text in pins.items() if address.search(re.sub(r"^ +--hash=\S+", "", text, flags=re.MULTILINE))
    ] == []


def test_tracked_files_name_no_other_place_on_the_machine() -> None:
    elsewhere = [
        f"{os.sep}work{os.sep}".encode(),
        f"..{os.sep}shared".encode(),
    ]  # put together, or this file names them
    entrance = ROOT / ".ci" / "run"  # looks beside the checkout for the published schema
    searched = [path for path in tracked_files() if path != entrance]
    assert [path for path in searched if any(word in path.read_bytes() for word in elsewhere)] == []


def test_turns_take_time_identifiers_and_chance_from_the_turn() -> None:
    kernel = SOURCE / "actors"
    deciding = [path for path in python_files(SOURCE) if path.name == "actor.py" or kernel in path.parents]
    offences = {
        path.name: uses(path.read_text(encoding="utf-8"), NATURE) for path in deciding if path != PORT_TO_NATURE
    }
    assert {name: found for name, found in offences.items() if found} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\nnow = time.time()", ["time.time"]),
        ("from time import time as clock\nnow = clock()", ["time.time"]),
        ("import datetime as dt\nnow = dt.datetime.now(dt.UTC)", ["datetime.datetime.now"]),
        ("from uuid import uuid4\nfresh = uuid4()", ["uuid.uuid4"]),
        ("import random\nchance = random.random()", ["random.random"]),
        ("import random\nchance = random.Random(1).random()", []),
        ("from datetime import datetime\ndef later(self) -> datetime: return self.turn.now", []),
    ],
)
def test_the_guard_on_turns_sees_through_aliases(source: str, found: list[str]) -> None:
    assert uses(source, NATURE) == found


def test_tests_wait_for_events_and_never_sleep() -> None:
    sleepers = {str(path): lines for path in python_files(ROOT / "tests") if (lines := sleeps(path))}
    assert sleepers == {}


def test_the_public_door_of_every_package_is_the_pinned_one() -> None:
    pinned, offered = PIN.read_text(encoding="utf-8"), public_door(SOURCE.parent)
    assert pinned == offered, "meant? then run `python scripts/pin_public_door.py` and commit the list"


def test_a_capability_is_used_through_its_front_door_only() -> None:
    capabilities = {front.parent.name for front in SOURCE.glob("*/__init__.py")} - PLATFORM
    behind = re.compile(
        rf"^\s*(?:from|import) (aevatar\.({'|'.join(capabilities) or '-'})\.\w+(?<!_pb2))\b", re.MULTILINE
    )
    trespasses = [
        f"{path.relative_to(ROOT)} imports {found[1]}"
        for path in python_files(SOURCE)
        if (owner := path.relative_to(SOURCE).parts[0]) not in ASSEMBLY
        for found in behind.finditer(path.read_text(encoding="utf-8"))
        if found[2] != owner
    ]
    assert trespasses == []


if (SOURCE / "cli.py").exists():

    def test_asking_for_help_loads_neither_a_provider_nor_an_extra() -> None:
        asked = subprocess.run([sys.executable, "-c", ASK_FOR_HELP], capture_output=True, text=True, check=True)
        assert "serve" in asked.stdout
        assert [name for name in HEAVY if name in asked.stderr.split()] == []


def test_a_skipped_test_fails_the_run_in_ci_only(tmp_path: Path) -> None:
    page = tmp_path / "test_one.py"
    page.write_text("import pytest\ndef test_one() -> None: pytest.skip('no database here')\n", encoding="utf-8")
    assert [pytest_run(page, ci="true"), pytest_run(page, ci="")] == [1, 0]


def test_the_one_skip_ci_accepts_is_the_missing_schema(tmp_path: Path) -> None:
    page = tmp_path / "test_one.py"
    page.write_text(
        "import pytest\ndef test_one() -> None: pytest.skip('OPEN_RESPONSES_OPENAPI is unset')\n", encoding="utf-8"
    )
    assert pytest_run(page, ci="true") == 0


def pytest_run(page: Path, *, ci: str) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "tests.conftest", str(page)]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "CI": ci}, capture_output=True, check=False).returncode


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def python_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if not path.name.endswith("_pb2.py"))


def uses(source: str, refused: tuple[str, ...]) -> list[str]:
    names = {name for _, name in dotted_names(ast.parse(source))} - {SEEDED}
    return sorted(name for name in names if any(name == word or name.startswith(f"{word}.") for word in refused))


def sleeps(path: Path) -> list[int]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    sleepers = {id(node) for node, name in dotted_names(tree) if name in SLEEPS}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node.func) in sleepers]
    return [call.lineno for call in calls if [ast.unparse(argument) for argument in call.args] != ["0"]]


def dotted_names(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every use of an imported name, written out in full whatever it was imported as: `clock()` is `time.time`."""
    origins = dict(imports(tree))
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner:
            local, *rest = (written := ast.unparse(node)).split(".")
            if local in origins and "(" not in written:
                yield node, ".".join([origins[local], *rest])


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.asname or name.name, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((name.asname or name.name, f"{node.module}.{name.name}") for name in node.names)
