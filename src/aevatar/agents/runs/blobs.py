"""What of a run is too long for its log: taken out before it is recorded, and put back where it is needed.

Images and files of some size, and inputs that are very long altogether, are blobs of the run whose items name them. A
run goes on from others, so their items may name blobs as well: of the run they belong to, never of another.
"""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from google.protobuf.message import Message

from aevatar.actors.envelope import payload_bytes
from aevatar.agents.runs.facts import copy
from aevatar.agents.runs.reserving.limits import item_tokens
from aevatar.agents.runs_pb2 import InputDocument, Item, ResultItem
from aevatar.blobs import Blob, BlobStore, digest_of
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.models.models_pb2 import Media
from aevatar.tools import BlobRef, ToolResult

MEDIA_LIMIT = 64 * 1024
"""Bytes of an image or a file that is recorded where it stands."""
INPUT_LIMIT = 512 * 1024
"""Bytes of an input that is recorded."""
KEPT_TYPE = "application/x-protobuf"
PLAIN = "application/octet-stream"
_AT_ONCE = 1024 * 1024
"""Bytes that are worked through without leaving the event loop."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """An input that can be recorded, and the blobs that it names by now, by their ids."""

    items: Sequence[Item]
    blobs: dict[str, Blob] = field(default_factory=dict)

    async def put(self, store: BlobStore, run: ActorId, command: Message) -> None:
        """Has the blobs of `run` kept, before the `command` that names them is sent.

        Raises: Rejected, also `payload_too_large` when the command is too long all the same; Unavailable.
        """
        if self.blobs:
            payload_bytes(command)
        for blob in self.blobs.values():
            await store.put(run, blob.data, blob.media_type)


async def lifted(items: Sequence[Item]) -> Lifted:
    """An input without what is too long to be recorded.

    Raises: Rejected `invalid_value` with the item that holds data nobody can read.
    """
    size = sum(item.ByteSize() for item in items)
    if size <= MEDIA_LIMIT:
        return Lifted(items)
    return _lift(items) if size <= _AT_ONCE else await asyncio.to_thread(_lift, items)


async def opened(store: BlobStore, run: ActorId, items: Iterable[Item]) -> list[Item]:
    """The items of `run`, with those that are kept elsewhere in their place.

    Raises: Rejected `blob_not_found`, `blob_corrupted`; Unavailable.
    """
    whole: list[Item] = []
    for item in items:
        if item.HasField("kept"):
            blob = await store.get(run, item.kept.blob_id)
            whole.extend(InputDocument.FromString(blob.data).items)
        else:
            whole.append(item)
    return whole


async def inlined(store: BlobStore, run: ActorId, item: Item) -> Item:
    """An item of `run` that names no blobs: what they hold stands in it as data. Raises: as `opened`."""
    if not any(media.blob_id for media in _media_of(item)):
        return item
    own = copy(item)
    for media in _media_of(own):
        if media.blob_id:
            blob = await store.get(run, media.blob_id)
            media.ClearField("blob_id")
            media.uri = f"data:{blob.media_type};base64,{b64encode(blob.data).decode()}"
    return own


async def keep_parts(store: BlobStore, run: ActorId, result: ToolResult) -> ToolResult:
    """A result of a call of `run` whose long images and files are blobs. Raises: Rejected; Unavailable."""
    blobs: dict[str, Blob] = {}
    light = _without_media(Item(result=ResultItem(result=result)), blobs, "result")
    for blob in blobs.values():
        await store.put(run, blob.data, blob.media_type)
    return copy(light.result.result)


def names(items: Iterable[Item], blob_id: str) -> bool:
    """Whether one of the items shows what is in a blob."""
    return any(media.blob_id == blob_id for item in items for media in _media_of(item))


def names_blobs(items: Iterable[Item]) -> bool:
    """Whether something of these items is in blobs."""
    return any(item.HasField("kept") or any(media.blob_id for media in _media_of(item)) for item in items)


def _lift(items: Sequence[Item]) -> Lifted:
    blobs: dict[str, Blob] = {}
    light = [_without_media(item, blobs, f"input[{place}]") for place, item in enumerate(items)]
    if sum(item.ByteSize() for item in light) <= INPUT_LIMIT:
        return Lifted(light, blobs)
    kept = Item(id="kept", is_input=True, kept_tokens=sum(item_tokens(item) for item in light))
    _move(kept.kept, Blob(KEPT_TYPE, InputDocument(items=light).SerializeToString()), blobs)
    return Lifted([kept], blobs)


def _without_media(item: Item, blobs: dict[str, Blob], where: str) -> Item:
    if item.ByteSize() <= MEDIA_LIMIT or not any(_is_long(media) for media in _media_of(item)):
        return item
    own = copy(item)
    for media in _media_of(own):
        if _is_long(media):
            _move(media, _blob_in(media.uri, where), blobs)
    return own


def _media_of(item: Item) -> Iterator[Media | BlobRef]:
    match item.WhichOneof("content"):
        case "message":
            for part in item.message.parts:
                if (kind := part.WhichOneof("kind")) not in (None, "text"):
                    yield getattr(part, str(kind))
        case "result":
            for shown in item.result.result.parts:
                yield shown.image if shown.HasField("image") else shown.file


def _is_long(media: Media | BlobRef) -> bool:
    return len(media.uri) > MEDIA_LIMIT and media.uri.startswith("data:")


def _move(media: Media | BlobRef, blob: Blob, blobs: dict[str, Blob]) -> None:
    media.ClearField("uri")
    media.blob_id = digest_of(blob.media_type, blob.data)
    media.media_type, media.length = blob.media_type, len(blob.data)
    blobs[media.blob_id] = blob


def _blob_in(uri: str, where: str) -> Blob:
    head, _, text = uri.removeprefix("data:").partition(",")
    try:
        if not head.endswith(";base64"):
            raise ValueError(head)
        return Blob(head.removesuffix(";base64") or PLAIN, b64decode(text, validate=True))
    except (binascii.Error, ValueError) as malformed:
        raise Rejected("invalid_value", "Long data is written as data:<type>;base64,<data>.", where) from malformed
