"""Coalescing replies to a chat channel: what to send next, decided from what was accepted. Pure; nothing here waits.

A channel shows one message that is edited as a reply grows. Edits are few and come no faster than the channel's window;
the last one always comes, and comes once.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from aevatar.agents.runs_pb2 import Sink, SinkState

WINDOW_MS = 300
TEXT_LIMIT = 30_000
"""In characters."""
MARKER = "\n\n…[truncated]"
MAX_INTERIM = 60
FINAL_RETRIES = 3
FINAL_ONLY = 0xFFFF_FFFF
"""As `max_interim` of a sink: nothing but the final text."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this text now."""

    text: str
    digest: bytes
    ordinal: int
    final: bool


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep the newest text, and look again in `delay` milliseconds."""

    delay: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the newest text until the answer to the one under way has come."""


@dataclass(frozen=True, slots=True)
class Drop:
    """There is nothing to send."""


Decision = Send | Keep | Hold | Drop


def truncated(text: str, sink: Sink) -> str:
    """The text as the channel can take it."""
    limit = sink.text_limit or TEXT_LIMIT
    return text if len(text) <= limit else text[: max(0, limit - len(MARKER))] + MARKER


def digest_of(text: str) -> bytes:
    """What two texts are compared by."""
    return blake2b(text.encode(), digest_size=16).digest()


def interim(state: SinkState, text: str, now: int) -> Decision:
    """What to do about the whole text so far, at `now` (milliseconds since 1970)."""
    if not text.strip() or state.finalised:
        return Drop()
    limit = state.sink.max_interim or MAX_INTERIM
    if state.interims >= limit or state.sink.max_interim == FINAL_ONLY:
        return Drop()
    shown = truncated(text, state.sink)
    digest = digest_of(shown)
    if digest == state.accepted_digest and not state.in_flight:
        return Drop()
    if state.in_flight:
        return Hold()
    wait = max(_window_end(state), state.not_before) - now
    return Keep(wait) if wait > 0 else Send(shown, digest, state.ordinal + 1, final=False)


def final(state: SinkState, text: str) -> Decision:
    """What to do about the last text; neither window nor number of sends stops it."""
    if state.finalised:
        return Drop()
    if state.in_flight:
        return Hold()
    shown = truncated(text, state.sink)
    digest = digest_of(shown)
    if not shown.strip() or digest == state.accepted_digest:
        return Drop()
    return Send(shown, digest, state.ordinal + 1, final=True)


def _window_end(state: SinkState) -> int:
    return state.last_at + (state.sink.window_ms or WINDOW_MS) if state.last_at else 0
