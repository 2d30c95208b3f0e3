from __future__ import annotations

import io

from aevatar.commands.events import Event, read_events
from aevatar.commands.screen import Screen, Speaker

ROOT, SUB, DEEPER = Speaker("", 0), Speaker("run_1", 1), Speaker("run_2", 2)


def shown(*said: tuple[Speaker, str | None]) -> str:
    """What a screen shows of what was said in this order; None ends a line."""
    out = io.StringIO()
    screen = Screen(out)
    for speaker, text in said:
        if text is None:
            screen.end(speaker)
        else:
            screen.say(speaker, text)
    return out.getvalue()


def test_text_appears_as_it_comes() -> None:
    assert shown((ROOT, "Hel"), (ROOT, "lo")) == "Hello"


def test_every_line_of_a_sub_run_is_indented_by_its_depth() -> None:
    assert shown((SUB, "a\nb"), (SUB, None), (DEEPER, "c\n\nd\n")) == "  a\n  b\n    c\n\n    d\n"


def test_who_began_a_line_ends_it_before_another_one_writes() -> None:
    assert shown((ROOT, "one "), (SUB, "1\n2\n"), (ROOT, "line"), (ROOT, None)) == "one line\n  1\n  2\n"


def test_what_waits_is_shown_in_the_order_in_which_its_speakers_began_to_wait() -> None:
    said = [(ROOT, "x"), (DEEPER, "c"), (SUB, "b"), (DEEPER, None), (SUB, None), (ROOT, None)]
    assert shown(*said) == "x\n    c\n  b\n"


def test_a_line_that_waits_half_finished_is_held_until_its_end() -> None:
    said = [(ROOT, "x"), (SUB, "half"), (ROOT, "\ny"), (SUB, " whole\n"), (ROOT, None)]
    assert shown(*said) == "x\ny\n  half whole\n"


def test_a_stream_is_read_past_comments_and_wishes_for_pauses() -> None:
    lines = [
        "retry: 1000",
        "id: 1",
        "event: a",
        'data: {"x": 1}',
        "",
        ":",
        "id: 2",
        "event: b",
        "data: {}",
        "",
        "id: 3",
    ]
    assert list(read_events(lines)) == [Event(1, "a", {"x": 1}), Event(2, "b", {})]


def test_an_event_of_a_sub_run_is_unwrapped_to_itself() -> None:
    shown = {"runId": "agents.run/dev/run_2", "depth": 2, "type": "delta", "event": {"text": "x"}}
    assert Event(7, "sub_run_shown", shown).unwrapped() == Event(7, "delta", {"text": "x"}, "run_2", 2)
