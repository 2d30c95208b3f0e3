"""Moves the actors of a kind to another name, wherever one of them is named."""

from __future__ import annotations

from typing import Final

from aevatar.errors import Misassembled
from aevatar.journal.postgres.database import Connection
from aevatar.journal.postgres.sql import Statements

_NAMING: Final = {
    "actors": "actor",
    "turns": "actor",
    "snapshots": "actor",
    "open_commands": "actor",
    "mail": "target",
    "timers": "actor",
    "effects": "actor",
    "documents": "actor",
    "sessions": "owner",
    "session_events": "owner",
    "dead_letters": "actor",
}
"""The column of each table that holds an actor id in text form."""


async def rename_kind(connection: Connection, statements: Statements, *, old: str, new: str) -> int:
    """Moves the actors of kind `old` to `new`; answers how many. Raises: Misassembled when one exists under both."""
    names = (*kind_range(old), f"{new}/")
    async with connection.transaction():
        both = await connection.fetchval(statements["actor_of_both_kinds"], *names)
        if both is not None:
            raise Misassembled(f"{both!r} cannot be moved to kind {new!r}: the same actor exists there too")
        moved: int = await connection.fetchval(statements["actors_of_kind"], *names[:2])
        await connection.execute(statements["mail_of_both_kinds"], *names)
        for table, column in _NAMING.items():
            rename = statements["rename"].replace("{table}", table).replace("{column}", column)
            await connection.execute(rename, *names)
    return moved


def kind_range(kind: str) -> tuple[str, str]:
    """Where the names of a kind's actors begin, and where they have ended: "0" is the character after "/"."""
    return f"{kind}/", f"{kind}0"
