"""Checks the fenced blocks of a documentation page: each is executed, or compared with a file that is.

`python` blocks of a page run in order in one namespace, with `await` allowed. A block with `file=` must stand in that
file word for word. The `$` lines of a `console` block must be commands that exist. Other languages must parse.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^ *(?P=fence)\s*$", re.DOTALL | re.MULTILINE
)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class BrokenSnippet(AssertionError):
    """A block that says something the project does not do."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One fenced block: `line` is where its first line of code stands in `page`."""

    page: Path
    line: int
    language: str
    file: str | None
    body: str

    def broken(self, reason: str) -> BrokenSnippet:
        return BrokenSnippet(f"{self.page}:{self.line}: {reason}")


async def check_page(page: Path) -> None:
    """Checks every block of `page` in order. Raises: BrokenSnippet, or whatever a block of Python raised."""
    module = ModuleType(f"page_{page.stem}")
    sys.modules[module.__name__] = module  # classes defined in a page look their annotations up here
    try:
        for snippet in snippets(page):
            if snippet.file is None and snippet.language == "python":
                await execute(snippet, module)
            else:
                check(snippet)
    finally:
        del sys.modules[module.__name__]


def snippets(page: Path) -> Iterator[Snippet]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        language, _, options = found["info"].strip().partition(" ")
        file = re.fullmatch(r"file=(\S+)", options.strip())
        line = text.count("\n", 0, found.start("body")) + 1
        snippet = Snippet(page, line, language, file and file[1], dedent(found["body"]))
        if options and file is None:
            raise snippet.broken(f"{options!r} is no option, only file=<path> is")
        yield snippet


async def execute(snippet: Snippet, module: ModuleType) -> None:
    source = "\n" * (snippet.line - 1) + snippet.body  # so that tracebacks name the line of the page
    code = compile(source, str(snippet.page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    result = eval(code, vars(module))  # noqa: S307 - running the page is the point
    if inspect.isawaitable(result):
        await result


def check(snippet: Snippet) -> None:
    if snippet.file is not None:
        return check_included(snippet, snippet.file)
    if snippet.language == "console":
        return check_commands(snippet)
    if snippet.language not in PARSERS:
        raise snippet.broken(f"nobody checks {snippet.language or 'a block without a language'!r}: name a file")
    try:
        PARSERS[snippet.language](snippet.body)
    except (ValueError, yaml.YAMLError) as error:
        raise snippet.broken(f"is not {snippet.language}: {error}") from error


PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "mermaid": str,  # a drawing
    "text": str,  # output and file trees: says of itself that it is not code
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}


def check_included(snippet: Snippet, name: str) -> None:
    """A file shown in a page must hold the block, and some test must run the file."""
    file = ROOT / name
    if not file.is_file():
        raise snippet.broken(f"there is no {name}")
    if f"\n{snippet.body.strip()}\n" not in f"\n{dedent(file.read_text(encoding='utf-8'))}\n":
        raise snippet.broken(f"differs from {name}")
    if name.startswith("examples/") and not any(
        mentions(test, file.parent) for test in ROOT.glob("tests/**/test_*.py")
    ):
        raise snippet.broken(f"no test runs {name}")


def mentions(test: Path, folder: Path) -> bool:
    text = test.read_text(encoding="utf-8")
    parts = folder.relative_to(ROOT).parts
    return "/".join(parts) in text or ".".join(parts) in text


def check_commands(snippet: Snippet) -> None:
    joined = snippet.body.replace("\\\n", " ")
    for line in re.findall(r"^\$ (.*)$", joined, re.MULTILINE):
        words = shlex.split(line, comments=True)
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        program = Path(words[0]).name if words else ""
        if program not in COMMANDS:
            raise snippet.broken(f"nobody checks the command {program!r}")
        if (reason := COMMANDS[program](words)) is not None:
            raise snippet.broken(reason)


def wrong_make(words: list[str]) -> str | None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    unknown = {word for word in words[1:] if "=" not in word} - targets
    return f"make has no target {sorted(unknown)}" if unknown else None


def wrong_aevatar(words: list[str]) -> str | None:
    """The real parser judges the options: it reads them all before it answers --help."""
    command = [sys.executable, "-c", "from aevatar.cli import main; main()", *words[1:], "--help"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    return None if asked.returncode == 0 else f"{shlex.join(words)} is refused: {asked.stderr}"


def wrong_curl(words: list[str]) -> str | None:
    hosts = {urlsplit(word).hostname for word in words if word.startswith(("http:", "https:"))}
    return None if hosts and hosts <= LOOPBACK else f"curl must address the local server, not {hosts}"


def wrong_python(words: list[str]) -> str | None:
    script = words[1] if len(words) > 1 else ""
    return None if (ROOT / script).is_file() else f"there is no {script!r} to run"


def wrong_pip(words: list[str]) -> str | None:
    extras = {
        extra for word in words if (found := re.fullmatch(r"aevatar\[(.*)\]", word)) for extra in found[1].split(",")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    unknown = extras - set(project["optional-dependencies"])
    return f"there is no extra {sorted(unknown)}" if unknown else None


def nothing_wrong(_: list[str]) -> None:
    return None


COMMANDS: dict[str, Callable[[list[str]], str | None]] = {
    "aevatar": wrong_aevatar,
    "cd": nothing_wrong,
    "curl": wrong_curl,
    "git": nothing_wrong,
    "make": wrong_make,
    "pip": wrong_pip,
    "python": wrong_python,
}
