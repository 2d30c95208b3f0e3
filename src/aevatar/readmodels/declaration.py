"""How a capability says which documents its actors show."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from aevatar.errors import Misassembled

S = TypeVar("S", bound=Message)

Attributes = Mapping[str, str | int]


@dataclass(frozen=True)
class DocumentOf(Generic[S]):
    """One read model of a kind: a pure function from the state to a document, under the actor's own key.

    `document` answers None where there is nothing to show; `index` gives the attributes to filter and order by. With
    `pages` in place of `document` it answers several documents by page key, stored under `<actor key>:<page key>`; a
    page is written only when it changed, and one no longer answered stays as it is.

    Raises: Misassembled unless it has exactly one of `document` and `pages`.
    """

    name: str
    document: Callable[[S], Message | None] | None = None
    index: Callable[[S], Attributes] | None = None
    pages: Callable[[S], Mapping[str, Message]] | None = None

    def __post_init__(self) -> None:
        if (self.document is None) == (self.pages is None):
            raise Misassembled(f"read model {self.name!r} needs either a document or pages")

    @property
    def message(self) -> type[Message]:
        """The type of the documents, from the annotation of the function. Raises: Misassembled when it says none."""
        function = self.document or self.pages
        returns = typing.get_type_hints(function).get("return")
        for candidate in (returns, *typing.get_args(returns)):
            if isinstance(candidate, type) and issubclass(candidate, Message):
                return candidate
        raise Misassembled(
            f"the function behind read model {self.name!r} must be annotated with the message it returns"
        )

    def materialise(self, state: Any, key: str) -> dict[str, Message | None]:
        """The documents of a state by their keys."""
        if self.document is not None:
            return {key: self.document(state)}
        pages = self.pages(state) if self.pages is not None else {}
        return {f"{key}:{page}": message for page, message in pages.items()}
