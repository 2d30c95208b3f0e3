"""The header `Idempotency-Key` as the id of the command a request becomes: the same request again has one effect."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Header, Request

from aevatar.actors.nature import RandomIdentifiers
from aevatar.server.principal import Caller

_LONGEST: Final = 255
_ANY_BUT_COLON = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in ":%")


def command_id_of(subject: str, key: str) -> str:
    """The command id of a caller's key. Keys of two subjects never meet, so nobody reads another's outcome."""
    command_id = f"{quote(subject, safe=_ANY_BUT_COLON)}:{key}"
    return command_id if len(command_id) <= _LONGEST else f"sha256:{sha256(command_id.encode()).hexdigest()}"


async def _command_id(
    caller: Caller,
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=_LONGEST, pattern=r"^[\x20-\x7e]+$", description="Makes a retry harmless."),
    ] = None,
) -> str:
    key = idempotency_key or RandomIdentifiers().new()
    request.state.idempotency_key = key
    return command_id_of(caller.subject, key)


CommandId = Annotated[str, Depends(_command_id)]
"""The command id of a request. Whatever the answer is, it tells the key as `Idempotency-Key`, also when we made it."""
