"""Items of requests and of responses, to and from the items of runs.

The id of an item as callers see it names the run it belongs to, so that a reference to it needs no index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlsplit

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseInputFile,
    ResponseInputImage,
    ResponseInputText,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_reasoning_item import Content as ReasoningContent
from openai.types.responses.response_reasoning_item import Summary
from pydantic import BaseModel

from aevatar.agents.runs_pb2 import CallItem, Item, ResultItem
from aevatar.errors import Rejected
from aevatar.models.models_pb2 import (
    ROLE_ASSISTANT,
    ROLE_DEVELOPER,
    ROLE_SYSTEM,
    ROLE_USER,
    Media,
    Message,
    Part,
    ReasoningPart,
    Role,
)
from aevatar.responses.requests import (
    CompactionItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputFile,
    InputImage,
    ItemReference,
    MessageItem,
    ReasoningItem,
    Refusal,
)
from aevatar.tools import BlobRef, ToolResult

RESPONSE_PREFIX: Final = "resp"
COMPACTION_PREFIX: Final = "cmp"

_ROLES: Final[Mapping[str, Role]] = {
    "system": ROLE_SYSTEM,
    "developer": ROLE_DEVELOPER,
    "user": ROLE_USER,
    "assistant": ROLE_ASSISTANT,
}
_ROLE_NAMES: Final = {role: name for name, role in _ROLES.items()}
_PREFIXES: Final = {"message": "msg", "reasoning": "rs", "call": "fc", "result": "fco"}
_TAIL: Final = 26
_SCHEMES: Final = ("https", "http", "data")


@lru_cache(maxsize=4096)
def public_id(run_key: str, prefix: str, item_id: str) -> str:
    """The id under which callers know an item of a run."""
    return f"{prefix}_{run_key.partition('_')[2]}{blake2b(item_id.encode(), digest_size=6).hexdigest()}"


def run_key_in(item_id: str) -> str:
    """The key of the response that an item belongs to, by the id callers know it by; some key for any other text."""
    return f"{RESPONSE_PREFIX}_{item_id.partition('_')[2][:_TAIL]}"


def shown_id(run_key: str, item: Item) -> str:
    """The id under which callers know `item`."""
    if item.id.startswith(f"{COMPACTION_PREFIX}_"):
        return public_id(run_key, COMPACTION_PREFIX, item.id)
    return public_id(run_key, _PREFIXES[item.WhichOneof("content") or "message"], item.id)


# From requests

Given = MessageItem | FunctionCallItem | FunctionCallOutputItem | ReasoningItem | CompactionItem | ItemReference


def said(text: str, *, role: Role = ROLE_USER) -> Message:
    """A message of nothing but text."""
    return Message(role=role, parts=[Part(text=text)])


def input_item(given: Given, place: int) -> Item:
    """One item of a request's input. References and compactions are looked up elsewhere.

    Raises: Rejected `invalid_value`, `unsupported_input_item`.
    """
    param = f"input[{place}]"
    match given:
        case MessageItem():
            message = Message(role=_ROLES[given.role], parts=_parts(given.content, param), phase=given.phase or "")
            return Item(id=f"msg_in{place}", message=message, is_input=True)
        case FunctionCallItem():
            call = CallItem(call_id=given.call_id, name=given.name, arguments=given.arguments, is_client=True)
            return Item(id=f"fc_in{place}", call=call, is_input=True)
        case FunctionCallOutputItem():
            result = ResultItem(call_id=given.call_id, result=_result(given.output, param))
            return Item(id=f"fco_in{place}", result=result, is_input=True)
        case ReasoningItem():
            text = "\n".join(part.text for part in given.content or given.summary)
            reasoning = ReasoningPart(text=text, signature=given.encrypted_content or "")
            return Item(id=f"rs_in{place}", reasoning=reasoning, is_input=True)
    raise TypeError(f"a {type(given).__name__} does not stand for itself")


def _parts(content: str | Iterable[Any], param: str) -> list[Part]:
    if isinstance(content, str):
        return [Part(text=content)]
    return [_part(part, f"{param}.content[{place}]") for place, part in enumerate(content)]


def _part(part: Any, param: str) -> Part:
    match part:
        case InputImage():
            image = _media(part.image_url, f"{param}.image_url")
            image.detail = "" if part.detail == "auto" else part.detail
            return Part(image=image)
        case InputFile():
            return Part(file=_file(part, param))
        case Refusal():
            return Part(text=part.refusal)
    return Part(text=part.text)


def _file(file: InputFile, param: str) -> Media:
    if (file.file_url is None) == (file.file_data is None):
        raise Rejected("invalid_value", "A file has either file_url or file_data.", param)
    if file.file_url is not None:
        media = _media(file.file_url, f"{param}.file_url")
    else:
        data = file.file_data or ""
        uri = data if data.startswith("data:") else f"data:application/octet-stream;base64,{data}"
        media = _media(uri, f"{param}.file_data")
    media.name = file.filename
    return media


def _media(uri: str, param: str) -> Media:
    scheme = urlsplit(uri[:64]).scheme
    if scheme not in _SCHEMES:
        raise Rejected("invalid_value", f"An address begins with one of {', '.join(_SCHEMES)}.", param)
    kind = uri[5:].partition(",")[0].partition(";")[0] if scheme == "data" else ""
    return Media(uri=uri, media_type=kind)


def _result(output: str | Iterable[Any], param: str) -> ToolResult:
    """The output of a function: its texts as one, then its images and files."""
    if isinstance(output, str):
        return ToolResult(text=output)
    parts = [_part(part, f"{param}.output[{place}]") for place, part in enumerate(output)]
    result = ToolResult(text="\n".join(part.text for part in parts if part.HasField("text")))
    for part in parts:
        if part.HasField("image"):
            result.parts.add(image=_ref(part.image))
        elif part.HasField("file"):
            result.parts.add(file=_ref(part.file))
    return result


def _ref(media: Media) -> BlobRef:
    return BlobRef(uri=media.uri, media_type=media.media_type, name=media.name, detail=media.detail)


# To responses


def input_view(run_key: str, item: Item) -> dict[str, Any]:
    """An item of a request's input, as it is listed."""
    item_id = shown_id(run_key, item)
    match item.WhichOneof("content"):
        case "reasoning":
            return reasoning_view(item_id, item.reasoning, as_summary=False, is_sealed=True)
        case "call":
            return call_view(item_id, item.call)
        case "result":
            return {
                "type": "function_call_output",
                "id": item_id,
                "call_id": item.result.call_id,
                "output": _output(item.result.result),
                "status": "completed",
            }
    role = _ROLE_NAMES.get(item.message.role, "user")
    content = [_content(part, is_output=role == "assistant") for part in item.message.parts]
    view = {"type": "message", "id": item_id, "role": role, "status": "completed", "content": content}
    return {**view, "phase": item.message.phase} if item.message.phase else view


def _output(result: ToolResult) -> str | list[dict[str, Any]]:
    if not result.parts:
        return result.text
    texts = [dumped(ResponseInputText(type="input_text", text=result.text))] if result.text else []
    return texts + [_image(part.image) if part.HasField("image") else _file_view(part.file) for part in result.parts]


def _image(image: Media | BlobRef) -> dict[str, Any]:
    detail = image.detail or "auto"
    return dumped(ResponseInputImage.model_validate({"type": "input_image", "detail": detail, "image_url": image.uri}))


def _file_view(file: Media | BlobRef) -> dict[str, Any]:
    field = "file_data" if file.uri.startswith("data:") else "file_url"
    named = {"filename": file.name} if file.name else {}
    return dumped(ResponseInputFile.model_validate({"type": "input_file", **named, field: file.uri}))


def _content(part: Part, *, is_output: bool) -> dict[str, Any]:
    match part.WhichOneof("kind"):
        case "image":
            return _image(part.image)
        case "file":
            return _file_view(part.file)
    return text_part(part.text) if is_output else dumped(ResponseInputText(type="input_text", text=part.text))


def text_part(text: str) -> dict[str, Any]:
    """The one part of a model's message."""
    return dumped(ResponseOutputText(type="output_text", text=text, annotations=[], logprobs=[]))


def message_view(item_id: str, text: str, *, status: Any = "completed", phase: Any = "") -> dict[str, Any]:
    """A message of the model's."""
    content = [] if status == "in_progress" else [ResponseOutputText.model_validate(text_part(text))]
    told = {"phase": phase} if phase else {}
    message = ResponseOutputMessage(
        type="message", id=item_id, role="assistant", status=status, content=list(content), **told
    )
    return dumped(message)


def call_view(item_id: str, call: CallItem, *, status: Any = "completed") -> dict[str, Any]:
    """A call that the client is to answer."""
    return dumped(
        ResponseFunctionToolCall(
            type="function_call",
            id=item_id,
            call_id=call.call_id,
            name=call.name,
            arguments=call.arguments,
            status=status,
        )
    )


def reasoning_view(item_id: str, reasoning: ReasoningPart, *, as_summary: bool, is_sealed: bool) -> dict[str, Any]:
    """What the model thought: as its summary where one was asked for, else as its content."""
    summary = [Summary(type="summary_text", text=reasoning.text)] if as_summary and reasoning.text else []
    content = (
        [ReasoningContent(type="reasoning_text", text=reasoning.text)] if not as_summary and reasoning.text else []
    )
    told: dict[str, Any] = {"content": content} if not as_summary else {}
    if is_sealed and reasoning.signature:
        told["encrypted_content"] = reasoning.signature
    return dumped(ResponseReasoningItem(type="reasoning", id=item_id, summary=summary, **told))


def dumped(model: BaseModel) -> dict[str, Any]:
    """The JSON of a wire type: what was set, and no stray nulls."""
    return model.model_dump(mode="json", exclude_unset=True)


def results_by_call(items: Iterable[Item]) -> dict[str, ResultItem]:
    """The results among `items`, by the call they answer."""
    return {item.result.call_id: item.result for item in items if item.WhichOneof("content") == "result"}


def calls_in(items: Iterable[Item]) -> Iterator[CallItem]:
    """The calls among `items`, in their order."""
    return (item.call for item in items if item.WhichOneof("content") == "call")
