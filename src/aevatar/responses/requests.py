"""What `/v1/responses` takes: narrow models of its bodies.

Whatever is not listed here is refused rather than ignored: a caller must not believe that something was honoured which
was not. Null stands for absent everywhere. These models are never stored.

Source: the Open Responses specification, `CreateResponseBody`, and OpenAI's reference of the Responses API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from aevatar.tools import RESERVED_PREFIX, TOOL_NAME
from aevatar.wording import without_most_unknown

TEXT_LIMIT: Final = 10 * 1024 * 1024
"""Characters of one text."""
SCHEMA_LIMIT: Final = 64 * 1024
"""Bytes of the schema of one tool."""
TOOL_LIMIT: Final = 128
ITEM_LIMIT: Final = 10_000
PART_LIMIT: Final = 1_000
LARGEST: Final = 2**31 - 1

Text = Annotated[str, Field(max_length=TEXT_LIMIT)]
CallId = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(pattern=f"^{TOOL_NAME.pattern}$")]
Id = Annotated[str, Field(max_length=512)]
Short = Annotated[str, Field(max_length=64)]


def at_most(number: int) -> BeforeValidator:
    """Counts before anything is looked at: what is far too many is not to be paid for."""

    def count(value: Any) -> Any:
        if isinstance(value, dict | list) and len(value) > number:
            kind = "Dictionary" if isinstance(value, dict) else "List"
            raise PydanticKnownError(
                "too_long", {"field_type": kind, "max_length": number, "actual_length": len(value)}
            )
        return value

    return BeforeValidator(count)


Metadata = Annotated[dict[Short, Annotated[str, Field(max_length=512)]], at_most(16)]


class Narrow(BaseModel):
    """A part of a request: takes what it lists, in the types it lists."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return without_most_unknown(cls, {name: each for name, each in value.items() if each is not None})


# Input


class InputText(Narrow):
    """What somebody said."""

    type: Literal["input_text"]
    text: Text


class InputImage(Narrow):
    """An image, by its address."""

    type: Literal["input_image"]
    image_url: str
    detail: Literal["low", "high", "auto", "original"] = "auto"


class InputFile(Narrow):
    """A file, by its address or as data."""

    type: Literal["input_file"]
    filename: str = ""
    file_url: str | None = None
    file_data: str | None = None


class OutputText(Narrow):
    """What a model said before."""

    type: Literal["output_text"]
    text: Text
    annotations: list[Any] = []
    logprobs: list[Any] = []


class Refusal(Narrow):
    """What a model said when it would not answer."""

    type: Literal["refusal"]
    refusal: Text


def type_of(value: Any) -> str:
    """The tag of a part or an item. Its brackets tell it from the name of a field in the path of an error."""
    if isinstance(value, str):
        return "<string>"
    if isinstance(value, list):
        return "<list>"
    if not isinstance(value, Mapping):
        return f"<{getattr(value, 'type', None)}>"
    implied = "message" if "role" in value else "item_reference"
    return f"<{value.get('type') or implied}>"


Content = Annotated[
    Annotated[InputText, Tag("<input_text>")]
    | Annotated[InputImage, Tag("<input_image>")]
    | Annotated[InputFile, Tag("<input_file>")]
    | Annotated[OutputText, Tag("<output_text>")]
    | Annotated[Refusal, Tag("<refusal>")],
    Discriminator(type_of),
]
Contents = Annotated[
    Annotated[Text, Tag("<string>")]
    | Annotated[list[Content], Field(fail_fast=True), at_most(PART_LIMIT), Tag("<list>")],
    Discriminator(type_of),
]


class MessageItem(Narrow):
    """A message of any role."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Contents
    phase: Literal["commentary", "final_answer"] | None = None
    id: Id | None = None
    status: Short | None = None


class FunctionCallItem(Narrow):
    """A call that a model made before."""

    type: Literal["function_call"]
    call_id: CallId
    name: Name
    arguments: str
    id: Id | None = None
    status: Short | None = None


class FunctionCallOutputItem(Narrow):
    """What the client's function came to."""

    type: Literal["function_call_output"]
    call_id: CallId
    output: Contents
    id: Id | None = None
    status: Short | None = None


class SummaryText(Narrow):
    """A part of a summary of reasoning."""

    type: Literal["summary_text"]
    text: Text


class ReasoningText(Narrow):
    """A part of reasoning."""

    type: Literal["reasoning_text"]
    text: Text


class ReasoningItem(Narrow):
    """What a model thought before. `encrypted_content` goes back to its provider unread."""

    type: Literal["reasoning"]
    summary: Annotated[list[SummaryText], Field(fail_fast=True), at_most(PART_LIMIT)] = []
    content: Annotated[list[ReasoningText], Field(fail_fast=True), at_most(PART_LIMIT)] = []
    encrypted_content: str | None = None
    id: Id | None = None
    status: Short | None = None


class CompactionItem(Narrow):
    """A sealed summary, as `/v1/responses/compact` gave it."""

    type: Literal["compaction"]
    encrypted_content: Text
    id: Id | None = None
    created_by: Id | None = None


class ItemReference(Narrow):
    """An item of an earlier response of the same scope."""

    type: Literal["item_reference"] = "item_reference"
    id: Id


InputItem = Annotated[
    Annotated[MessageItem, Tag("<message>")]
    | Annotated[FunctionCallItem, Tag("<function_call>")]
    | Annotated[FunctionCallOutputItem, Tag("<function_call_output>")]
    | Annotated[ReasoningItem, Tag("<reasoning>")]
    | Annotated[CompactionItem, Tag("<compaction>")]
    | Annotated[ItemReference, Tag("<item_reference>")],
    Discriminator(type_of),
]
Input = Annotated[
    Annotated[Text, Tag("<string>")]
    | Annotated[list[InputItem], Field(fail_fast=True), at_most(ITEM_LIMIT), Tag("<list>")],
    Discriminator(type_of),
]


# Tools


class FunctionTool(Narrow):
    """A function of the client's, which the client calls itself."""

    type: Literal["function"]
    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool = False

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name.startswith(RESERVED_PREFIX):
            raise PydanticCustomError("reserved_tool_name", f"Names that begin with {RESERVED_PREFIX} are reserved.")
        return name

    @field_validator("parameters")
    @classmethod
    def _an_object(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        if schema and schema.get("type") != "object":
            raise PydanticCustomError("invalid_value", "The schema of a function's parameters is of type object.")
        if schema and len(msgspec.json.encode(schema)) > SCHEMA_LIMIT:
            raise PydanticCustomError("invalid_value", f"A schema has at most {SCHEMA_LIMIT} bytes.")
        return schema


class FunctionChoice(Narrow):
    """The one function that must be called."""

    type: Literal["function"]
    name: Name


class AllowedTools(Narrow):
    """The functions that may be called, out of all that are offered."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required", "none"] = "auto"
    tools: Annotated[list[FunctionChoice], Field(fail_fast=True, min_length=1, max_length=TOOL_LIMIT)]


Choice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("<string>")]
    | Annotated[FunctionChoice, Tag("<function>")]
    | Annotated[AllowedTools, Tag("<allowed_tools>")],
    Discriminator(type_of),
]


# How to answer


class PlainText(Narrow):
    """Any text."""

    type: Literal["text"]


class JsonObject(Narrow):
    """Any JSON object."""

    type: Literal["json_object"]


class JsonSchema(Narrow):
    """JSON of a schema."""

    type: Literal["json_schema"]
    name: Name
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    description: str | None = None
    strict: bool = False


Format = Annotated[
    Annotated[PlainText, Tag("<text>")]
    | Annotated[JsonObject, Tag("<json_object>")]
    | Annotated[JsonSchema, Tag("<json_schema>")],
    Discriminator(type_of),
]


class TextOptions(Narrow):
    """What the text of the answer shall be."""

    format: Format = PlainText(type="text")
    verbosity: Literal["low", "medium", "high"] | None = None


class ReasoningOptions(Narrow):
    """How much a model shall think, and what of it shall be told."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class StreamOptions(Narrow):
    """Accepted; nothing is ever obfuscated."""

    include_obfuscation: bool = False


Include = Literal[
    "reasoning.encrypted_content", "message.output_text.logprobs", "aevatar:tool_calls", "aevatar:subruns"
]


class CreateResponse(Narrow):
    """The body of `POST /v1/responses`."""

    model: Id | None = None
    input: Input = ""
    instructions: Text | None = None
    previous_response_id: Id | None = None
    tools: Annotated[list[FunctionTool], Field(fail_fast=True), at_most(TOOL_LIMIT)] = []
    tool_choice: Choice = "auto"
    parallel_tool_calls: bool = True
    max_tool_calls: Annotated[int, Field(ge=1, le=LARGEST)] | None = None
    max_output_tokens: Annotated[int, Field(ge=16, le=LARGEST)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    reasoning: ReasoningOptions | None = None
    text: TextOptions = TextOptions()
    truncation: Literal["auto", "disabled"] = "disabled"
    stream: bool = False
    stream_options: StreamOptions | None = None
    store: bool = True
    background: bool = False
    include: Annotated[list[Include], Field(fail_fast=True), at_most(16)] = []
    metadata: Metadata = {}
    service_tier: Literal["auto", "default", "flex", "priority", "scale"] | None = None
    safety_identifier: Short | None = None
    prompt_cache_key: Short | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] = 0
    user: Annotated[str, Field(max_length=512)] | None = None

    @field_validator("tools")
    @classmethod
    def _distinct(cls, tools: list[FunctionTool]) -> list[FunctionTool]:
        names = [tool.name for tool in tools]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise PydanticCustomError("duplicate_tool_name", f"Two tools are called {doubled!r}.")
        return tools


class CompactResponse(Narrow):
    """The body of `POST /v1/responses/compact`."""

    model: Id
    input: Input = ""
    instructions: Text | None = None
    previous_response_id: Id | None = None
    prompt_cache_key: Short | None = None
