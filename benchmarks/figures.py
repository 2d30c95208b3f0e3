"""What a measurement comes to: a figure, what stood beside it in the same run, and the goal it is held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from benchmarks.running import Pair


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on the ratio to what was measured beside, or on the value itself."""

    relation: Literal[">=", "<="]
    bound: float
    of: Literal["ratio", "value"] = "ratio"

    def is_met(self, *, value: float, ratio: float | None) -> bool | None:
        held = value if self.of == "value" else ratio
        if held is None:
            return None
        return held >= self.bound if self.relation == ">=" else held <= self.bound

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:g}{' x' if self.of == 'ratio' else ''}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result.

    `value` and `beside` have the same `unit`; `against` says what `beside` is. `ratio` is the median of value
    to beside, round by round. A figure that could not be had has no value, and says why in its `note`.
    """

    name: str
    value: float | None
    unit: str
    beside: float | None
    ratio: float | None
    goal: str
    met: bool | None
    against: str = ""
    note: str = ""

    def as_json(self) -> dict[str, object]:
        """The figure for `json.dumps`, its numbers rounded to four digits that count."""
        return {key: _rounded(value) if isinstance(value, float) else value for key, value in asdict(self).items()}


def figure(name: str, measured: Pair | float, unit: str, *, goal: Goal, against: str = "", note: str = "") -> Figure:
    """A figure that was measured, alone or beside something, held to its goal."""
    if isinstance(measured, Pair):
        value, beside, ratio = measured.value, measured.beside, measured.ratio
    else:
        value, beside, ratio = measured, None, None
    met = goal.is_met(value=value, ratio=ratio)
    return Figure(name, value, unit, beside, ratio, str(goal), met, against=against, note=note)


def skipped(name: str, unit: str, *, goal: Goal, against: str, reason: str) -> Figure:
    """A figure that could not be measured here."""
    return Figure(name, None, unit, None, None, str(goal), None, against=against, note=f"skipped: {reason}")


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of text, in columns."""
    rows = [("measure", "value", "beside", "ratio", "goal", "met", "against")]
    rows += [
        (
            found.name,
            f"{_number(found.value)} {found.unit}",
            _number(found.beside),
            _number(found.ratio),
            found.goal,
            {True: "yes", False: "NO", None: "-"}[found.met],
            "; ".join(part for part in (found.against, found.note) if part),
        )
        for found in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < 1000 else float(round(value))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
