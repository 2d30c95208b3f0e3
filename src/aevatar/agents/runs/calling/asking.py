"""What all calls of a model share, whatever they are made for: the caller's credential, and trying again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

from aevatar.actors import Link, Retries
from aevatar.agents.runs.prompting.prompt import Prompt
from aevatar.credentials import Binding
from aevatar.errors import Unavailable
from aevatar.identity import ActorId
from aevatar.models import ModelError

ATTEMPTS: Final = 3
PAUSES: Final = Retries(attempts=ATTEMPTS)
PATIENCE: Final = 60.0
"""Seconds. Who asks for more has not got an answer to give: the next fall-back has its turn, or the run ends."""


async def tried(once: Callable[[], Awaitable[None]], forget: Callable[[], bool], link: Link, random: Random) -> None:
    """Makes a call, and again after what may pass, if `forget` can forget what came of it. Raises: ModelError."""
    while True:
        try:
            await once()
            return
        except ModelError as error:
            asked = error.retry_after or 0.0
            if not error.retryable or asked > PATIENCE or link.attempt >= ATTEMPTS or not forget():
                raise
            pause = max(PAUSES.pause(link.attempt, random), asked)
        await asyncio.sleep(pause)
        link.attempt += 1


def secret_of(prompt: Prompt, link: Link) -> Callable[[], Awaitable[str]]:
    """What an adapter gets the caller's credential from."""

    async def secret() -> str:
        if not prompt.credential_handle_id:
            raise ModelError("credential_unavailable", "The caller brought no credential for this model.")
        owner = ActorId.parse(prompt.credential_owner)
        try:
            redeemed = link.secret(prompt.credential_handle_id, Binding(owner.scope, owner, "run"))
        except Unavailable as gone:
            raise ModelError("credential_unavailable", gone.message) from gone
        return str(redeemed.reveal())

    return secret
