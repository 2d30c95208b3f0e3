"""Every error a caller can meet, named by what the caller can do about it.

    AevatarError
    ├── Rejected        change the request           code, message, field
    ├── Denied          ask someone who may          code, message
    ├── Conflict        read again, then decide      actor_id, expected, actual
    ├── Unavailable     try again later              code, message, retry_after (seconds)
    ├── Internal        report it                    request_id
    └── Misassembled    fix the program (at start)   a sentence that names what is wrong, and where
        └── InUse       go to the process that has it

Codes are stable and lower-case; messages are for people and may change.
"""

from __future__ import annotations


class AevatarError(Exception):
    """The root of the tree; catch it to catch everything this library raises on purpose."""


class Rejected(AevatarError):
    """The request cannot be carried out as it stands; nothing was recorded.

    Raise it in a handler to refuse a command. `field` is the path of the offending field, if one is to blame.
    """

    def __init__(self, code: str, message: str = "", field: str | None = None) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.field = field


class Denied(AevatarError):
    """The caller may not do this; someone else may."""

    def __init__(self, code: str = "permission_denied", message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message


class Conflict(AevatarError):
    """The actor has moved on since it was read: read again, then decide."""

    def __init__(self, actor_id: object, expected: int, actual: int) -> None:
        super().__init__(f"{actor_id} is at version {actual}, not {expected}")
        self.actor_id = actor_id
        self.expected = expected
        self.actual = actual
        self.code = "version_conflict"


class Unavailable(AevatarError):
    """Not now; the same request may succeed later. `retry_after` is in seconds, where something is known about it."""

    def __init__(self, code: str = "unavailable", message: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.retry_after = retry_after


class Internal(AevatarError):
    """A bug on our side of the fence: nothing was recorded, and the log says more under `request_id`."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"internal: something went wrong; quote request {request_id!r} when you report it")
        self.code = "internal"
        self.request_id = request_id


class Misassembled(AevatarError):
    """The program is put together wrongly. Raised when it starts, never while it serves."""


class InUse(Misassembled):
    """Another process has what only one may have, and the sentence names it: go there, or end it."""
