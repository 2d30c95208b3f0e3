"""The reference says all that there is, and nothing else: lists in pages are compared with the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer
import yaml
from fastapi import FastAPI

import aevatar.actors
import aevatar.testing
from aevatar.actors import Actor, Effect, Kind, Limits, Link, Projection, Retention, Runtime
from aevatar.actors.deciding.turn import Turn
from aevatar.agents import stream_pb2
from aevatar.cli import commands
from aevatar.journal.memory import MemoryJournal
from aevatar.models import FINAL_CODES, RETRYABLE_CODES, models_settings
from aevatar.models.configuration import ModelSettings, ModelsSettings, PriceSettings, ProviderSettings
from aevatar.platform import Platform, PlatformSettings
from aevatar.server import Settings, create_application
from aevatar.tools import FailureCode, Tool
from tests.docs.snippets import ROOT, snippets

DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "aevatar"
KERNEL = ("actors", "blobs", "credentials", "identity.py", "journal", "readmodels", "sessions")
OF_CLIENTS = {"AEVATAR_TOKEN"}  # read by what calls a server, and no setting of one
OF_THE_KERNEL = {"journal_back", "journal_lost", "record"}  # called by its own parts
OF_CLICK = {"--help"}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def missing(names: Iterable[str], text: str) -> set[str]:
    """The names that `text` does not show as code, alone or as the beginning of a call or an attribute."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    shown = {word for code in re.findall(r"`([^`]+)`", prose) for word in re.findall(r"[\w:.-]+", code)}
    parts = shown | {part for word in shown for part in word.split(".")}
    return set(names) - parts


def public(*owners: type) -> set[str]:
    return {name for owner in owners for name in (*vars(owner), *owner.__annotations__) if not name.startswith("_")}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings(data=tmp_path_factory.mktemp("data"))
    return create_application(Platform(PlatformSettings()).capabilities(), settings, journal=MemoryJournal())


# Settings


def test_the_page_of_settings_lists_every_variable_and_no_other() -> None:
    listed = set(re.findall(r"^\| `(AEVATAR_\w+)`", page("reference/settings.md"), re.MULTILINE))
    declared = {f"AEVATAR_{name.upper()}" for name in (*Settings.model_fields, *PlatformSettings.model_fields)}
    assert listed - OF_CLIENTS == declared


@pytest.mark.parametrize("part", [ModelsSettings, ProviderSettings, ModelSettings, PriceSettings])
def test_the_page_of_settings_lists_every_key_of_the_file(part: Any) -> None:
    assert missing(part.model_fields, page("reference/settings.md")) == set()


def test_the_examples_of_configuration_are_accepted() -> None:
    shown = [snippet for snippet in snippets(DOCS / "how-to/bring-your-model.md") if snippet.language == "yaml"]
    assert [bool(models_settings(yaml.safe_load(snippet.body)["models"]).providers) for snippet in shown] == [True] * 4


# The command line


def test_the_page_of_commands_lists_every_command_and_every_option() -> None:
    text = page("reference/command-line.md")
    told = [(path, missing(options, text)) for path, options in command_lines(typer.main.get_command(commands()))]
    assert [(path, left) for path, left in told if left or f"`{path}" not in text] == []


def command_lines(command: Any, path: str = "aevatar") -> Iterator[tuple[str, set[str]]]:
    """Each command as one writes it, with its options."""
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    yield path, options - OF_CLICK
    for name, below in getattr(command, "commands", {}).items():
        yield from command_lines(below, f"{path} {name}")


# Actors


def test_the_page_of_actors_names_all_that_actors_offer() -> None:
    assert missing(aevatar.actors.__all__, page("reference/actors.md")) == set()


@pytest.mark.parametrize("owner", [Actor, Runtime, Link], ids=lambda owner: owner.__name__)
def test_the_page_of_actors_names_every_method(owner: type) -> None:
    names = public(owner) | {name for name in getattr(owner, "__slots__", ()) if not name.startswith("_")}
    assert missing(names - OF_THE_KERNEL, page("reference/actors.md")) == set()


def test_the_page_of_actors_names_what_a_turn_tells() -> None:
    told = {name for name, value in vars(Turn).items() if isinstance(value, property)} | {"new_id", "random"}
    assert missing(told, page("reference/actors.md")) == set()


@pytest.mark.parametrize("owner", [Kind, Projection, Limits, Retention], ids=lambda owner: owner.__name__)
def test_the_page_of_actors_names_everything_that_can_be_set(owner: type) -> None:
    settable = {field.name for field in fields(owner) if field.init}  # type: ignore[arg-type]
    assert missing(settable, page("reference/actors.md")) == set()


def test_the_page_of_actors_names_what_an_effect_says_about_itself() -> None:
    assert missing(public(Effect), page("reference/actors.md")) == set()


# Failures


@pytest.mark.parametrize(
    "codes",
    [set(FailureCode), FINAL_CODES | RETRYABLE_CODES],
    ids=["of tools", "of models"],
)
def test_the_page_of_failures_lists_every_code(codes: set[str]) -> None:
    assert missing(codes, page("reference/failures.md")) == set()


def test_the_page_of_failures_lists_every_code_of_the_kernel() -> None:
    sources = [path for name in KERNEL for path in (SOURCE / name, *(SOURCE / name).rglob("*.py")) if path.is_file()]
    raised = {code for path in sources for code in re.findall(r'(?:Rejected|Unavailable)\(\s*"(\w+)"', text_of(path))}
    assert missing(raised, page("reference/failures.md")) == set()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# HTTP


def test_the_page_of_routes_lists_every_route_and_no_other(application: FastAPI) -> None:
    paths = application.openapi()["paths"]
    served = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}
    assert set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]+)`", page("reference/http-api.md"))) == served


def test_the_page_of_operators_lists_every_permission_and_no_other() -> None:
    asked = re.compile(r'(?:require\(caller, |\.may\()"([a-z.]+)"')
    required = {name for path in SOURCE.rglob("*.py") for name in asked.findall(text_of(path))}
    assert set(re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", page("how-to/operate.md"), re.MULTILINE)) == required


async def test_the_metrics_that_operators_are_told_of_exist(application: FastAPI) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(application), base_url="http://localhost") as client:
        exported = (await client.get("/metrics")).text
    named = set(re.findall(r"`(aevatar_\w+)`", page("how-to/operate.md")))
    assert {name for name in named if not re.search(rf"^# TYPE {name} ", exported, re.MULTILINE)} == set()


# Sessions, tools, the test kit


def test_the_page_of_sessions_lists_every_event_of_a_run() -> None:
    shown = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in stream_pb2.DESCRIPTOR.message_types_by_name}
    assert missing(shown, page("reference/sessions.md")) == set()


def test_the_page_of_tools_names_all_that_a_tool_says_about_itself() -> None:
    assert missing(public(Tool), page("how-to/write-a-tool.md")) == set()


def test_the_page_of_the_test_kit_names_all_of_it() -> None:
    assert missing(aevatar.testing.__all__, page("reference/test-kit.md")) == set()


# All pages


@pytest.mark.parametrize("name", sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")))
def test_what_a_page_links_to_is_there(name: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page(name))
    targets = [((DOCS / name).parent / path if path else DOCS / name, anchor) for path, anchor in links]
    assert [target.name for target, _ in targets if not target.exists()] == []
    assert [anchor for target, anchor in targets if anchor and anchor not in anchors(target)] == []


def anchors(target: Path) -> set[str]:
    """The names of the headings of a page, as links spell them."""
    headings = re.findall(r"^#+ (.+)$", text_of(target), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
