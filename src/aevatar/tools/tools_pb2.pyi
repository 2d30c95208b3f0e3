# mypy: disable-error-code="type-arg"
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ToolResult(_message.Message):
    __slots__ = ("text", "parts", "error", "whole_blob_id")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    WHOLE_BLOB_ID_FIELD_NUMBER: _ClassVar[int]
    text: str
    parts: _containers.RepeatedCompositeFieldContainer[ResultPart]
    error: ToolError
    whole_blob_id: str
    def __init__(self, text: _Optional[str] = ..., parts: _Optional[_Iterable[_Union[ResultPart, _Mapping]]] = ..., error: _Optional[_Union[ToolError, _Mapping]] = ..., whole_blob_id: _Optional[str] = ...) -> None: ...

class ResultPart(_message.Message):
    __slots__ = ("image", "file")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    image: BlobRef
    file: BlobRef
    def __init__(self, image: _Optional[_Union[BlobRef, _Mapping]] = ..., file: _Optional[_Union[BlobRef, _Mapping]] = ...) -> None: ...

class BlobRef(_message.Message):
    __slots__ = ("blob_id", "media_type", "name", "uri", "length", "detail")
    BLOB_ID_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    blob_id: str
    media_type: str
    name: str
    uri: str
    length: int
    detail: str
    def __init__(self, blob_id: _Optional[str] = ..., media_type: _Optional[str] = ..., name: _Optional[str] = ..., uri: _Optional[str] = ..., length: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class ToolError(_message.Message):
    __slots__ = ("code", "message", "field", "retryable")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    field: str
    retryable: bool
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., field: _Optional[str] = ..., retryable: _Optional[bool] = ...) -> None: ...
