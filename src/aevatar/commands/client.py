"""A server as a program talks to it: starts runs, follows them over broken connections, cancels, decides."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import httpx2

from aevatar.commands.events import Event, read_events
from aevatar.errors import AevatarError, Denied, Rejected, Unavailable

END: Final = "run_closed"

_PATIENCE: Final = 30.0
"""Seconds in which a server that went away may come back."""
_PAUSE: Final = 0.1
_TIMEOUT: Final = httpx2.Timeout(10, read=45)  # a stream has a heartbeat every 15 seconds


class Client:
    """Talks to the server at `url`. `headers` say who calls. Close it in the end."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url = url
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=_TIMEOUT)

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def invoke(self, agent: str, prompt: str, *, thread: str = "", model: str | None = None) -> str:
        """Starts a run of an agent, and answers its key. Raises: Rejected; Denied; Unavailable."""
        body = {"prompt": prompt, "thread": thread, "model": model}
        answered = self._post(f"/api/agents/{agent}/runs", body, headers={"idempotency-key": str(uuid4())})
        return str(answered["runId"])

    def cancel(self, run: str) -> None:
        """Cancels a run; one that has ended stays as it is. Raises: Rejected; Denied; Unavailable."""
        self._post(f"/api/runs/{run}:cancel", {})

    def decide(self, run: str, approval: str, decision: str) -> None:
        """Decides what a run waits for. Raises: Rejected, where somebody was faster; Denied; Unavailable."""
        self._post(f"/api/runs/{run}/approvals/{approval}", {"decision": decision})

    def events(self, run: str, *, after: int = 0) -> Iterator[Event]:
        """The events of a run after a cursor, to its end. A server that went away, or a run to begin, is waited for.

        Raises: Rejected; Denied; Unavailable when the server stays away.
        """
        until = time.monotonic() + _PATIENCE
        while True:
            problem: AevatarError | None = None
            try:
                for event in self._stream(f"/api/runs/{run}/events", after):
                    yield event
                    after, until = event.cursor, time.monotonic() + _PATIENCE
                    if event.name == END:
                        return
            except (httpx2.TransportError, Unavailable) as broken:
                problem = self._away()
                problem.__cause__ = broken
            except Rejected as absent:
                if absent.code != "run_not_found" or after:
                    raise
                problem = absent  # it was accepted, and has not begun
            if time.monotonic() > until:
                raise problem or self._away()
            time.sleep(_PAUSE)

    def _stream(self, path: str, after: int) -> Iterator[Event]:
        with self._http.stream("GET", path, headers={"last-event-id": str(after)}) as response:
            if response.is_error:
                response.read()
                raise _error(response)
            yield from read_events(response.iter_lines())

    def _post(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            response = self._http.post(path, json=body, headers=headers)
        except httpx2.TransportError as broken:
            raise self._away() from broken
        if response.is_error:
            raise _error(response)
        answered: dict[str, Any] = response.json()
        return answered

    def _away(self) -> Unavailable:
        return Unavailable("unavailable", f"no server answers at {self.url}")


def _error(response: httpx2.Response) -> AevatarError:
    code, message = _told(response)
    if response.status_code in (401, 403):
        return Denied(code, message)
    return Unavailable(code, message) if response.is_server_error else Rejected(code, message)


def _told(response: httpx2.Response) -> tuple[str, str]:
    try:
        told = response.json()["error"]
        return str(told["code"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        return "unexpected_answer", f"{response.url} answered {response.status_code}, and not as an aevatar server does"
