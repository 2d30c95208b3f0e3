# mypy: disable-error-code="type-arg"
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Match(_message.Message):
    __slots__ = ("source", "model", "agent")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    source: str
    model: str
    agent: str
    def __init__(self, source: _Optional[str] = ..., model: _Optional[str] = ..., agent: _Optional[str] = ...) -> None: ...

class Reject(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Hint(_message.Message):
    __slots__ = ("tool", "arguments", "is_required")
    TOOL_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    IS_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    tool: str
    arguments: str
    is_required: bool
    def __init__(self, tool: _Optional[str] = ..., arguments: _Optional[str] = ..., is_required: _Optional[bool] = ...) -> None: ...

class Forward(_message.Message):
    __slots__ = ("model", "tool_set", "hint")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TOOL_SET_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    model: str
    tool_set: str
    hint: Hint
    def __init__(self, model: _Optional[str] = ..., tool_set: _Optional[str] = ..., hint: _Optional[_Union[Hint, _Mapping]] = ...) -> None: ...

class Action(_message.Message):
    __slots__ = ("reject", "forward")
    REJECT_FIELD_NUMBER: _ClassVar[int]
    FORWARD_FIELD_NUMBER: _ClassVar[int]
    reject: Reject
    forward: Forward
    def __init__(self, reject: _Optional[_Union[Reject, _Mapping]] = ..., forward: _Optional[_Union[Forward, _Mapping]] = ...) -> None: ...

class Rule(_message.Message):
    __slots__ = ("id", "priority", "match", "action")
    ID_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    id: str
    priority: int
    match: Match
    action: Action
    def __init__(self, id: _Optional[str] = ..., priority: _Optional[int] = ..., match: _Optional[_Union[Match, _Mapping]] = ..., action: _Optional[_Union[Action, _Mapping]] = ...) -> None: ...

class PutPolicy(_message.Message):
    __slots__ = ("rules", "default", "expected_version")
    RULES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[Rule]
    default: Action
    expected_version: int
    def __init__(self, rules: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ..., default: _Optional[_Union[Action, _Mapping]] = ..., expected_version: _Optional[int] = ...) -> None: ...

class RemoveRule(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class PolicyChanged(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class PolicyPut(_message.Message):
    __slots__ = ("rules", "default")
    RULES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[Rule]
    default: Action
    def __init__(self, rules: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ..., default: _Optional[_Union[Action, _Mapping]] = ...) -> None: ...

class RuleRemoved(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class PolicyState(_message.Message):
    __slots__ = ("rules", "default", "version")
    RULES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[Rule]
    default: Action
    version: int
    def __init__(self, rules: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ..., default: _Optional[_Union[Action, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class PolicyDocument(_message.Message):
    __slots__ = ("rules", "default", "version")
    RULES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[Rule]
    default: Action
    version: int
    def __init__(self, rules: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ..., default: _Optional[_Union[Action, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...
