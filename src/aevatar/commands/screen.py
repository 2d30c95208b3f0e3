"""A column of text in which several speak at once: lines stay whole, and say by their indent who speaks."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TextIO


class Speaker(NamedTuple):
    """A run, and how many steps its lines are indented."""

    run: str
    depth: int


_STEP: Final = "  "
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Text that does nothing to a terminal but appear on it."""
    return _CONTROL.sub("", text)


def edited_line(prompt: str, text: str) -> str:
    """A line from the person at the terminal, who finds `text` there to change. Raises: EOFError."""
    try:
        import readline
    except ImportError:  # there are systems without it, on which one has to type
        return input(prompt)
    readline.set_startup_hook(lambda: readline.insert_text(plain(text)))
    try:
        return input(prompt)
    finally:
        readline.set_startup_hook(None)


class Screen:
    """Whoever has begun a line ends it before another one writes; what the others say meanwhile waits."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._holder: Speaker | None = None
        self._waiting: dict[Speaker, str] = {}

    def say(self, speaker: Speaker, text: str) -> None:
        """Shows text at once, or as soon as the line is free."""
        text = plain(text)
        if not text:
            return
        if self._holder in (None, speaker):
            self._write(speaker, text)
            self._give_way()
        else:
            self._waiting[speaker] = self._waiting.get(speaker, "") + text

    def end(self, speaker: Speaker) -> None:
        """Ends the line the speaker has begun, if any."""
        if self._holder == speaker:
            self.say(speaker, "\n")
        elif not (waiting := self._waiting.get(speaker, "\n")).endswith("\n"):
            self._waiting[speaker] = f"{waiting}\n"

    def _write(self, speaker: Speaker, text: str) -> None:
        indent = _STEP * speaker.depth
        for line in _LINE.findall(text):
            self._out.write(line if self._holder == speaker or line == "\n" else f"{indent}{line}")
            self._holder = None if line.endswith("\n") else speaker
        self._out.flush()

    def _give_way(self) -> None:
        while self._holder is None and self._waiting:
            speaker = next(iter(self._waiting))
            self._write(speaker, self._waiting.pop(speaker))
