# mypy: disable-error-code="type-arg"
from google.protobuf import any_pb2 as _any_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TallyState(_message.Message):
    __slots__ = ("total", "additions", "heard", "pending", "by_subject", "fetching", "witnessed")
    class BySubjectEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ADDITIONS_FIELD_NUMBER: _ClassVar[int]
    HEARD_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    BY_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    FETCHING_FIELD_NUMBER: _ClassVar[int]
    WITNESSED_FIELD_NUMBER: _ClassVar[int]
    total: int
    additions: int
    heard: _containers.RepeatedScalarFieldContainer[str]
    pending: _containers.RepeatedScalarFieldContainer[str]
    by_subject: _containers.ScalarMap[str, int]
    fetching: _containers.RepeatedScalarFieldContainer[str]
    witnessed: _containers.RepeatedCompositeFieldContainer[Witnessed]
    def __init__(self, total: _Optional[int] = ..., additions: _Optional[int] = ..., heard: _Optional[_Iterable[str]] = ..., pending: _Optional[_Iterable[str]] = ..., by_subject: _Optional[_Mapping[str, int]] = ..., fetching: _Optional[_Iterable[str]] = ..., witnessed: _Optional[_Iterable[_Union[Witnessed, _Mapping]]] = ...) -> None: ...

class Add(_message.Message):
    __slots__ = ("by", "note")
    BY_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    by: int
    note: str
    def __init__(self, by: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class Take(_message.Message):
    __slots__ = ("by",)
    BY_FIELD_NUMBER: _ClassVar[int]
    by: int
    def __init__(self, by: _Optional[int] = ...) -> None: ...

class Break(_message.Message):
    __slots__ = ("after_emit",)
    AFTER_EMIT_FIELD_NUMBER: _ClassVar[int]
    after_emit: bool
    def __init__(self, after_emit: _Optional[bool] = ...) -> None: ...

class Forward(_message.Message):
    __slots__ = ("to", "by", "answer", "refused")
    TO_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    to: str
    by: int
    answer: bool
    refused: bool
    def __init__(self, to: _Optional[str] = ..., by: _Optional[int] = ..., answer: _Optional[bool] = ..., refused: _Optional[bool] = ...) -> None: ...

class Remind(_message.Message):
    __slots__ = ("name", "delay", "by")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    name: str
    delay: float
    by: int
    def __init__(self, name: _Optional[str] = ..., delay: _Optional[float] = ..., by: _Optional[int] = ...) -> None: ...

class Forget(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class Fetch(_message.Message):
    __slots__ = ("text", "careful", "regret")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CAREFUL_FIELD_NUMBER: _ClassVar[int]
    REGRET_FIELD_NUMBER: _ClassVar[int]
    text: str
    careful: bool
    regret: bool
    def __init__(self, text: _Optional[str] = ..., careful: _Optional[bool] = ..., regret: _Optional[bool] = ...) -> None: ...

class CancelFetches(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Say(_message.Message):
    __slots__ = ("item", "text", "last", "session")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    item: str
    text: str
    last: bool
    session: str
    def __init__(self, item: _Optional[str] = ..., text: _Optional[str] = ..., last: _Optional[bool] = ..., session: _Optional[str] = ...) -> None: ...

class Wait(_message.Message):
    __slots__ = ("within",)
    WITHIN_FIELD_NUMBER: _ClassVar[int]
    within: float
    def __init__(self, within: _Optional[float] = ...) -> None: ...

class GiveUp(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("by",)
    BY_FIELD_NUMBER: _ClassVar[int]
    by: int
    def __init__(self, by: _Optional[int] = ...) -> None: ...

class Retire(_message.Message):
    __slots__ = ("erase",)
    ERASE_FIELD_NUMBER: _ClassVar[int]
    erase: bool
    def __init__(self, erase: _Optional[bool] = ...) -> None: ...

class Cheer(_message.Message):
    __slots__ = ("to", "text", "delay")
    TO_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    to: str
    text: str
    delay: float
    def __init__(self, to: _Optional[str] = ..., text: _Optional[str] = ..., delay: _Optional[float] = ...) -> None: ...

class Relay(_message.Message):
    __slots__ = ("letters",)
    LETTERS_FIELD_NUMBER: _ClassVar[int]
    letters: _containers.RepeatedCompositeFieldContainer[Letter]
    def __init__(self, letters: _Optional[_Iterable[_Union[Letter, _Mapping]]] = ...) -> None: ...

class Letter(_message.Message):
    __slots__ = ("to", "command", "answer", "command_id")
    TO_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    to: str
    command: _any_pb2.Any
    answer: bool
    command_id: str
    def __init__(self, to: _Optional[str] = ..., command: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., answer: _Optional[bool] = ..., command_id: _Optional[str] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("name", "delay", "command")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    name: str
    delay: float
    command: _any_pb2.Any
    def __init__(self, name: _Optional[str] = ..., delay: _Optional[float] = ..., command: _Optional[_Union[_any_pb2.Any, _Mapping]] = ...) -> None: ...

class Flood(_message.Message):
    __slots__ = ("events", "sends")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SENDS_FIELD_NUMBER: _ClassVar[int]
    events: int
    sends: int
    def __init__(self, events: _Optional[int] = ..., sends: _Optional[int] = ...) -> None: ...

class Witness(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HowMuch(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Heard(_message.Message):
    __slots__ = ("text", "remember")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REMEMBER_FIELD_NUMBER: _ClassVar[int]
    text: str
    remember: bool
    def __init__(self, text: _Optional[str] = ..., remember: _Optional[bool] = ...) -> None: ...

class Added(_message.Message):
    __slots__ = ("by", "note", "subject")
    BY_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    by: int
    note: str
    subject: str
    def __init__(self, by: _Optional[int] = ..., note: _Optional[str] = ..., subject: _Optional[str] = ...) -> None: ...

class Noted(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class Waited(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class Released(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class Fetching(_message.Message):
    __slots__ = ("effect_id",)
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    effect_id: str
    def __init__(self, effect_id: _Optional[str] = ...) -> None: ...

class Witnessed(_message.Message):
    __slots__ = ("correlation_id", "causation_id", "subject", "via", "permissions")
    CORRELATION_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSATION_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    VIA_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    correlation_id: str
    causation_id: str
    subject: str
    via: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, correlation_id: _Optional[str] = ..., causation_id: _Optional[str] = ..., subject: _Optional[str] = ..., via: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ...) -> None: ...

class AddedInTens(_message.Message):
    __slots__ = ("tens",)
    TENS_FIELD_NUMBER: _ClassVar[int]
    tens: int
    def __init__(self, tens: _Optional[int] = ...) -> None: ...

class Total(_message.Message):
    __slots__ = ("total",)
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    total: int
    def __init__(self, total: _Optional[int] = ...) -> None: ...

class Names(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class EchoRequest(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class CarefulRequest(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class Echoed(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class TotalChanged(_message.Message):
    __slots__ = ("by",)
    BY_FIELD_NUMBER: _ClassVar[int]
    by: int
    def __init__(self, by: _Optional[int] = ...) -> None: ...

class TallyDocument(_message.Message):
    __slots__ = ("total", "additions", "last_note")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ADDITIONS_FIELD_NUMBER: _ClassVar[int]
    LAST_NOTE_FIELD_NUMBER: _ClassVar[int]
    total: int
    additions: int
    last_note: str
    def __init__(self, total: _Optional[int] = ..., additions: _Optional[int] = ..., last_note: _Optional[str] = ...) -> None: ...
