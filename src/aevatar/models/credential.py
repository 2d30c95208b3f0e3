"""Where an adapter gets the key of a call from. Fetched for each call, so that nothing has to be kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aevatar.models.port import ModelCall, ModelError

Credential = Callable[[ModelCall], Awaitable[str]]
"""Gives the key of a call, or an empty text where the provider wants none. Raises: `credential_unavailable`."""


def of_environment(environment: Mapping[str, str], name: str) -> Credential:
    """The variable `name`, the same for every caller."""

    async def credential(call: ModelCall) -> str:
        if key := environment.get(name):
            return key
        raise ModelError("credential_unavailable", f"The environment variable {name} is not set.")

    return credential


async def of_caller(call: ModelCall) -> str:
    """What the caller brought."""
    return await call.secret()


async def fetched(credential: Credential, call: ModelCall) -> str:
    """The key of `call`, fit for a header. Raises: ModelError `credential_unavailable`."""
    key = (await credential(call)).strip()
    if not key.isascii() or not key.isprintable():
        # The HTTP client would refuse it too, with the key in its error.
        raise ModelError("credential_unavailable", "The credential holds characters that no header can carry.")
    return key


async def no_credential(call: ModelCall) -> str:
    """Nothing, for a provider that asks for nothing."""
    return ""
