"""From a message to the JSON that models and programs read: numbers, plain names of enums, what is absent left out."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from aevatar.tools import forms, values


def to_json(message: Any) -> str:
    """The JSON text of `message`, members in the order of its fields."""
    return json.dumps(render(message), ensure_ascii=False, separators=(",", ":"))


def render(message: Any, *, camel_case: bool = False) -> Any:
    """The JSON value of `message`. Plain zeros and empty strings are said; unset enums and empty lists are not.

    Members are named as the fields are, as models know them, or in `camel_case`, as programs do.
    """
    name = message.DESCRIPTOR.full_name
    if name == forms.DURATION:
        return values.write_duration(message)
    if name.startswith("google.protobuf."):
        return json_format.MessageToDict(message, preserving_proto_field_name=not camel_case)
    fields = ((field, getattr(message, field.name)) for field in message.DESCRIPTOR.fields if _is_said(message, field))
    return {
        field.json_name if camel_case else field.name: _value(field, value, camel_case=camel_case)
        for field, value in fields
    }


def _is_said(message: Any, field: FieldDescriptor) -> bool:
    if field.is_repeated:
        return len(getattr(message, field.name)) > 0
    if field.has_presence:
        return bool(message.HasField(field.name))
    return field.enum_type is None or getattr(message, field.name) != 0


def _value(field: FieldDescriptor, value: Any, *, camel_case: bool) -> Any:
    if forms.is_map(field):
        return _map(field, value, camel_case=camel_case)
    if field.is_repeated:
        return [_item(field, item, camel_case=camel_case) for item in value]
    return _item(field, value, camel_case=camel_case)


def _item(field: FieldDescriptor, value: Any, *, camel_case: bool) -> Any:
    if field.message_type is not None:
        return render(value, camel_case=camel_case)
    return values.write_scalar(field, value)


def _map(field: FieldDescriptor, entries: Any, *, camel_case: bool) -> dict[str, Any]:
    entry: Any = field.message_type
    of_value = entry.fields_by_name["value"]
    return {str(key): _item(of_value, entries[key], camel_case=camel_case) for key in sorted(entries)}
