"""From an address to a journal, and to the blobs that belong to it. The only place that knows all adapters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from aevatar.actors.nature import SystemClock
from aevatar.blobs import BlobStore, DirectoryBlobs, MemoryBlobs
from aevatar.errors import Misassembled
from aevatar.journal.port import Journal

_POSTGRES_OPTIONS: Final[dict[str, tuple[Callable[[str], Any], int | None]]] = {
    "schema": (str, None),
    "connections": (int, 1),
    "timeout": (float, 1),
    "statement_cache_size": (int, 0),
}
"""What the address of a journal on PostgreSQL may say after its `?`, beside what the driver takes there; numbers with
their least."""


def journal_at(url: str | None, data: Path) -> Journal:
    """The journal at `url`, or in the folder `data` without one; not opened yet.

    Raises: Misassembled when the address is of no known kind, or an extra is missing.
    """
    if url is None:
        return _sqlite(data / "aevatar.db")
    match urlsplit(url).scheme:
        case "sqlite":
            return _sqlite(_path_of(url))
        case "postgresql" | "postgres":
            return _postgres(url)
        case "memory":
            return _memory()
        case scheme:
            raise Misassembled(f"a journal is at postgresql://…, sqlite:///path or memory:, and not at {scheme!r}")


def blobs_at(url: str | None, data: Path) -> BlobStore:
    """The blobs of the journal at `url`, or in the folder `data` without one; not opened yet.

    They lie where the journal does: in a folder beside its file, or in a table of its schema.

    Raises: Misassembled as `journal_at`.
    """
    match urlsplit(url).scheme if url is not None else "sqlite":
        case "memory":
            return MemoryBlobs(SystemClock())
        case "postgresql" | "postgres":
            return _postgres_blobs(str(url))
    path = data / "aevatar.db" if url is None else _path_of(url)
    return DirectoryBlobs(DirectoryBlobs.beside(path), SystemClock())


def existing_journal_at(url: str | None, data: Path, *, read_only: bool) -> Journal:
    """The journal that is at `url`, or in the folder `data`. With `read_only` beside a process that serves it.

    Raises: Misassembled as `journal_at`, and when there is none.
    """
    scheme = "sqlite" if url is None else urlsplit(url).scheme
    if scheme == "memory":
        raise Misassembled("a journal in memory ends with its process, and there is none to be looked at")
    if scheme != "sqlite":
        return journal_at(url, data)
    path = data / "aevatar.db" if url is None else _path_of(url)
    if not path.exists():
        raise Misassembled(f"there is no journal at {str(path)!r}")
    return _sqlite(path, read_only=read_only)


def place_of(url: str | None, data: Path) -> str:
    """What to call the journal at `url` where people read it: without its password."""
    if url is None:
        return f"sqlite {data / 'aevatar.db'}"
    parts = urlsplit(url)
    match parts.scheme:
        case "sqlite":
            return f"sqlite {_path_of(url)}"
        case "memory":
            return "in memory; it ends with the process"
        case scheme:
            return f"{scheme} {parts.hostname or 'localhost'}{parts.path}"


def _path_of(url: str) -> Path:
    path = unquote(url.removeprefix("sqlite:///"))
    if path in ("", url):
        raise Misassembled("a journal in a file is at sqlite:///relative/path or sqlite:////absolute/path")
    return Path(path)


def _sqlite(path: Path, *, read_only: bool = False) -> Journal:
    from aevatar.journal.sqlite import SqliteJournal

    return SqliteJournal(path, read_only=read_only)


def _memory() -> Journal:
    from aevatar.journal.memory import MemoryJournal

    return MemoryJournal()


def _postgres(url: str) -> Journal:
    try:
        from aevatar.journal.postgres import PostgresJournal
    except ModuleNotFoundError as missing:
        if missing.name != "asyncpg":
            raise
        raise Misassembled("a journal on PostgreSQL needs an extra: install aevatar[postgres]") from missing
    address, options = _postgres_options(url)
    return PostgresJournal(address, **options)


def _postgres_blobs(url: str) -> BlobStore:
    from aevatar.blobs.postgres import PostgresBlobs

    address, options = _postgres_options(url)
    options.pop("connections", None)
    return PostgresBlobs(address, SystemClock(), **options)


def _postgres_options(url: str) -> tuple[str, dict[str, Any]]:
    parts = urlsplit(url)
    said = parse_qsl(parts.query, keep_blank_values=True)
    options = {name: _read(name, text) for name, text in said if name in _POSTGRES_OPTIONS}
    others = [(name, text) for name, text in said if name not in _POSTGRES_OPTIONS]
    return parts._replace(query=urlencode(others)).geturl(), options


def _read(name: str, text: str) -> object:
    kind, least = _POSTGRES_OPTIONS[name]
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or (least is not None and value < least):
        raise Misassembled(f"the address of the journal says {name}={text}, and wants a number from {least}")
    return value
