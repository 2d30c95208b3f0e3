"""Measures, prints a table and writes JSON: `python -m benchmarks`.

`--quick --json` ends within a minute and prints one JSON object a line as figures come in. These are measurements and
no tests: a goal that is missed is said, and nothing fails.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from benchmarks import agent_runs, agent_turns, peers, recovery, replies, storage, streams, tokens, turns
from benchmarks.figures import Figure, table
from benchmarks.running import ROOT, Effort, settle_garbage, settle_process

BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {
    **turns.BENCHMARKS,
    **tokens.BENCHMARKS,
    **streams.BENCHMARKS,
    **recovery.BENCHMARKS,
    **storage.BENCHMARKS,
    **agent_turns.BENCHMARKS,
    **agent_runs.BENCHMARKS,
    **replies.BENCHMARKS,
    **peers.BENCHMARKS,
}
LATEST = ROOT / "benchmarks" / "results" / "latest.json"
QUICK_ENDS_WITHIN = 40.0
"""Seconds after which a quick run begins nothing new."""


def main() -> None:
    asked = arguments()
    settle_process()
    profiler = cProfile.Profile() if asked.profile else None
    effort = Effort(is_quick=asked.quick, profiler=profiler)
    figures = []
    for found in measured(effort, [asked.profile] if asked.profile else asked.only):
        figures.append(found)
        if asked.json:
            print(json.dumps(found.as_json()), flush=True)
        else:
            shown = found.as_json()
            print(f"{found.name}: {shown['value']} {found.unit}, {shown['ratio']} x", file=sys.stderr, flush=True)
    if profiler is not None:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(40)
    if not asked.json:
        print(table(figures))
    if asked.output or not (asked.only or asked.profile):
        write(figures, asked.output or LATEST)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and less work in each: for a look")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of the table")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="of these names or beginnings of names")
    parser.add_argument("--profile", metavar="NAME", help="run one, and print where our side spent its time")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write the JSON")
    return parser.parse_args()


def measured(effort: Effort, names: list[str]) -> Iterator[Figure]:
    """The figures of the benchmarks that fit one of the names; of all without names."""
    began = perf_counter()
    for name, benchmark in BENCHMARKS.items():
        if names and not any(name.startswith(wanted) or wanted.startswith(name) for wanted in names):
            continue
        if effort.is_quick and perf_counter() - began > QUICK_ENDS_WITHIN:
            print(f"{name}: left out, the minute is over", file=sys.stderr)
            continue
        settle_garbage()
        yield from benchmark(effort)


def write(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([found.as_json() for found in figures], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
