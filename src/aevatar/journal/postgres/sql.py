"""Reads the statements that lie beside the adapter, and puts those together that are made of parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from importlib.resources import files
from typing import Any

from aevatar.errors import Misassembled

Part = tuple[str, list[Any]]
"""A named part of a statement, and its arguments."""

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
_PARAMETER = re.compile(r"\$(\d+)")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,47}")


class Statements:
    """The named statements of `queries.sql` for one schema. Raises: Misassembled for a name that is none."""

    def __init__(self, schema: str) -> None:
        if not _SCHEMA.fullmatch(schema):
            raise Misassembled(f"{schema!r} cannot name a schema: use lower-case letters, digits and underscores")
        pieces = _NAME.split(resource("queries.sql"))
        bodies = (_COMMENT.sub("", piece).strip() for piece in pieces[2::2])
        self._named = {name: in_schema(body, schema) for name, body in zip(pieces[1::2], bodies, strict=True)}
        self._joined: dict[tuple[str, ...], str] = {}

    def __getitem__(self, name: str) -> str:
        return self._named[name]

    def joined(self, parts: Sequence[Part]) -> str:
        """One statement of named parts, each of which counts its parameters from $1."""
        names = tuple(name for name, _ in parts)
        if names not in self._joined:
            self._joined[names] = "\n".join(self._renumbered(parts))
        return self._joined[names]

    def _renumbered(self, parts: Sequence[Part]) -> Iterator[str]:
        taken = 0
        for name, arguments in parts:
            yield _PARAMETER.sub(partial(_shifted, by=taken), self._named[name])
            taken += len(arguments)


def columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[Any]:
    """`rows` as the statement takes them: column by column, as arrays."""
    return list(zip(*rows, strict=True)) or [()] * width


def resource(name: str) -> str:
    """The text of a file of this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def in_schema(text: str, schema: str) -> str:
    """`text` with the name of the schema filled in."""
    return text.replace("{schema}", schema)


def _shifted(found: re.Match[str], *, by: int) -> str:
    return f"${int(found[1]) + by}"
