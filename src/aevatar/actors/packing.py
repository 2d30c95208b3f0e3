"""Messages under their names: how anything is written to the journal and read back.

A message is stored by its full Protobuf name, never by a module path, so code can move without touching what is stored.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from aevatar.actors.actors_pb2 import Packed

M = TypeVar("M", bound=Message)


class UnknownMessage(LookupError):
    """A name for which this program has no generated type: an event too new, or a rename without its alias."""


@lru_cache(maxsize=4096)
def message_type(name: str) -> type[Message]:
    """The generated class of a message by its full name. Raises: UnknownMessage."""
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    except KeyError as missing:
        raise UnknownMessage(f"no generated message is called {name!r}") from missing
    return message_factory.GetMessageClass(descriptor)


def name_of(message: Message | type[Message]) -> str:
    """The full name under which messages of this type are stored."""
    return message.DESCRIPTOR.full_name


def pack(message: Message) -> Packed:
    """The message with its name, ready to be part of a record."""
    return Packed(name=message.DESCRIPTOR.full_name, body=message.SerializeToString())


def unpack(packed: Packed) -> Message:
    """The message inside. Raises: UnknownMessage."""
    return message_type(packed.name).FromString(packed.body)


def pack_bytes(message: Message) -> bytes:
    """`pack`, serialised."""
    return pack(message).SerializeToString()


def unpack_bytes(data: bytes) -> Message:
    """The message that `pack_bytes` made `data` from. Raises: UnknownMessage."""
    return unpack(Packed.FromString(data))


def digest(name: str, body: bytes) -> bytes:
    """Eight bytes that tell one message from another under the same command id.

    Serialised Protobuf is not canonical over versions, so a digest is compared only with those of repeated requests.
    """
    return blake2b(body, digest_size=8, key=name.encode()[:64]).digest()
