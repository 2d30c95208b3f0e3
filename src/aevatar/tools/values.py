"""Single values between JSON and Protobuf, both ways: text, numbers, enums, bytes, points and spans of time.

Reading takes what the schema promises plus what models write instead of it (`3.0` for 3, digits in quotes for 64 bits).
A value that does not fit is a Misfit whose text completes a sentence: "<path> has to be …".
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from aevatar.tools import forms

_DIGITS = re.compile(r"-?[0-9]{1,20}")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_SPAN = re.compile(
    r"(?P<sign>-?)P(?!$)((?P<weeks>\d{1,9})W|((?P<days>\d{1,9})D)?"
    r"(T(?!$)((?P<hours>\d{1,9})H)?((?P<minutes>\d{1,12})M)?((?P<seconds>\d{1,12})(\.(?P<fraction>\d{1,9}))?S)?)?)",
    re.ASCII,
)
_SPAN_SECONDS: Final = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_LONGEST_SPAN: Final = 315_576_000_000
_FLOAT_MAX: Final = 3.4028234663852886e38


class Misfit(Exception):
    """A value that a field does not take; says what it has to be, without the field's path."""


def read_scalar(field: FieldDescriptor, value: Any) -> Any:
    """What to assign to `field` for the JSON `value`. Raises: Misfit saying what it has to be."""
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_BOOL:
            return _boolean(value)
        case FieldDescriptor.CPPTYPE_ENUM:
            return _enum(forms.labels_of(field), value)
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return _bytes(field, value)
        case FieldDescriptor.CPPTYPE_STRING:
            return _text(field, value)
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return _within_rules(field, _real(field, value))
        case _:
            return _within_rules(field, _integer(field, value))


def write_scalar(field: FieldDescriptor, value: Any) -> Any:
    """The JSON for a scalar `value` of `field`."""
    if field.enum_type is not None:
        return next((label for label, number in forms.labels_of(field).items() if number == value), value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float):
        return _shortest(field, value)
    return value


def read_timestamp(value: Any, into: Timestamp) -> None:
    """Sets `into` to a date and time with its offset. Raises: Misfit."""
    complaint = "has to be a date and time like 2026-01-31T08:00:00Z"
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise Misfit(complaint)
    try:
        into.FromJsonString(value.upper())
    except ValueError as fault:
        raise Misfit(complaint) from fault


def read_duration(value: Any, into: Duration) -> None:
    """Sets `into` to an ISO 8601 span without years and months, whose length is not fixed. Raises: Misfit."""
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Misfit("has to be a span of time like PT1H30M or P2DT12H")
    seconds = sum(int(match[unit] or 0) * length for unit, length in _SPAN_SECONDS.items())
    if seconds >= _LONGEST_SPAN:
        raise Misfit("has to be a span of time under 10,000 years")
    sign = -1 if match["sign"] else 1
    into.seconds = sign * seconds
    into.nanos = sign * int((match["fraction"] or "").ljust(9, "0"))


def write_duration(span: Duration) -> str:
    """The ISO 8601 text of `span`, in seconds."""
    sign = "-" if span.seconds < 0 or span.nanos < 0 else ""
    fraction = f".{abs(span.nanos):09d}".rstrip("0") if span.nanos else ""
    return f"{sign}PT{abs(span.seconds)}{fraction}S"


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Misfit("has to be true or false")
    return value


def _enum(labels: dict[str, int], value: Any) -> int:
    if not isinstance(value, str) or value not in labels:
        raise Misfit(f"has to be one of {', '.join(labels)}")
    return labels[value]


def _text(field: FieldDescriptor, value: Any) -> str:
    if not isinstance(value, str):
        raise Misfit("has to be a string")
    rules = forms.rules_of(field)
    if rules.HasField("max_length") and len(value) > rules.max_length:
        raise Misfit(f"has to be at most {rules.max_length} characters long")
    if rules.pattern and not re.search(rules.pattern, value):
        raise Misfit(f"has to match {rules.pattern}")
    try:
        value.encode()
    except UnicodeEncodeError as unpaired:
        raise Misfit("has to be valid Unicode, without unpaired surrogates") from unpaired
    return value


def _bytes(field: FieldDescriptor, value: Any) -> bytes:
    rules = forms.rules_of(field)
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        data = None
    if data is None:
        raise Misfit("has to be a base64 string")
    if rules.HasField("max_length") and len(data) > rules.max_length:
        raise Misfit(f"has to be at most {rules.max_length} bytes long")
    return data


def _integer(field: FieldDescriptor, value: Any) -> int:
    least, most = forms.INTEGER_RANGES[field.cpp_type]
    if isinstance(value, str) and most > 2**32 and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Misfit("has to be an integer")
    if not least <= value <= most:
        raise Misfit(f"has to be an integer between {least} and {most}")
    return value


def _real(field: FieldDescriptor, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Misfit("has to be a number")
    most = _FLOAT_MAX if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT else math.inf
    try:
        real = float(value)
    except OverflowError:
        real = math.inf
    if not math.isfinite(real) or abs(real) > most:
        raise Misfit("has to be a number that is not that large")
    return real


def _within_rules(field: FieldDescriptor, number: float) -> float:
    rules = forms.rules_of(field)
    if rules.HasField("min") and number < rules.min:
        raise Misfit(f"has to be at least {forms.whole(rules.min)}")
    if rules.HasField("max") and number > rules.max:
        raise Misfit(f"has to be at most {forms.whole(rules.max)}")
    return number


def _shortest(field: FieldDescriptor, value: float) -> float | str:
    """A single-precision 21.3 is written 21.3, not with the digits that double precision adds to it."""
    if not math.isfinite(value):
        return str(value)  # JSON has no such number
    if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT:
        for digits in (6, 7, 8):
            short = float(f"{value:.{digits}g}")
            if struct.unpack("f", struct.pack("f", short))[0] == value:
                return short
    return value
