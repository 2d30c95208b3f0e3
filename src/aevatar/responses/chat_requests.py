"""What `/v1/chat/completions` takes, and the request of a response that asks for the same.

Source: OpenAI's reference of the Chat Completions API.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from aevatar.agents.runs_pb2 import Parameters
from aevatar.responses.refusing import refusal_of
from aevatar.responses.requests import (
    ITEM_LIMIT,
    LARGEST,
    PART_LIMIT,
    TOOL_LIMIT,
    CallId,
    Content,
    CreateResponse,
    FunctionCallItem,
    FunctionCallOutputItem,
    FunctionChoice,
    FunctionTool,
    Id,
    InputFile,
    InputImage,
    InputItem,
    InputText,
    JsonObject,
    JsonSchema,
    MessageItem,
    Metadata,
    Name,
    Narrow,
    PlainText,
    ReasoningOptions,
    Refusal,
    Text,
    TextOptions,
    at_most,
    type_of,
)


class TextPart(Narrow):
    """Text."""

    type: Literal["text"]
    text: Text


class ImageUrl(Narrow):
    """Where an image is."""

    url: str
    detail: Literal["low", "high", "auto", "original"] = "auto"


class ImagePart(Narrow):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrl


class FileData(Narrow):
    """The data of a file."""

    file_data: str
    filename: str = ""


class FilePart(Narrow):
    """A file."""

    type: Literal["file"]
    file: FileData


Part = Annotated[
    Annotated[TextPart, Tag("<text>")]
    | Annotated[ImagePart, Tag("<image_url>")]
    | Annotated[FilePart, Tag("<file>")]
    | Annotated[Refusal, Tag("<refusal>")],
    Discriminator(type_of),
]
Parts = Annotated[
    Annotated[Text, Tag("<string>")] | Annotated[list[Part], Field(fail_fast=True), at_most(PART_LIMIT), Tag("<list>")],
    Discriminator(type_of),
]


class CalledFunction(Narrow):
    """What was called, with what."""

    name: Name
    arguments: str


class ToolCall(Narrow):
    """A call that a model made before."""

    id: CallId
    type: Literal["function"]
    function: CalledFunction


class ChatMessage(Narrow):
    """A message of any role; calls are an assistant's, `tool_call_id` is a tool's."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Parts = ""
    name: str | None = None
    refusal: str | None = None
    tool_calls: Annotated[list[ToolCall], Field(fail_fast=True), at_most(TOOL_LIMIT)] = Field(default_factory=list)
    tool_call_id: CallId | None = Field(default=None, validate_default=True)

    @field_validator("tool_call_id")
    @classmethod
    def _a_tools_answer_names_its_call(cls, call_id: str | None, info: ValidationInfo) -> str | None:
        if call_id is None and info.data.get("role") == "tool":
            raise PydanticKnownError("missing")
        return call_id


class Function(FunctionTool):
    """A function, without the word that says so."""

    type: Literal["function"] = "function"


class ChatTool(Narrow):
    """A function of the client's."""

    type: Literal["function"]
    function: Function


class NamedFunction(Narrow):
    """A function, by its name."""

    name: Name


class ChatChoice(Narrow):
    """The one function that must be called."""

    type: Literal["function"]
    function: NamedFunction


Choice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("<string>")] | Annotated[ChatChoice, Tag("<function>")],
    Discriminator(type_of),
]


class ChatSchema(Narrow):
    """JSON of a schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


class NamedSchema(Narrow):
    """A schema, with its name."""

    name: Name
    schema_: dict[str, Any] = Field(alias="schema", default_factory=dict)
    description: str | None = None
    strict: bool = False


Format = Annotated[
    Annotated[PlainText, Tag("<text>")]
    | Annotated[JsonObject, Tag("<json_object>")]
    | Annotated[ChatSchema, Tag("<json_schema>")],
    Discriminator(type_of),
]


class ChatStreamOptions(Narrow):
    """What a stream brings besides."""

    include_usage: bool = False
    include_obfuscation: bool = False


Stop = Annotated[
    Annotated[str, Tag("<string>")] | Annotated[list[str], at_most(4), Tag("<list>")], Discriminator(type_of)
]


class CreateChatCompletion(Narrow):
    """The body of `POST /v1/chat/completions`."""

    model: Id | None = None
    messages: Annotated[list[ChatMessage], Field(fail_fast=True, min_length=1), at_most(ITEM_LIMIT)]
    tools: Annotated[list[ChatTool], Field(fail_fast=True), at_most(TOOL_LIMIT)] = Field(default_factory=list)
    tool_choice: Choice = "auto"
    parallel_tool_calls: bool = True
    response_format: Format = PlainText(type="text")
    stream: bool = False
    stream_options: ChatStreamOptions = ChatStreamOptions()
    stop: Stop = Field(default_factory=list)
    max_tokens: Annotated[int, Field(ge=1, le=LARGEST)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=LARGEST)] | None = None
    n: Annotated[int, Field(ge=1, le=1)] = 1
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    metadata: Metadata = Field(default_factory=dict)
    user: Annotated[str, Field(max_length=512)] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the answer may be any text, so that every piece of it is worth having as it comes."""
        return isinstance(self.response_format, PlainText)


def as_response(request: CreateChatCompletion) -> CreateResponse:
    """The response that says the same, of which nothing is stored. Raises: Rejected, as that one's body would be."""
    try:
        return _as_response(request)
    except ValidationError as wrong:
        raise refusal_of([{**error, "loc": ("body", *error["loc"])} for error in wrong.errors()]) from wrong


def _as_response(request: CreateChatCompletion) -> CreateResponse:
    effort = request.reasoning_effort
    return CreateResponse(
        model=request.model,
        input=[item for message in request.messages for item in items_of(message)],
        tools=[tool.function for tool in request.tools],
        tool_choice=_choice(request.tool_choice),
        parallel_tool_calls=request.parallel_tool_calls,
        text=TextOptions(format=_format(request.response_format), verbosity=request.verbosity),
        temperature=request.temperature,
        top_p=request.top_p,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        reasoning=ReasoningOptions(effort=effort) if effort is not None else None,
        metadata=request.metadata,
        user=request.user,
        truncation="auto",
        store=False,
    )


def parameters_of(request: CreateChatCompletion) -> Parameters:
    """What a response cannot ask for in its own words."""
    return Parameters(
        stop=[request.stop] if isinstance(request.stop, str) else request.stop,
        max_output_tokens=request.max_completion_tokens or request.max_tokens,
    )


def items_of(message: ChatMessage) -> Iterator[InputItem]:
    """The items that a message stands for."""
    content = message.content if isinstance(message.content, str) else [_content(part) for part in message.content]
    if message.role == "tool":
        yield FunctionCallOutputItem(type="function_call_output", call_id=message.tool_call_id or "", output=content)
        return
    if content or not message.tool_calls:
        yield MessageItem(role=message.role, content=content)
    for call in message.tool_calls:
        function = call.function
        yield FunctionCallItem(type="function_call", call_id=call.id, name=function.name, arguments=function.arguments)


def _content(part: TextPart | ImagePart | FilePart | Refusal) -> Content:
    match part:
        case TextPart():
            return InputText(type="input_text", text=part.text)
        case ImagePart():
            return InputImage(type="input_image", image_url=part.image_url.url, detail=part.image_url.detail)
        case FilePart():
            return InputFile(type="input_file", filename=part.file.filename, file_data=part.file.file_data)
    return part


def _choice(choice: str | ChatChoice) -> Any:
    return FunctionChoice(type="function", name=choice.function.name) if isinstance(choice, ChatChoice) else choice


def _format(wanted: PlainText | JsonObject | ChatSchema) -> Any:
    if not isinstance(wanted, ChatSchema):
        return wanted
    named = wanted.json_schema
    return JsonSchema.model_validate({"type": "json_schema", **named.model_dump(by_alias=True)})
