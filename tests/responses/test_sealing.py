"""Texts that travel through the hands of callers."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from aevatar.errors import Misassembled, Rejected
from aevatar.identity import ScopeId
from aevatar.responses.capability import key_of
from aevatar.responses.sealing import KEY_BYTES, Seal, key_in
from aevatar.server import Settings

ALPHA, BETA = ScopeId("alpha"), ScopeId("beta")


def seal(folder: Path) -> Seal:
    return Seal(lambda: key_in(folder))


def test_what_was_sealed_opens_for_its_scope_also_after_a_restart(tmp_path: Path) -> None:
    closed = seal(tmp_path).close(ALPHA, "what was said")
    assert seal(tmp_path).open(ALPHA, closed, "input") == "what was said"
    assert "said" not in closed


def test_what_was_sealed_opens_for_nobody_else(tmp_path: Path) -> None:
    closed = seal(tmp_path / "a").close(ALPHA, "x")
    seals = [(seal(tmp_path / "a"), BETA, closed), (seal(tmp_path / "b"), ALPHA, closed)]
    seals += [
        (seal(tmp_path / "a"), ALPHA, changed) for changed in (closed[:-4], f"{closed[:-6]}AAAA==", closed.lower())
    ]
    for known, scope, text in seals:
        with pytest.raises(Rejected, match="invalid_compaction"):
            known.open(scope, text, "input")


def test_the_same_text_is_never_sealed_alike(tmp_path: Path) -> None:
    known = seal(tmp_path)
    assert known.close(ALPHA, "x") != known.close(ALPHA, "x")


def test_the_key_is_made_once_and_for_nobody_else_to_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    key = key_in(folder)
    (file,) = folder.iterdir()
    assert (len(key), key_in(folder), stat.S_IMODE(file.stat().st_mode)) == (KEY_BYTES, key, 0o600)


def test_a_key_that_is_given_opens_what_another_process_sealed_with_it(tmp_path: Path) -> None:
    given = SecretStr("0f" * KEY_BYTES)
    here, there = (
        Seal(partial(key_of, Settings(data=tmp_path / name, seal_key=given, auth="token"))) for name in ("a", "b")
    )
    assert there.open(ALPHA, here.close(ALPHA, "what was said"), "input") == "what was said"
    assert list(tmp_path.iterdir()) == []


def test_no_key_is_made_before_one_is_needed(tmp_path: Path) -> None:
    known = seal(tmp_path / "data")
    assert not (tmp_path / "data").exists()
    known.close(ALPHA, "x")
    assert (tmp_path / "data").exists()


def test_a_file_that_holds_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "seal.key").write_bytes(b"short")
    with pytest.raises(Misassembled, match="does not hold a key of 32 bytes"):
        key_in(tmp_path)
