# mypy: disable-error-code="type-arg"
from aevatar.models import models_pb2 as _models_pb2
from aevatar.tools import tools_pb2 as _tools_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ItemKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ITEM_KIND_UNSPECIFIED: _ClassVar[ItemKind]
    ITEM_KIND_MESSAGE: _ClassVar[ItemKind]
    ITEM_KIND_REASONING: _ClassVar[ItemKind]
    ITEM_KIND_CALL: _ClassVar[ItemKind]
ITEM_KIND_UNSPECIFIED: ItemKind
ITEM_KIND_MESSAGE: ItemKind
ITEM_KIND_REASONING: ItemKind
ITEM_KIND_CALL: ItemKind

class RunOpened(_message.Message):
    __slots__ = ("run_id", "agent_key", "model", "created_at", "origin", "echo", "is_queued")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_KEY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    ECHO_FIELD_NUMBER: _ClassVar[int]
    IS_QUEUED_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    agent_key: str
    model: str
    created_at: int
    origin: str
    echo: str
    is_queued: bool
    def __init__(self, run_id: _Optional[str] = ..., agent_key: _Optional[str] = ..., model: _Optional[str] = ..., created_at: _Optional[int] = ..., origin: _Optional[str] = ..., echo: _Optional[str] = ..., is_queued: _Optional[bool] = ...) -> None: ...

class StepOpened(_message.Message):
    __slots__ = ("round",)
    ROUND_FIELD_NUMBER: _ClassVar[int]
    round: int
    def __init__(self, round: _Optional[int] = ...) -> None: ...

class StepClosed(_message.Message):
    __slots__ = ("round",)
    ROUND_FIELD_NUMBER: _ClassVar[int]
    round: int
    def __init__(self, round: _Optional[int] = ...) -> None: ...

class ItemOpened(_message.Message):
    __slots__ = ("item_id", "kind", "call_id", "name", "is_client")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_CLIENT_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    kind: ItemKind
    call_id: str
    name: str
    is_client: bool
    def __init__(self, item_id: _Optional[str] = ..., kind: _Optional[_Union[ItemKind, str]] = ..., call_id: _Optional[str] = ..., name: _Optional[str] = ..., is_client: _Optional[bool] = ...) -> None: ...

class ItemClosed(_message.Message):
    __slots__ = ("item_id", "is_incomplete", "is_commentary", "signature")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    IS_INCOMPLETE_FIELD_NUMBER: _ClassVar[int]
    IS_COMMENTARY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    is_incomplete: bool
    is_commentary: bool
    signature: str
    def __init__(self, item_id: _Optional[str] = ..., is_incomplete: _Optional[bool] = ..., is_commentary: _Optional[bool] = ..., signature: _Optional[str] = ...) -> None: ...

class MessageRestarted(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class ToolResultShown(_message.Message):
    __slots__ = ("call_id", "name", "text", "error_code", "whole_blob_id", "parts")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    WHOLE_BLOB_ID_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    name: str
    text: str
    error_code: str
    whole_blob_id: str
    parts: _containers.RepeatedCompositeFieldContainer[_tools_pb2.ResultPart]
    def __init__(self, call_id: _Optional[str] = ..., name: _Optional[str] = ..., text: _Optional[str] = ..., error_code: _Optional[str] = ..., whole_blob_id: _Optional[str] = ..., parts: _Optional[_Iterable[_Union[_tools_pb2.ResultPart, _Mapping]]] = ...) -> None: ...

class ApprovalAsked(_message.Message):
    __slots__ = ("approval_id", "call_id", "tool", "arguments", "reason", "expires_at")
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    call_id: str
    tool: str
    arguments: str
    reason: str
    expires_at: int
    def __init__(self, approval_id: _Optional[str] = ..., call_id: _Optional[str] = ..., tool: _Optional[str] = ..., arguments: _Optional[str] = ..., reason: _Optional[str] = ..., expires_at: _Optional[int] = ...) -> None: ...

class ApprovalResolved(_message.Message):
    __slots__ = ("approval_id", "decision", "reason")
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    decision: str
    reason: str
    def __init__(self, approval_id: _Optional[str] = ..., decision: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RunSuspended(_message.Message):
    __slots__ = ("approval_ids",)
    APPROVAL_IDS_FIELD_NUMBER: _ClassVar[int]
    approval_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, approval_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RunResumed(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SubRunOpened(_message.Message):
    __slots__ = ("run_id", "parent_call_id", "agent_key", "depth")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_KEY_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    parent_call_id: str
    agent_key: str
    depth: int
    def __init__(self, run_id: _Optional[str] = ..., parent_call_id: _Optional[str] = ..., agent_key: _Optional[str] = ..., depth: _Optional[int] = ...) -> None: ...

class SubRunShown(_message.Message):
    __slots__ = ("run_id", "parent_call_id", "depth", "cursor", "name", "event")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    parent_call_id: str
    depth: int
    cursor: int
    name: str
    event: bytes
    def __init__(self, run_id: _Optional[str] = ..., parent_call_id: _Optional[str] = ..., depth: _Optional[int] = ..., cursor: _Optional[int] = ..., name: _Optional[str] = ..., event: _Optional[bytes] = ...) -> None: ...

class SubRunClosed(_message.Message):
    __slots__ = ("run_id", "parent_call_id", "status")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    parent_call_id: str
    status: str
    def __init__(self, run_id: _Optional[str] = ..., parent_call_id: _Optional[str] = ..., status: _Optional[str] = ...) -> None: ...

class UsageShown(_message.Message):
    __slots__ = ("model", "call_id", "usage")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    model: str
    call_id: str
    usage: _models_pb2.Usage
    def __init__(self, model: _Optional[str] = ..., call_id: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ...) -> None: ...

class Warned(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class RunClosed(_message.Message):
    __slots__ = ("status", "code", "message", "usage", "rounds_exhausted", "reply_failed")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_EXHAUSTED_FIELD_NUMBER: _ClassVar[int]
    REPLY_FAILED_FIELD_NUMBER: _ClassVar[int]
    status: str
    code: str
    message: str
    usage: _models_pb2.Usage
    rounds_exhausted: bool
    reply_failed: bool
    def __init__(self, status: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., rounds_exhausted: _Optional[bool] = ..., reply_failed: _Optional[bool] = ...) -> None: ...
