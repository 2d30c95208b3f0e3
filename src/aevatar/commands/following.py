"""One run from its start to its end, as a person follows it: shown, cancelled, and decided upon."""

from __future__ import annotations

import json
import sys
from typing import Final

from aevatar.commands.client import END, Client
from aevatar.commands.events import Event
from aevatar.commands.screen import edited_line, plain
from aevatar.commands.telling import Teller
from aevatar.errors import Rejected

COMPLETED: Final = 0
FAILED: Final = 1
INCOMPLETE: Final = 3
CANCELLED: Final = 4
WAITING: Final = 5

_OFFLINE: Final = "offline/demo"
_EXITS: Final = {"completed": COMPLETED, "incomplete": INCOMPLETE, "cancelled": CANCELLED}
_EDIT: Final = "edit"
_DECISIONS: Final = {"y": "approve", "n": "deny", "e": _EDIT}
_OUTCOMES: Final = {"r": "retry", "d": "done", "f": "failed"}


class Following:
    """Follows one run. `is_watched`: somebody is there who can be asked for approvals."""

    def __init__(
        self, client: Client, run: str, teller: Teller, *, is_watched: bool, tells_offline: bool = True
    ) -> None:
        self._client = client
        self._run = run
        self._teller = teller
        self._is_watched = is_watched
        self._tells_offline = tells_offline
        self._cursor = 0
        self._is_cancelled = False

    def to_the_end(self) -> int:
        """Shows the run until it ends or waits for nobody who is here; answers the exit code.

        Ctrl-C cancels the run, which is then shown to its end; once more leaves it.
        """
        while True:
            try:
                return self._follow()
            except KeyboardInterrupt:
                if self._is_cancelled:
                    return CANCELLED
                self._is_cancelled = True
                tell_of_cancelling()
                self._client.cancel(self._run)

    def _follow(self) -> int:
        for event in self._client.events(self._run, after=self._cursor):
            self._cursor = event.cursor
            self._teller.tell(event)
            if (code := self._heed(event.unwrapped())) is not None:
                return code
        return FAILED

    def _heed(self, event: Event) -> int | None:
        data = event.data
        match event.name:
            case "run_opened" if not event.depth and data.get("model") == _OFFLINE and self._tells_offline:
                note(f"offline: {_OFFLINE} is a demonstration and no language model; see `aevatar models`")
            case "approval_asked" if self._is_watched:
                return self._ask(event)
            case "approval_asked" if self._client.waits_for(data["approvalId"]):
                self._tell_waiting(event)
            case "run_suspended" if not self._is_watched and self._is_suspended(event):
                return WAITING
            case _ if event.name == END and not event.depth:
                return _end(event)
        return None

    def _is_suspended(self, event: Event) -> bool:
        """Whether a run still is, of which a stream that is read again tells that it was."""
        return self._client.status(event.run or self._run) == "suspended"

    def _ask(self, event: Event) -> int | None:
        if not self._client.waits_for(event.data["approvalId"]):
            return None  # what is read again may have been decided long ago
        try:
            decision, arguments = _decided(event)
        except EOFError:
            self._tell_waiting(event)
            return WAITING
        try:
            self._client.decide(event.run or self._run, event.data["approvalId"], decision, arguments=arguments)
        except Rejected as late:
            note(str(late))
        return None

    def _tell_waiting(self, event: Event) -> None:
        place = f"/api/runs/{event.run or self._run}/approvals/{event.data['approvalId']}"
        note(f'{event.data["tool"]} waits for approval: POST {{"decision": "approve"}} or "deny" to {place}')


def _decided(event: Event) -> tuple[str, str]:
    """What the person says to a call, and the arguments that they want instead. Raises: EOFError when they leave."""
    data = event.data
    choices = _OUTCOMES if data.get("reason") == "outcome_unknown" else _DECISIONS
    question = f"{plain(data['tool'])} {plain(data.get('arguments', ''))}\n"
    question += ", ".join(f"{letter} = {decision}" for letter, decision in choices.items())
    while True:
        decision = choices.get(input(f"{question}? ").strip().lower()[:1])
        if decision == _EDIT and (arguments := _edited(data.get("arguments", ""))):
            return "approve", arguments
        if decision not in (None, _EDIT):
            return decision, ""


def _edited(arguments: str) -> str:
    """The arguments as the person changes them, on a line that begins as they are; empty if they leave them."""
    while text := edited_line("arguments> ", arguments).strip():
        try:
            if isinstance(json.loads(text), dict):
                return text
        except ValueError:
            pass
        note("arguments are one JSON object; nothing at all goes back")
    return ""


def tell_of_cancelling() -> None:
    """Says what an interrupt has done, and what another one does."""
    print(file=sys.stderr)  # a line was probably begun
    note("cancelling; Ctrl-C again leaves")


def note(text: str) -> None:
    """Tells the person something that belongs to no answer."""
    print(f"aevatar: {plain(text)}", file=sys.stderr, flush=True)


def _end(event: Event) -> int:
    status = event.data["status"]
    if status != "completed":
        code, message = event.data.get("code", ""), event.data.get("message", "")
        note(": ".join(dict.fromkeys(part for part in (status, code, message) if part)))
    return _EXITS.get(status, FAILED)
