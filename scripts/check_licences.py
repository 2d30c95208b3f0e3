"""Refuses a runtime dependency whose licence would bind those who build on this project.

Runtime means what requirements/all.txt pins: the core and every extra. Tools of the development group are not looked
at, because they are never distributed with the project.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

PINS = Path(__file__).resolve().parent.parent / "requirements" / "all.txt"
REFUSED = re.compile(r"\b[AL]?GPL|Affero|General Public|Business Source|\bBUSL\b|\bSSPL\b", re.IGNORECASE)


def main() -> int:
    """Prints one line per refused dependency; returns 1 if there is one."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", PINS.read_text(encoding="utf-8"), re.MULTILINE)
    refused = {name: licence for name in names if not acceptable(licence := licence_of(name))}
    for name, licence in refused.items():
        print(f"{name}: {licence or 'says nothing about its licence'}")
    print(f"{len(names)} runtime dependencies, {len(refused)} refused for their licence")
    return 1 if refused else 0


def licence_of(name: str) -> str:
    """Returns what an installed distribution says about its licence; one for another platform is not judged here."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return "not installed on this platform"
    return declared(found)


def declared(found: Distribution) -> str:
    """Prefers the SPDX expression over classifiers, those over the free text, and that over the file itself."""
    meta = found.metadata
    classifiers = [line for line in meta.get_all("Classifier", []) if line.startswith("License ::")]
    free_text = str(meta.get("License") or licence_file(found)).strip()
    return str(meta.get("License-Expression") or "; ".join(classifiers) or free_text.partition("\n")[0])


def licence_file(found: Distribution) -> str:
    """Returns the text of the licence file that was installed along, or nothing."""
    shipped = [path for path in found.files or [] if path.parent.name == "licenses"]
    return shipped[0].read_text(encoding="utf-8") if shipped else ""


def acceptable(licence: str) -> bool:
    """A choice (`A OR B`) is acceptable if one of its sides is."""
    return any(side and not REFUSED.search(side) for side in re.split(r"\bOR\b", licence))


if __name__ == "__main__":
    sys.exit(main())
