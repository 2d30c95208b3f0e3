"""Which JSON stands for which Protobuf, as far as schema, reading and writing have to agree on it.

A model writes and reads the same forms: fields under their own names, enums as lower-case words, a choice (a message
whose only content is a oneof) as an object with one member. Nothing here checks or converts a value.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto

from aevatar.tools import options_pb2

TIMESTAMP: Final = "google.protobuf.Timestamp"
DURATION: Final = "google.protobuf.Duration"

INTEGER_RANGES: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def rules_of(field: FieldDescriptor) -> options_pb2.FieldRules:
    """What the author said about `field`; empty where nothing was."""
    extension: Any = options_pb2.field
    rules: options_pb2.FieldRules = field.GetOptions().Extensions[extension]
    return rules


def is_map(field: FieldDescriptor) -> bool:
    """Whether `field` is a `map<…>`."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


@lru_cache(maxsize=4096)
def optional_names(message: Descriptor) -> frozenset[str]:
    """The fields declared with the word `optional`; a plain message field has presence too, but is not among them."""
    declared = DescriptorProto()
    message.CopyToProto(declared)
    return frozenset(field.name for field in declared.field if field.proto3_optional)


def choice_of(message: Descriptor) -> OneofDescriptor | None:
    """The first oneof written in `message`; those that Protobuf makes up for `optional` fields are none."""
    optional = optional_names(message)
    return next((oneof for oneof in message.oneofs if oneof.fields[0].name not in optional), None)


def labels_of(field: FieldDescriptor) -> dict[str, int]:
    """What a model may write into an enum field, without the zero value that stands for nothing said."""
    enum: Any = field.enum_type
    prefix = _WORD_START.sub("_", enum.name).upper() + "_"
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values if value.number != 0}


def whole(limit: float) -> int | float:
    """A limit as an author would write it: 10, not 10.0."""
    return int(limit) if limit.is_integer() else limit
