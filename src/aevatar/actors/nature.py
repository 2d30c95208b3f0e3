"""The ports to nature: time, identifiers and chance. Nothing else under `actors/` touches the real ones."""

from __future__ import annotations

import secrets
import time
from base64 import b32encode
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
        """An id of 26 characters."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def elapsed(self) -> float:
        return time.perf_counter()


class RandomIdentifiers:
    """Identifiers from the operating system's randomness: 130 bits each."""

    def new(self) -> str:
        return base32(secrets.token_bytes(17))


def system_random() -> Random:
    """Randomness nobody can foresee: for jitter, never for secrets that outlive the process."""
    return SystemRandom()


def base32(data: bytes) -> str:
    """The first 26 base32 characters (130 bits) of at least 17 bytes: lower-case letters and 2 to 7."""
    return b32encode(data)[:26].decode().lower()
