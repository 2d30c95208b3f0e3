"""Who am I: the first question of every client."""

from __future__ import annotations

from fastapi import APIRouter

from aevatar.server.api_model import ApiModel
from aevatar.server.principal import Caller

router = APIRouter(prefix="/api", tags=["me"])


class Me(ApiModel):
    """The caller, as the server knows them."""

    scope: str
    subject: str
    permissions: list[str]


@router.get("/me")
async def me(caller: Caller) -> Me:
    """Scope, subject and permissions of the caller."""
    return Me(scope=caller.scope, subject=caller.subject, permissions=sorted(caller.permissions))
