"""Summaries that travel through the hands of callers: sealed for one scope, opaque and unchangeable to everybody."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aevatar.errors import Misassembled, Rejected
from aevatar.identity import ScopeId

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PREFIX: Final = "aev1."


class Seal:
    """Seals texts with the key of the server, each for one scope. `key` is asked for when it is needed first."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._key())

    def close(self, scope: ScopeId, text: str) -> str:
        """The text, sealed."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), scope.encode())
        return _PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, scope: ScopeId, sealed: str, param: str) -> str:
        """The text inside. Raises: Rejected `invalid_compaction` unless it was sealed here, for this scope."""
        try:
            if not sealed.startswith(_PREFIX):
                raise ValueError("sealed by somebody else")
            data = base64.urlsafe_b64decode(sealed[len(_PREFIX) :])
            text = self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], scope.encode())
        except (binascii.Error, ValueError, InvalidTag) as unopened:
            raise Rejected("invalid_compaction", "This was not sealed here, or not for you.", param) from unopened
        return text.decode()


def key_in(folder: Path) -> bytes:
    """The key of the server, kept in its data folder; made when it is asked for the first time.

    Raises: Misassembled when the file holds something else.
    """
    path = folder / "seal.key"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return _made(path)
    if len(key) != KEY_BYTES:
        raise Misassembled(f"{path} does not hold a key of {KEY_BYTES} bytes")
    return key


def _made(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{secrets.token_hex(6)}")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(secrets.token_bytes(KEY_BYTES))
    try:
        path.hardlink_to(unfinished)  # of two processes that start at once, one makes the key of both
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
    return path.read_bytes()
