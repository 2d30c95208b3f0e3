"""The ports to nature: time, identifiers and chance. Nothing else under `actors/` touches the real ones."""

from __future__ import annotations

import secrets
import time
from base64 import b32hexencode
from random import Random, SystemRandom
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day. Waiting is the event loop's affair, which tests replace as a whole."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""

    def elapsed(self) -> float:
        """Seconds since some fixed moment; never goes back."""


class Identifiers(Protocol):
    """Makes names that nobody else has made."""

    def new(self) -> str:
        """An id of 30 characters, of 0 to 9 and a to f."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def elapsed(self) -> float:
        return time.perf_counter()


class RandomIdentifiers:
    """Identifiers that rise with time, so that they land side by side in an index: 48 bits of it, and 72 of chance."""

    def new(self) -> str:
        return ordered_id(time.time_ns() // 1_000_000, secrets.token_bytes(9))


def system_random() -> Random:
    """Randomness nobody can foresee: for jitter, never for secrets that outlive the process."""
    return SystemRandom()


def ordered_id(now: int, entropy: bytes) -> str:
    """An identifier that sorts by `now` (milliseconds since 1970) and differs by the first 9 bytes of `entropy`."""
    return (now.to_bytes(6) + entropy[:9]).hex()  # not base32, which the standard library spells in Python


def base32(data: bytes) -> str:
    """The first 26 base32 characters (130 bits) of at least 17 bytes: 0 to 9 and a to v, sorted as the bytes are.

    Source: RFC 4648, section 7 (extended hex alphabet).
    """
    return b32hexencode(data)[:26].decode().lower()
