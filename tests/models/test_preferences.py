"""A scope's wish is heard if it can be, and a failure to hear it is no failure of the call."""

from __future__ import annotations

from structlog.testing import capture_logs

from aevatar.models import Preferred, preferred_or_none


class Wishes:
    """A scope's wishes, or a fault in place of them."""

    def __init__(self, answer: Preferred | Exception) -> None:
        self.answer = answer

    async def preferred(self, scope: str) -> Preferred:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_scopes_wish_is_heard() -> None:
    wish = Preferred("openai/gpt", "openai")
    assert await preferred_or_none(Wishes(wish), "acme") == wish


async def test_a_wish_that_cannot_be_read_falls_through_and_is_logged() -> None:
    with capture_logs() as logs:
        assert await preferred_or_none(Wishes(RuntimeError("no database")), "acme") == Preferred()
    assert logs == [
        {"event": "models.preferences_unread", "scope": "acme", "error": "RuntimeError", "log_level": "warning"}
    ]
