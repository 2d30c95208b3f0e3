# mypy: disable-error-code="type-arg"
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Delta(_message.Message):
    __slots__ = ("item", "channel", "text")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    item: str
    channel: str
    text: str
    def __init__(self, item: _Optional[str] = ..., channel: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Folded(_message.Message):
    __slots__ = ("texts", "deflated")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    DEFLATED_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedCompositeFieldContainer[FoldedText]
    deflated: bytes
    def __init__(self, texts: _Optional[_Iterable[_Union[FoldedText, _Mapping]]] = ..., deflated: _Optional[bytes] = ...) -> None: ...

class FoldedText(_message.Message):
    __slots__ = ("item", "channel", "text", "cursors", "offsets", "steps", "lengths")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CURSORS_FIELD_NUMBER: _ClassVar[int]
    OFFSETS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    LENGTHS_FIELD_NUMBER: _ClassVar[int]
    item: str
    channel: str
    text: str
    cursors: _containers.RepeatedScalarFieldContainer[int]
    offsets: _containers.RepeatedScalarFieldContainer[int]
    steps: _containers.RepeatedScalarFieldContainer[int]
    lengths: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, item: _Optional[str] = ..., channel: _Optional[str] = ..., text: _Optional[str] = ..., cursors: _Optional[_Iterable[int]] = ..., offsets: _Optional[_Iterable[int]] = ..., steps: _Optional[_Iterable[int]] = ..., lengths: _Optional[_Iterable[int]] = ...) -> None: ...

class Custom(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: bytes
    def __init__(self, name: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class Ended(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...
