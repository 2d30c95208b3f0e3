"""From the JSON text a model wrote to the message a tool takes, or the first fault with its path.

Everything is checked before a tool runs: size, depth, doubled and unknown names, types and the author's rules. Foreign
schemas (of a client's tools) are not checked here: those arguments go to the client as the text they are.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message

from aevatar.errors import Rejected
from aevatar.tools import forms, values

SIZE_LIMIT: Final = 256 * 1024
DEPTH_LIMIT: Final = 32

_Args = TypeVar("_Args", bound=Message)

# A string is taken whole even when it is never closed, so that the scan stays linear whatever is thrown at it.
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_NAME_SHOWN: Final = 64


class InvalidArguments(Rejected):
    """The model's arguments do not fit the tool; `field` is the path of the first fault, None for the whole."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__("invalid_arguments", message, field)


def parse_arguments(text: str, message_type: type[_Args]) -> _Args:
    """The message that `text` stands for; blank text counts as no arguments. Raises: InvalidArguments."""
    arguments = message_type()
    _read_message(load_json(text), arguments, "")
    return arguments


def load_json(text: str) -> dict[str, Any]:
    """The object in `text`, within the limits of size and depth. Raises: InvalidArguments."""
    if not text.strip():
        return _Members()
    _check_size(text)
    _check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_Members, parse_constant=_refuse_constant)
    except json.JSONDecodeError as fault:
        raise InvalidArguments(f"The arguments are not JSON: {fault}.") from fault
    except ValueError as fault:
        raise InvalidArguments("The arguments hold a number that JSON does not have or that is too long.") from fault
    if not isinstance(value, dict):
        raise InvalidArguments("The arguments have to be an object.")
    return value


class _Members(dict[str, Any]):
    """A JSON object that remembers the first name given twice, until its path is known."""

    def __init__(self, pairs: list[tuple[str, Any]] | None = None) -> None:
        super().__init__(pairs or [])
        self.doubled = _first_doubled(pairs) if pairs and len(self) < len(pairs) else None


def _first_doubled(pairs: list[tuple[str, Any]]) -> str | None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return None


def _check_size(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SIZE_LIMIT:
        raise InvalidArguments(f"The arguments are {size} bytes long; {SIZE_LIMIT} are taken.")


def _check_depth(text: str) -> None:
    depth = 0
    for token in _BRACKET.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > DEPTH_LIMIT:
                raise InvalidArguments(f"The arguments are nested deeper than {DEPTH_LIMIT}.")
        elif token[0] in "]}":
            depth -= 1


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _read_message(value: Any, into: Any, path: str) -> None:
    message = into.DESCRIPTOR
    if message.full_name == forms.TIMESTAMP:
        _at(path, values.read_timestamp, value, into)
    elif message.full_name == forms.DURATION:
        _at(path, values.read_duration, value, into)
    elif (choice := forms.choice_of(message)) is not None:
        _read_choice(_members(value, path, message), choice, into, path)
    else:
        _read_fields(_members(value, path, message), into, path)


def _members(value: Any, path: str, message: Descriptor) -> _Members:
    if not isinstance(value, _Members):
        raise InvalidArguments(f"{path} has to be an object.", path)
    if value.doubled is not None:
        place = _join(path, _shown(value.doubled))
        raise InvalidArguments(f"{place} is given twice.", place)
    known = [field.name for field in message.fields]
    for name in value:
        if name not in known:
            place = _join(path, _shown(name))
            raise InvalidArguments(f"{place} is unknown; known here: {', '.join(known) or 'nothing'}.", place)
    return value


def _read_choice(members: _Members, choice: OneofDescriptor, into: Any, path: str) -> None:
    if len(members) != 1:
        names = ", ".join(field.name for field in choice.fields)
        raise InvalidArguments(f"{path} has to hold exactly one of {names}.", path)
    ((name, value),) = members.items()
    _read_field(into.DESCRIPTOR.fields_by_name[name], value, into, _join(path, name))


def _read_fields(members: _Members, into: Any, path: str) -> None:
    optional = forms.optional_names(into.DESCRIPTOR)
    for field in into.DESCRIPTOR.fields:
        place = _join(path, field.name)
        if field.name in members:
            if members[field.name] is not None or field.name not in optional:
                _read_field(field, members[field.name], into, place)
        elif not field.is_repeated and field.name not in optional:
            raise InvalidArguments(f"{place} is missing.", place)


def _read_field(field: FieldDescriptor, value: Any, into: Any, place: str) -> None:
    if field.is_repeated:
        _read_list(field, value, getattr(into, field.name), place)
    elif field.message_type is not None:
        nested = getattr(into, field.name)
        nested.SetInParent()  # an empty object is something said, too
        _read_message(value, nested, place)
    else:
        setattr(into, field.name, _at(place, values.read_scalar, field, value))


def _read_list(field: FieldDescriptor, value: Any, into: Any, place: str) -> None:
    if not isinstance(value, list):
        raise InvalidArguments(f"{place} has to be a list.", place)
    for index, item in enumerate(value):
        if field.message_type is not None:
            _read_message(item, into.add(), f"{place}[{index}]")
        else:
            into.append(_at(f"{place}[{index}]", values.read_scalar, field, item))


def _at(place: str, read: Any, *operands: Any) -> Any:
    try:
        return read(*operands)
    except values.Misfit as fault:
        raise InvalidArguments(f"{place} {fault}.", place) from fault


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(name: str) -> str:
    """A name the model made up, fit to be recorded: short, and without what UTF-8 cannot hold."""
    return name[:_NAME_SHOWN].encode("utf-8", "replace").decode("utf-8") or "''"
