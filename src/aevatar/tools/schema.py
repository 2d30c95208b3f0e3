"""Strict JSON Schema from Protobuf descriptors: what a model is told about the arguments of a tool.

Strict as the large providers mean it: every object is closed and lists all its properties as required; what may be
left out is a union with null. A message that cannot be told that way stops the assembly with a sentence that names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from aevatar.errors import Misassembled
from aevatar.tools import forms, options_pb2

NESTING_LIMIT: Final = 8
PROPERTY_LIMIT: Final = 100

Schema = dict[str, Any]

_NUMBERS = frozenset(forms.INTEGER_RANGES) | {FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT}
_32_BITS = frozenset({FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32})
_FORMATS = {forms.TIMESTAMP: "date-time", forms.DURATION: "duration"}


def schema_of(message: Descriptor) -> Schema:
    """The JSON Schema of a tool's arguments. Raises: Misassembled naming message and field."""
    if (choice := forms.choice_of(message)) is not None:
        raise Misassembled(
            f"Message {message.full_name} has the oneof {choice.name!r} at the root of a tool's arguments; "
            "put it into a message of its own."
        )
    return _Drawing().message(message)


@lru_cache(maxsize=1024)
def schema_text(message: Descriptor) -> str:
    """The schema as JSON text, in the order in which the fields are declared. Raises: Misassembled."""
    return json.dumps(schema_of(message), ensure_ascii=False, separators=(",", ":"))


class _Drawing:
    """One schema while it is made: how many properties it has so far, and which messages are being described."""

    def __init__(self) -> None:
        self._properties = 0
        self._inside: list[Descriptor] = []

    def message(self, message: Descriptor) -> Schema:
        self._inside.append(message)
        try:
            if (choice := forms.choice_of(message)) is None:
                return self._object(message.fields, optional=forms.optional_names(message))
            _check_is_only_content(message, choice.name)
            return {"anyOf": [self._object([field]) for field in choice.fields]}
        finally:
            self._inside.pop()

    def _object(self, fields: Sequence[FieldDescriptor], *, optional: frozenset[str] = frozenset()) -> Schema:
        return {
            "type": "object",
            "properties": {field.name: self._property(field, is_optional=field.name in optional) for field in fields},
            "required": [field.name for field in fields],
            "additionalProperties": False,
        }

    def _property(self, field: FieldDescriptor, *, is_optional: bool) -> Schema:
        self._properties += 1
        if self._properties > PROPERTY_LIMIT:
            raise Misassembled(f"Field {field.full_name} is past the {PROPERTY_LIMIT} properties a tool may take.")
        schema = self._value(field)
        if field.is_repeated:
            schema = {"type": "array", "items": schema}
        elif is_optional:
            schema = {"anyOf": [schema, {"type": "null"}]}
        return _described(field, schema)

    def _value(self, field: FieldDescriptor) -> Schema:
        rules = forms.rules_of(field)
        _check_rules(field, rules)
        if field.message_type is not None:
            return self._nested(field, field.message_type)
        if field.enum_type is not None:
            return _enum(field)
        return _scalar(field, rules)

    def _nested(self, field: FieldDescriptor, message: Descriptor) -> Schema:
        if message.full_name in _FORMATS:
            return {"type": "string", "format": _FORMATS[message.full_name]}
        if forms.is_map(field):
            raise Misassembled(f"Field {field.full_name} is a map; take a repeated message of name and value instead.")
        if message.file.package == "google.protobuf":
            raise Misassembled(f"Field {field.full_name} is a {message.full_name}, which has no strict schema.")
        if message in self._inside:
            raise Misassembled(f"Field {field.full_name} makes {message.full_name} contain itself.")
        if len(self._inside) >= NESTING_LIMIT:
            raise Misassembled(f"Field {field.full_name} nests messages deeper than {NESTING_LIMIT}.")
        return self.message(message)


def _check_is_only_content(message: Descriptor, choice: str) -> None:
    for field in message.fields:
        if field.containing_oneof is None or field.containing_oneof.name != choice:
            raise Misassembled(
                f"Field {field.full_name} stands beside the oneof {choice!r}; "
                "a oneof has to be the only content of its message."
            )


def _check_rules(field: FieldDescriptor, rules: options_pb2.FieldRules) -> None:
    is_text = field.cpp_type == FieldDescriptor.CPPTYPE_STRING
    if (rules.HasField("min") or rules.HasField("max")) and field.cpp_type not in _NUMBERS:
        raise Misassembled(f"Field {field.full_name} has min or max, which limit numbers only.")
    if rules.HasField("min") and rules.HasField("max") and rules.min > rules.max:
        raise Misassembled(f"Field {field.full_name} has a min over its max.")
    if rules.HasField("max_length") and not is_text:
        raise Misassembled(f"Field {field.full_name} has max_length, which limits strings and bytes only.")
    if rules.pattern and (not is_text or field.type == FieldDescriptor.TYPE_BYTES):
        raise Misassembled(f"Field {field.full_name} has a pattern, which limits strings only.")
    try:
        re.compile(rules.pattern)
    except re.error as fault:
        raise Misassembled(f"Field {field.full_name} has a pattern that does not compile: {fault}.") from fault


def _described(field: FieldDescriptor, schema: Schema) -> Schema:
    said = forms.rules_of(field).description
    if field.type == FieldDescriptor.TYPE_BYTES:  # said in words: providers refuse schemas with contentEncoding
        said = f"{said} Base64.".strip()
    return {"description": said, **schema} if said else schema


def _enum(field: FieldDescriptor) -> Schema:
    labels = list(forms.labels_of(field))
    if not labels:
        raise Misassembled(f"Field {field.full_name} is an enum that has nothing but a zero value.")
    return {"type": "string", "enum": labels}


def _scalar(field: FieldDescriptor, rules: options_pb2.FieldRules) -> Schema:
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return {"type": "boolean"}
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return {"type": "string"} | _text_limits(field, rules)
    name = "integer" if field.cpp_type in forms.INTEGER_RANGES else "number"
    return {"type": name} | _number_limits(field, rules)


def _text_limits(field: FieldDescriptor, rules: options_pb2.FieldRules) -> Schema:
    limits: Schema = {}
    if rules.HasField("max_length"):
        is_base64 = field.type == FieldDescriptor.TYPE_BYTES
        limits["maxLength"] = -(-rules.max_length // 3) * 4 if is_base64 else rules.max_length
    if rules.pattern:
        limits["pattern"] = rules.pattern
    return limits


def _number_limits(field: FieldDescriptor, rules: options_pb2.FieldRules) -> Schema:
    least, most = forms.INTEGER_RANGES.get(field.cpp_type, (None, None))
    limits: Schema = {}
    if rules.HasField("min"):
        limits["minimum"] = forms.whole(rules.min)
    elif field.cpp_type in _32_BITS or least == 0:
        limits["minimum"] = least
    if rules.HasField("max"):
        limits["maximum"] = forms.whole(rules.max)
    elif field.cpp_type in _32_BITS:  # the ends of 64 bits are left out: JSON numbers of many readers cannot hold them
        limits["maximum"] = most
    return limits
