"""How a run is told: as a story with its calls and sub-runs, as nothing but its answer, or as lines of JSON."""

from __future__ import annotations

import json
from typing import Final, Protocol, TextIO

from aevatar.commands.events import Event
from aevatar.commands.screen import Screen, Speaker, plain

CALL: Final = "call"
MESSAGE: Final = "message"

_RESULT_LIMIT: Final = 300


class Teller(Protocol):
    """Shows the events of one run to somebody."""

    def tell(self, event: Event) -> None:
        """Shows one event, the next after the one before."""
        ...


class Story:
    """Everything a person wants to see, as it comes; what happens in sub-runs is indented."""

    def __init__(self, out: TextIO) -> None:
        self._screen = Screen(out)
        self._calls: dict[str, Speaker] = {}

    def tell(self, event: Event) -> None:
        """See `Teller`."""
        event = event.unwrapped()
        data, who = event.data, _speaker(event)
        match event.name:
            case "run_opened" if event.depth:
                self._line(event, f"{data.get('agentKey', 'a run')} ({data.get('model', '')})")
            case "item_opened" if data["kind"] == CALL:
                self._screen.end(who)
                call = self._calls[data["itemId"]] = Speaker(f"{event.run}/{data['itemId']}", event.depth)
                self._screen.say(call, f"→ {data['name']} ")
            case "item_opened" if data["kind"] != MESSAGE:
                self._line(event, "(thinking)")
            case "delta" if data["item"] in self._calls:
                self._screen.say(self._calls[data["item"]], data["text"])
            case "delta":
                self._screen.say(who, data["text"])
            case "item_closed" if data["itemId"] in self._calls:
                self._screen.end(self._calls.pop(data["itemId"]))
            case "item_closed":
                self._screen.end(who)
            case "tool_result_shown":
                self._line(event, f"← {data['name']} {_cut(data.get('text', ''))}")
            case _:
                self._tell_rarities(event)

    def _tell_rarities(self, event: Event) -> None:
        data = event.data
        match event.name:
            case "message_restarted":
                for call in self._calls.values():
                    if call.run.startswith(f"{event.run}/"):
                        self._screen.end(call)
                self._line(event, f"(the reply begins again: {data.get('reason', '')})")
            case "approval_resolved":
                self._line(event, f"({data['decision']})")
            case "warned":
                self._line(event, f"! {data['message']}")
            case "run_closed" if event.depth and data["status"] != "completed":
                self._line(event, f"({data['status']}: {data.get('message') or data.get('code', '')})")

    def _line(self, event: Event, text: str) -> None:
        self._screen.end(_speaker(event))
        self._screen.say(_speaker(event), f"{text}\n")


class Answer:
    """The text of the last message, once nothing can change it any more."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._messages: dict[str, str] = {}

    def tell(self, event: Event) -> None:
        """See `Teller`."""
        data = event.data
        match event.name:
            case "item_opened" if data["kind"] == MESSAGE:
                self._messages = {data["itemId"]: ""}
            case "delta" if data["item"] in self._messages:
                self._messages[data["item"]] += data["text"]
            case "item_closed" if data.get("isCommentary"):
                self._messages.pop(data["itemId"], None)
            case "run_closed":
                for text in self._messages.values():
                    print(plain(text) if self._out.isatty() else text, file=self._out, flush=True)


class JsonLines:
    """Each event as one line of JSON, for programs."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def tell(self, event: Event) -> None:
        """See `Teller`."""
        line = {"cursor": event.cursor, "type": event.name, "data": event.data}
        print(json.dumps(line, ensure_ascii=False), file=self._out, flush=True)


def _speaker(event: Event) -> Speaker:
    return Speaker(event.run, event.depth)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _RESULT_LIMIT else f"{line[:_RESULT_LIMIT]}…"
