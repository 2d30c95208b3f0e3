"""A secret in memory. It cannot be written anywhere by accident: not to a log, a journal, a pickle or JSON."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Holds a secret that only `reveal` gives away; printed, it is `Secret(***)`.

    Raises: TypeError when pickled or copied. JSON and Protobuf encoders refuse it because it is no string.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself. Called by adapters that speak HTTP, in the line that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is never written down")
