"""Generates the Python side of every Protobuf contract, or with --check compares what is committed with it.

Contracts of the library live in proto/ and their code lands in src/, beside its users. Contracts of an example lie in
examples/<name>/, those of the tests in tests/sample/, and their code lands beside them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"proto": "src", "examples": "examples", "tests": "tests"}
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
# protoc writes a bare `Mapping` for nested messages, which strict mypy would report in every contract.
STUB_HEADER = '# mypy: disable-error-code="type-arg"\n'


def main() -> int:
    """Writes the generated files; with --check writes nothing and returns 1 when one is stale."""
    if "--check" not in sys.argv:
        generate(ROOT)
        return 0
    with TemporaryDirectory() as folder:
        generate(Path(folder))
        stale = differences(Path(folder))
    for path in stale:
        print(f"{path} does not match its contract: run `make proto` and commit the result")
    return 1 if stale else 0


def generate(into: Path) -> None:
    """Runs the compiler once per source folder, below `into`."""
    for source, target in TARGETS.items():
        contracts = sorted(path for path in (ROOT / source).rglob("*.proto"))
        if contracts:
            compile_contracts(ROOT / source, contracts, into / target)


def compile_contracts(source: Path, contracts: list[Path], target: Path) -> None:
    """Compiles `contracts`, all below `source`, into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    include = dict.fromkeys([source, ROOT / "proto", WELL_KNOWN])
    arguments = [*(f"-I{folder}" for folder in include), f"--python_out={target}", f"--pyi_out={target}"]
    names = [path.relative_to(source).as_posix() for path in contracts]
    if protoc.main(["protoc", *arguments, *names]) != 0:
        raise SystemExit("the contracts do not compile, see above")
    for name in names:
        stub = target / name.replace(".proto", "_pb2.pyi")
        stub.write_text(STUB_HEADER + stub.read_text(encoding="utf-8"), encoding="utf-8")


def differences(fresh: Path) -> list[str]:
    """Names the generated files that differ from `fresh`, are missing, or have lost their contract."""
    wanted, present = generated_files(fresh), generated_files(ROOT)
    return sorted(name for name in wanted | present if wanted.get(name) != present.get(name))


def generated_files(root: Path) -> dict[str, str]:
    """Reads every generated file below the target folders of `root`."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for target in TARGETS.values()
        for path in (root / target).rglob("*_pb2.py*")
        if path.suffix in {".py", ".pyi"}
    }


if __name__ == "__main__":
    sys.exit(main())
