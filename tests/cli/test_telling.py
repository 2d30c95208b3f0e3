"""How a run is told to a person, event by event."""

from __future__ import annotations

import io
from typing import Any

from aevatar.commands.events import Event
from aevatar.commands.telling import Story


def opened(item: str, kind: str = "call", name: str = "look") -> tuple[str, dict[str, Any]]:
    return "item_opened", {"itemId": item, "kind": kind, "name": name}


def delta(item: str, text: str) -> tuple[str, dict[str, Any]]:
    return "delta", {"item": item, "text": text}


def closed(item: str) -> tuple[str, dict[str, Any]]:
    return "item_closed", {"itemId": item}


def told(*events: tuple[str, dict[str, Any]]) -> str:
    out = io.StringIO()
    story = Story(out)
    for cursor, (name, data) in enumerate(events, 1):
        story.tell(Event(cursor, name, data))
    return out.getvalue()


def test_arguments_appear_as_they_come() -> None:
    assert told(opened("c1"), delta("c1", '{"te'), delta("c1", 'xt": ')) == '→ look {"text": '


def test_a_call_has_a_line_of_its_own_though_the_message_before_it_is_not_closed_yet() -> None:
    message = [opened("m1", "message"), delta("m1", "Let me see.")]
    assert told(*message, opened("c1"), delta("c1", "{}"), closed("m1"), closed("c1")) == "Let me see.\n→ look {}\n"


def test_calls_that_come_at_once_do_not_get_into_each_others_way() -> None:
    both = [opened("c1", name="a"), opened("c2", name="b"), delta("c1", "{"), delta("c2", "["), delta("c1", "}")]
    assert told(*both, delta("c2", "]"), closed("c1"), closed("c2")) == "→ a {}\n→ b []\n"


def test_a_call_half_written_is_left_when_the_reply_begins_again() -> None:
    again = ("message_restarted", {"reason": "process_restarted"})
    assert told(opened("c1"), delta("c1", "{"), again) == "→ look {\n(the reply begins again: process_restarted)\n"
