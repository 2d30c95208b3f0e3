from __future__ import annotations

import re

from aevatar.server.tokens import Tokens
from tests.cli.kit import Shell


def test_a_token_is_made_listed_and_revoked(shell: Shell) -> None:
    options = ["--scope", "alpha", "--subject", "ann", "--permission", "runs.read", "--permission", "models.use"]
    made = shell("token", "create", *options, "--data", "data").out
    [known] = Tokens(shell.folder / "data" / "tokens").list()
    listed = shell("token", "list", "--data", "data").out
    revoked = shell("token", "revoke", known.id, "--data", "data")
    assert re.fullmatch(rf"aev_{known.id}_[0-9a-f]{{64}}\n", made)
    assert re.sub(r"\d{4}-\S+", "WHEN", listed) == f"{known.id}\tWHEN\talpha\tann\truns.read,models.use\n"
    assert (revoked.code, Tokens(shell.folder / "data" / "tokens").list()) == (0, [])


def test_a_token_allows_everything_in_its_scope_unless_told_otherwise(shell: Shell) -> None:
    shell("token", "create", "--scope", "alpha", "--subject", "ann")
    [known] = Tokens(shell.folder / "var" / "tokens").list()
    assert (known.scope, known.permissions) == ("alpha", ("*",))


def test_what_cannot_be_a_permission_is_refused(shell: Shell) -> None:
    ended = shell("token", "create", "--scope", "alpha", "--subject", "ann", "--permission", "runs")
    told = "aevatar: invalid_permission: 'runs' is neither <what>.<action> nor *"
    assert (ended.code, ended.out, ended.err.startswith(told)) == (1, "", True)
    assert Tokens(shell.folder / "var" / "tokens").list() == []


def test_a_scope_that_can_be_none_is_refused(shell: Shell) -> None:
    ended = shell("token", "create", "--scope", "no scope", "--subject", "ann")
    assert (ended.code, ended.out, ended.err.startswith("aevatar: invalid_scope: ")) == (1, "", True)
