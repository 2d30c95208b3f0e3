# mypy: disable-error-code="type-arg"
from aevatar.tools import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Wait(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WAIT_UNSPECIFIED: _ClassVar[Wait]
    WAIT_ACK: _ClassVar[Wait]
    WAIT_STREAM: _ClassVar[Wait]
    WAIT_COMPLETE: _ClassVar[Wait]
WAIT_UNSPECIFIED: Wait
WAIT_ACK: Wait
WAIT_STREAM: Wait
WAIT_COMPLETE: Wait

class AgentTarget(_message.Message):
    __slots__ = ("actor_id", "agent_key")
    ACTOR_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_KEY_FIELD_NUMBER: _ClassVar[int]
    actor_id: str
    agent_key: str
    def __init__(self, actor_id: _Optional[str] = ..., agent_key: _Optional[str] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class MediaRef(_message.Message):
    __slots__ = ("uri", "media_type")
    URI_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    uri: str
    media_type: str
    def __init__(self, uri: _Optional[str] = ..., media_type: _Optional[str] = ...) -> None: ...

class Part(_message.Message):
    __slots__ = ("text", "image", "file")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    text: str
    image: MediaRef
    file: MediaRef
    def __init__(self, text: _Optional[str] = ..., image: _Optional[_Union[MediaRef, _Mapping]] = ..., file: _Optional[_Union[MediaRef, _Mapping]] = ...) -> None: ...

class Payload(_message.Message):
    __slots__ = ("prompt", "parts", "headers")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    prompt: str
    parts: _containers.RepeatedCompositeFieldContainer[Part]
    headers: _containers.RepeatedCompositeFieldContainer[Header]
    def __init__(self, prompt: _Optional[str] = ..., parts: _Optional[_Iterable[_Union[Part, _Mapping]]] = ..., headers: _Optional[_Iterable[_Union[Header, _Mapping]]] = ...) -> None: ...

class InvokeAgentArgs(_message.Message):
    __slots__ = ("target", "payload", "wait", "wait_seconds")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    target: AgentTarget
    payload: Payload
    wait: Wait
    wait_seconds: int
    def __init__(self, target: _Optional[_Union[AgentTarget, _Mapping]] = ..., payload: _Optional[_Union[Payload, _Mapping]] = ..., wait: _Optional[_Union[Wait, str]] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class InvokeTeamArgs(_message.Message):
    __slots__ = ("team_id", "endpoint_id", "payload", "wait", "wait_seconds")
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    team_id: str
    endpoint_id: str
    payload: Payload
    wait: Wait
    wait_seconds: int
    def __init__(self, team_id: _Optional[str] = ..., endpoint_id: _Optional[str] = ..., payload: _Optional[_Union[Payload, _Mapping]] = ..., wait: _Optional[_Union[Wait, str]] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class StartWorkflowArgs(_message.Message):
    __slots__ = ("workflow_id", "inputs", "wait", "wait_seconds")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    inputs: Payload
    wait: Wait
    wait_seconds: int
    def __init__(self, workflow_id: _Optional[str] = ..., inputs: _Optional[_Union[Payload, _Mapping]] = ..., wait: _Optional[_Union[Wait, str]] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class ObserveRunArgs(_message.Message):
    __slots__ = ("run_id", "after", "max_events", "wait_seconds")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    MAX_EVENTS_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    after: int
    max_events: int
    wait_seconds: int
    def __init__(self, run_id: _Optional[str] = ..., after: _Optional[int] = ..., max_events: _Optional[int] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class Page(_message.Message):
    __slots__ = ("limit", "after")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    limit: int
    after: str
    def __init__(self, limit: _Optional[int] = ..., after: _Optional[str] = ...) -> None: ...

class Single(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class ReadModelQuery(_message.Message):
    __slots__ = ("agents", "agent", "runs", "run", "approvals")
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    agents: Page
    agent: Single
    runs: Page
    run: Single
    approvals: Page
    def __init__(self, agents: _Optional[_Union[Page, _Mapping]] = ..., agent: _Optional[_Union[Single, _Mapping]] = ..., runs: _Optional[_Union[Page, _Mapping]] = ..., run: _Optional[_Union[Single, _Mapping]] = ..., approvals: _Optional[_Union[Page, _Mapping]] = ...) -> None: ...

class QueryReadModelArgs(_message.Message):
    __slots__ = ("query",)
    QUERY_FIELD_NUMBER: _ClassVar[int]
    query: ReadModelQuery
    def __init__(self, query: _Optional[_Union[ReadModelQuery, _Mapping]] = ...) -> None: ...

class SessionRef(_message.Message):
    __slots__ = ("owner_actor_id", "session_id")
    OWNER_ACTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    owner_actor_id: str
    session_id: str
    def __init__(self, owner_actor_id: _Optional[str] = ..., session_id: _Optional[str] = ...) -> None: ...

class UsageTold(_message.Message):
    __slots__ = ("input_tokens", "output_tokens")
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    input_tokens: int
    output_tokens: int
    def __init__(self, input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ...) -> None: ...

class ErrorTold(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class InvocationResult(_message.Message):
    __slots__ = ("run_id", "status", "session", "output_text", "usage", "error", "actor_id", "command_id", "wait", "waited_ms")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TEXT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ACTOR_ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    WAITED_MS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    status: str
    session: SessionRef
    output_text: str
    usage: UsageTold
    error: ErrorTold
    actor_id: str
    command_id: str
    wait: str
    waited_ms: int
    def __init__(self, run_id: _Optional[str] = ..., status: _Optional[str] = ..., session: _Optional[_Union[SessionRef, _Mapping]] = ..., output_text: _Optional[str] = ..., usage: _Optional[_Union[UsageTold, _Mapping]] = ..., error: _Optional[_Union[ErrorTold, _Mapping]] = ..., actor_id: _Optional[str] = ..., command_id: _Optional[str] = ..., wait: _Optional[str] = ..., waited_ms: _Optional[int] = ...) -> None: ...

class EventTold(_message.Message):
    __slots__ = ("cursor", "type", "text", "at")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    type: str
    text: str
    at: int
    def __init__(self, cursor: _Optional[int] = ..., type: _Optional[str] = ..., text: _Optional[str] = ..., at: _Optional[int] = ...) -> None: ...

class RunObservation(_message.Message):
    __slots__ = ("run_id", "kind", "status", "is_terminal", "output_text", "events", "next_cursor", "version", "usage")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    IS_TERMINAL_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TEXT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    kind: str
    status: str
    is_terminal: bool
    output_text: str
    events: _containers.RepeatedCompositeFieldContainer[EventTold]
    next_cursor: int
    version: int
    usage: UsageTold
    def __init__(self, run_id: _Optional[str] = ..., kind: _Optional[str] = ..., status: _Optional[str] = ..., is_terminal: _Optional[bool] = ..., output_text: _Optional[str] = ..., events: _Optional[_Iterable[_Union[EventTold, _Mapping]]] = ..., next_cursor: _Optional[int] = ..., version: _Optional[int] = ..., usage: _Optional[_Union[UsageTold, _Mapping]] = ...) -> None: ...

class AgentTold(_message.Message):
    __slots__ = ("key", "display_name", "description", "model", "is_disabled")
    KEY_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    IS_DISABLED_FIELD_NUMBER: _ClassVar[int]
    key: str
    display_name: str
    description: str
    model: str
    is_disabled: bool
    def __init__(self, key: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., model: _Optional[str] = ..., is_disabled: _Optional[bool] = ...) -> None: ...

class RunTold(_message.Message):
    __slots__ = ("run_id", "agent_key", "status", "model", "created_at", "usage")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_KEY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    agent_key: str
    status: str
    model: str
    created_at: int
    usage: UsageTold
    def __init__(self, run_id: _Optional[str] = ..., agent_key: _Optional[str] = ..., status: _Optional[str] = ..., model: _Optional[str] = ..., created_at: _Optional[int] = ..., usage: _Optional[_Union[UsageTold, _Mapping]] = ...) -> None: ...

class ApprovalTold(_message.Message):
    __slots__ = ("run_id", "approval_id", "tool", "reason")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    approval_id: str
    tool: str
    reason: str
    def __init__(self, run_id: _Optional[str] = ..., approval_id: _Optional[str] = ..., tool: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ReadModelAnswer(_message.Message):
    __slots__ = ("agents", "runs", "approvals", "after", "version")
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    agents: _containers.RepeatedCompositeFieldContainer[AgentTold]
    runs: _containers.RepeatedCompositeFieldContainer[RunTold]
    approvals: _containers.RepeatedCompositeFieldContainer[ApprovalTold]
    after: str
    version: int
    def __init__(self, agents: _Optional[_Iterable[_Union[AgentTold, _Mapping]]] = ..., runs: _Optional[_Iterable[_Union[RunTold, _Mapping]]] = ..., approvals: _Optional[_Iterable[_Union[ApprovalTold, _Mapping]]] = ..., after: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...
