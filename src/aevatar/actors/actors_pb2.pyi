# mypy: disable-error-code="type-arg"
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Packed(_message.Message):
    __slots__ = ("name", "body")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    name: str
    body: bytes
    def __init__(self, name: _Optional[str] = ..., body: _Optional[bytes] = ...) -> None: ...

class PrincipalRecord(_message.Message):
    __slots__ = ("scope", "subject", "permissions", "via")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    VIA_FIELD_NUMBER: _ClassVar[int]
    scope: str
    subject: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    via: str
    def __init__(self, scope: _Optional[str] = ..., subject: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ..., via: _Optional[str] = ...) -> None: ...

class EnvelopeRecord(_message.Message):
    __slots__ = ("id", "target", "payload", "correlation_id", "causation_id", "trace", "principal", "reply_to", "sent_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    SENT_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    target: str
    payload: Packed
    correlation_id: str
    causation_id: str
    trace: str
    principal: PrincipalRecord
    reply_to: str
    sent_at: int
    def __init__(self, id: _Optional[str] = ..., target: _Optional[str] = ..., payload: _Optional[_Union[Packed, _Mapping]] = ..., correlation_id: _Optional[str] = ..., causation_id: _Optional[str] = ..., trace: _Optional[str] = ..., principal: _Optional[_Union[PrincipalRecord, _Mapping]] = ..., reply_to: _Optional[str] = ..., sent_at: _Optional[int] = ...) -> None: ...

class TurnBody(_message.Message):
    __slots__ = ("events", "subject", "via", "correlation_id", "causation_id", "trace")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    VIA_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSATION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Packed]
    subject: str
    via: str
    correlation_id: str
    causation_id: str
    trace: str
    def __init__(self, events: _Optional[_Iterable[_Union[Packed, _Mapping]]] = ..., subject: _Optional[str] = ..., via: _Optional[str] = ..., correlation_id: _Optional[str] = ..., causation_id: _Optional[str] = ..., trace: _Optional[str] = ...) -> None: ...

class EffectRecord(_message.Message):
    __slots__ = ("request", "principal", "correlation_id", "trace")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    request: Packed
    principal: PrincipalRecord
    correlation_id: str
    trace: str
    def __init__(self, request: _Optional[_Union[Packed, _Mapping]] = ..., principal: _Optional[_Union[PrincipalRecord, _Mapping]] = ..., correlation_id: _Optional[str] = ..., trace: _Optional[str] = ...) -> None: ...

class EffectInterrupted(_message.Message):
    __slots__ = ("effect_id", "effect", "request")
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    effect_id: str
    effect: str
    request: Packed
    def __init__(self, effect_id: _Optional[str] = ..., effect: _Optional[str] = ..., request: _Optional[_Union[Packed, _Mapping]] = ...) -> None: ...

class EffectFailed(_message.Message):
    __slots__ = ("effect_id", "effect", "code", "message", "retryable", "attempts")
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    effect_id: str
    effect: str
    code: str
    message: str
    retryable: bool
    attempts: int
    def __init__(self, effect_id: _Optional[str] = ..., effect: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., retryable: _Optional[bool] = ..., attempts: _Optional[int] = ...) -> None: ...

class Answered(_message.Message):
    __slots__ = ("command_id", "actor_id", "outcome", "refusal")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    actor_id: str
    outcome: Packed
    refusal: Refusal
    def __init__(self, command_id: _Optional[str] = ..., actor_id: _Optional[str] = ..., outcome: _Optional[_Union[Packed, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("code", "message", "field")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    field: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., field: _Optional[str] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
