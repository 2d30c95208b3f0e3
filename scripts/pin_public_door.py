"""Writes tests/public_door.txt: what each package of the library offers, one line per package.

Run it after changing an `__all__` on purpose; the test that reads the file guards against changing one by accident.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PIN = ROOT / "tests" / "public_door.txt"


def main() -> None:
    """Replaces the pinned list by what the packages offer now."""
    PIN.write_text(public_door(SOURCE), encoding="utf-8")


def public_door(source: Path) -> str:
    """Lists every public package below `source` with its `__all__`, read from the text: nothing is imported."""
    return "".join(
        " ".join([f"{package}:", *sorted(exported_names(front))]) + "\n"
        for front in sorted(source.rglob("__init__.py"))
        if "._" not in (package := ".".join(front.parent.relative_to(source).parts))
    )


def exported_names(front: Path) -> list[str]:
    """Returns the names in the `__all__` of one `__init__.py`."""
    for node in ast.parse(front.read_text(encoding="utf-8")).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))
    return []


if __name__ == "__main__":
    main()
