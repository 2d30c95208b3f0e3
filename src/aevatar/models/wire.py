"""What every adapter does to a request before it travels: content read from blobs, call ids spelled legally."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

from aevatar.errors import Rejected
from aevatar.models.models_pb2 import Media, Message, ModelRequest, Part
from aevatar.models.port import ModelCall

_LEGAL_CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_KNOW_NO_VERBOSITY: Final = re.compile(r"(.*/)?(gpt-[34]|chatgpt-4|o[134])(?![0-9]).*")
"""Models of OpenAI that refuse to be told how wordy to be; all others either take it or were never asked."""


async def with_content(request: ModelRequest, call: ModelCall) -> ModelRequest:
    """`request` with every blob and every inline piece as a `data:` URI, so that only URIs are left.

    Where a blob is lost the model is told so, in its place. Raises: ModelError, when a blob cannot be read now.
    """
    if not any(_needs_content(part) for message in request.messages for part in message.parts):
        return request
    resolved = ModelRequest()
    resolved.CopyFrom(request)
    for message in resolved.messages:
        await _resolve(message, call)
    return resolved


def wire_call_id(call_id: str) -> str:
    """`call_id` if every provider takes it, else a digest of it that they all take. The same id, the same answer."""
    if _LEGAL_CALL_ID.fullmatch(call_id):
        return call_id
    return f"call_{sha256(call_id.encode()).hexdigest()[:32]}"


def takes_verbosity(model: str) -> bool:
    """Whether a model may be told how wordy to be: not, when it is known to refuse that."""
    return _KNOW_NO_VERBOSITY.fullmatch(model) is None


def media(part: Part) -> Media | None:
    """The media of a part, if it is not text."""
    match part.WhichOneof("kind"):
        case "image":
            return part.image
        case "file":
            return part.file
        case "audio":
            return part.audio
    return None


def _needs_content(part: Part) -> bool:
    found = media(part)
    return found is not None and found.WhichOneof("source") != "uri"


async def _resolve(message: Message, call: ModelCall) -> None:
    for part in message.parts:
        found = media(part)
        if found is None or found.WhichOneof("source") == "uri":
            continue
        try:
            content = found.inline if found.WhichOneof("source") == "inline" else await call.blob(found.blob_id)
        except Rejected as lost:
            part.text = _told(lost, found.name or str(part.WhichOneof("kind")))
            continue
        found.uri = f"data:{found.media_type or 'application/octet-stream'};base64,{b64encode(content).decode()}"


def _told(lost: Rejected, name: str) -> str:
    error = {"code": lost.code, "message": f"What was here cannot be shown any more: {name}.", "retryable": False}
    return json.dumps({"error": error}, ensure_ascii=False, separators=(",", ":"))
