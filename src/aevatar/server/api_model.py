"""The JSON of `/api`: camelCase outside, refused when it says what nobody asked for."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from aevatar.wording import without_most_unknown


class ApiModel(BaseModel):
    """The base of request and response bodies. Never of anything that is stored."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _one_unknown_is_enough(cls, value: Any) -> Any:
        return without_most_unknown(cls, value)
