"""Resolves the ranges of pyproject.toml into requirements/*.txt: exact versions with hashes, and no index address.

One resolution (dev) settles every version; the smaller files are cut from it, so that they never disagree.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import which

ROOT = Path(__file__).resolve().parent.parent
RESOLVE = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header"),
)
GROUPS = {
    "dev": ("pyproject.toml", "--all-extras", "--group", "dev"),
    "all": ("pyproject.toml", "--all-extras", "--constraints", "requirements/dev.txt"),
    "core": ("pyproject.toml", "--constraints", "requirements/dev.txt"),
    "build": ("--group", "build", "--constraints", "requirements/dev.txt"),
}


def main() -> None:
    """Writes requirements/<group>.txt for every group, dev first."""
    uv = which("uv", path=str(Path(sys.executable).parent)) or "uv"
    for group, selection in GROUPS.items():
        subprocess.run([uv, *RESOLVE, *selection, "--output-file", f"requirements/{group}.txt"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
