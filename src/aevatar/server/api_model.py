"""The JSON of `/api`: camelCase outside, refused when it says what nobody asked for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ApiModel(BaseModel):
    """The base of request and response bodies. Never of anything that is stored."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)
