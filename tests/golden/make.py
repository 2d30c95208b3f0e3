"""Makes the golden journal of this release: `python -m tests.golden.make`, once, when it is released.

A golden journal is never made again: it is what the releases after it must be able to open.
"""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

import structlog

from aevatar.journal.sqlite import SqliteJournal
from aevatar.testing import in_real_time, run_in_virtual_time
from tests.golden.life import live
from tests.quiet import dropped

HERE = Path(__file__).resolve().parent


def main() -> None:
    version = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    target = HERE / f"{version}.sqlite"
    target.unlink(missing_ok=True)
    structlog.configure(processors=[dropped])
    run_in_virtual_time(lambda: make(target))
    print(f"{target.name}: {target.stat().st_size} bytes")


async def make(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await live(in_real_time(SqliteJournal(Path(folder) / "journal.db")))
        journal = in_real_time(SqliteJournal(Path(folder) / "journal.db"))
        await journal.open()
        await journal.backup(target)
        await journal.close()


if __name__ == "__main__":
    main()
