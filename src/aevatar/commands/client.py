"""A server as a program talks to it: starts runs, follows them over broken connections, cancels, decides."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import httpx2

from aevatar.commands.events import Event, read_events
from aevatar.errors import AevatarError, Denied, Rejected, Unavailable

END: Final = "run_closed"

_AGENT: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_RUN: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
"""What can be a part of a path, and the key of an agent or the id of a run."""
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

    def invoke(self, agent: str, prompt: str, *, key: str, thread: str = "", model: str | None = None) -> str:
        """Starts a run of an agent, once for each `key`, and answers its id. Raises: Rejected; Denied; Unavailable."""
        if not _AGENT.fullmatch(agent):
            raise Rejected("agent_not_found", f"There is no agent {agent!r}.")
        body = {"prompt": prompt, "thread": thread, "model": model}
        answered = self._post(f"/api/agents/{agent}/runs", body, headers={"idempotency-key": key})
        return str(answered["runId"])

    def status(self, run: str) -> str:
        """How a run stands. Raises: Rejected `run_not_found`; Denied; Unavailable."""
        if not _RUN.fullmatch(run):
            raise Rejected("run_not_found", f"There is no run {run!r}.")
        answered = self._answered("GET", f"/api/runs/{run}")
        return str(answered["status"])

    def cancel(self, run: str) -> None:
        """Cancels a run; one that has ended stays as it is. Raises: Rejected; Denied; Unavailable."""
        self._post(f"/api/runs/{run}:cancel", {})

    def waits_for(self, approval: str) -> bool:
        """Whether an approval waits for somebody's decision. Raises: Denied; Unavailable."""
        path = "/api/approvals?limit=200"
        while True:
            answered = self._answered("GET", path)
            if any(waiting["id"] == approval for waiting in answered["items"]):
                return True
            if answered["next"] is None:
                return False
            path = f"/api/approvals?limit=200&cursor={quote(answered['next'], safe='')}"

    def decide(self, run: str, approval: str, decision: str, *, arguments: str = "") -> None:
        """Decides what a run waits for; `arguments` take the place of the model's.

        Raises: Rejected, where somebody was faster; Denied; Unavailable.
        """
        self._post(f"/api/runs/{run}/approvals/{approval}", {"decision": decision, "arguments": arguments})

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
        return self._answered("POST", path, json=body, headers=headers)

    def _answered(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, **request)
        except (httpx2.TransportError, httpx2.InvalidURL) as broken:
            raise self._away() from broken
        if response.is_error:
            raise _error(response)
        try:
            answered: dict[str, Any] = response.json()
        except ValueError:
            raise _no_server_of_ours(response) from None
        return answered

    def _away(self) -> Unavailable:
        return Unavailable("unavailable", f"no server answers at {self.url}")


def _error(response: httpx2.Response) -> AevatarError:
    code, message = _told(response)
    if code == "not_found":  # every server of ours has the paths that are asked here
        return _no_server_of_ours(response)
    if response.status_code in (401, 403):
        return Denied(code, message)
    return Unavailable(code, message) if response.is_server_error else Rejected(code, message)


def _told(response: httpx2.Response) -> tuple[str, str]:
    try:
        told = response.json()["error"]
        code, message = str(told["code"]), str(told["message"])
        return code, f"{told['field']}: {message}" if code == "invalid_argument" else message
    except (ValueError, KeyError, TypeError):
        unexpected = _no_server_of_ours(response)
        return unexpected.code, unexpected.message


def _no_server_of_ours(response: httpx2.Response) -> Rejected:
    told = f"{response.url} answered {response.status_code}, and not as an aevatar server does"
    return Rejected("unexpected_answer", told)
