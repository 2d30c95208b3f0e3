"""Bearer tokens, known by their hashes: one small file per token in the data folder.

A token is 256 random bits, so a plain SHA-256 keeps it safe: there is nothing to guess. Files appear and go whole, so
creating and revoking need no lock and hold at once for a server that runs.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from aevatar.errors import Rejected
from aevatar.identity import Principal, ScopeId

_TOKEN = re.compile(r"aev_([0-9a-f]{12})_[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{12}")
_PERMISSION = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*|\*")
_SUBJECT_LIMIT = 128


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a token: everything but the token. `created_at` is in milliseconds since 1970."""

    id: str
    scope: str
    subject: str
    permissions: tuple[str, ...]
    created_at: int
    digest: str

    @property
    def principal(self) -> Principal:
        """Whoever brings the token."""
        return Principal(ScopeId(self.scope), self.subject, frozenset(self.permissions))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one data folder."""

    folder: Path

    def create(self, scope: ScopeId, subject: str, permissions: tuple[str, ...], *, now: int) -> str:
        """A new token, told this once and never again. Raises: Rejected `invalid_subject`, `invalid_permission`."""
        if not is_subject(subject):
            raise Rejected("invalid_subject", f"a subject is 1 to {_SUBJECT_LIMIT} printable characters", "subject")
        for name in permissions:
            if not _PERMISSION.fullmatch(name):
                raise Rejected("invalid_permission", f"{name!r} is neither <what>.<action> nor *", "permission")
        token_id = secrets.token_hex(6)
        token = f"aev_{token_id}_{secrets.token_hex(32)}"
        known = Token(
            id=token_id,
            scope=str(scope),
            subject=subject,
            permissions=permissions,
            created_at=now,
            digest=_digest(token),
        )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.folder / f"{token_id}.unfinished"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(msgspec.json.encode(known))
        unfinished.replace(self._file(token_id))
        return token

    def list(self) -> list[Token]:
        """All tokens, oldest first."""
        known = [msgspec.json.decode(path.read_bytes(), type=Token) for path in self.folder.glob("*.json")]
        return sorted(known, key=lambda token: (token.created_at, token.id))

    def revoke(self, token_id: str) -> None:
        """Ends a token; the next request that brings it is refused. Raises: Rejected `token_not_found`."""
        if not _ID.fullmatch(token_id) or not self._file(token_id).exists():
            raise Rejected("token_not_found", f"there is no token {token_id!r}", "id")
        self._file(token_id).unlink(missing_ok=True)

    def find(self, token: str) -> Token | None:
        """What is known of a token somebody brought."""
        if not (shaped := _TOKEN.fullmatch(token)):
            return None
        try:
            known = msgspec.json.decode(self._file(shaped[1]).read_bytes(), type=Token)
        except FileNotFoundError:
            return None
        return known if hmac.compare_digest(known.digest, _digest(token)) else None

    def _file(self, token_id: str) -> Path:
        return self.folder / f"{token_id}.json"


def is_subject(name: object) -> bool:
    """Whether `name` can be that of a caller."""
    return isinstance(name, str) and 1 <= len(name) <= _SUBJECT_LIMIT and name.isprintable()


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
