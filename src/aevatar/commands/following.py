"""One run from its start to its end, as a person follows it: shown, cancelled, and decided upon."""

from __future__ import annotations

import sys
from typing import Final

from aevatar.commands.client import END, Client
from aevatar.commands.events import Event
from aevatar.commands.screen import plain
from aevatar.commands.telling import Teller
from aevatar.errors import Rejected

COMPLETED: Final = 0
FAILED: Final = 1
INCOMPLETE: Final = 3
CANCELLED: Final = 4
WAITING: Final = 5

_OFFLINE: Final = "offline/demo"
_EXITS: Final = {"completed": COMPLETED, "incomplete": INCOMPLETE, "cancelled": CANCELLED}
_DECISIONS: Final = {"y": "approve", "n": "deny"}
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
                print(file=sys.stderr)  # a line was probably begun
                note("cancelling; Ctrl-C again leaves")
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
            case "approval_asked":
                self._tell_waiting(event)
            case "run_suspended" if not self._is_watched:
                return WAITING
            case _ if event.name == END and not event.depth:
                return _end(event)
        return None

    def _ask(self, event: Event) -> int | None:
        choices = _OUTCOMES if event.data.get("reason") == "outcome_unknown" else _DECISIONS
        question = f"{plain(event.data['tool'])} {plain(event.data.get('arguments', ''))}\n"
        question += ", ".join(f"{letter} = {decision}" for letter, decision in choices.items())
        try:
            while (letter := input(f"{question}? ").strip().lower()[:1]) not in choices:
                continue
        except EOFError:
            self._tell_waiting(event)
            return WAITING
        try:
            self._client.decide(event.run or self._run, event.data["approvalId"], choices[letter])
        except Rejected as late:
            note(str(late))
        return None

    def _tell_waiting(self, event: Event) -> None:
        place = f"/api/runs/{event.run or self._run}/approvals/{event.data['approvalId']}"
        note(f'{event.data["tool"]} waits for approval: POST {{"decision": "approve"}} or "deny" to {place}')


def note(text: str) -> None:
    """Tells the person something that belongs to no answer."""
    print(f"aevatar: {plain(text)}", file=sys.stderr, flush=True)


def _end(event: Event) -> int:
    status = event.data["status"]
    if status != "completed":
        code, message = event.data.get("code", ""), event.data.get("message", "")
        note(": ".join(dict.fromkeys(part for part in (status, code, message) if part)))
    return _EXITS.get(status, FAILED)
