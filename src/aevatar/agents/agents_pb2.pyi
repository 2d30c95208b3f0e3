# mypy: disable-error-code="type-arg"
from aevatar.agents import runs_pb2 as _runs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Persona(_message.Message):
    __slots__ = ("display_name", "description", "instructions", "model", "parameters", "tool_set", "tool_names", "tightened", "limits", "thread_policy", "detail", "compaction")
    class TightenedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    TOOL_SET_FIELD_NUMBER: _ClassVar[int]
    TOOL_NAMES_FIELD_NUMBER: _ClassVar[int]
    TIGHTENED_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    THREAD_POLICY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    COMPACTION_FIELD_NUMBER: _ClassVar[int]
    display_name: str
    description: str
    instructions: str
    model: str
    parameters: _runs_pb2.Parameters
    tool_set: str
    tool_names: _containers.RepeatedScalarFieldContainer[str]
    tightened: _containers.ScalarMap[str, str]
    limits: _runs_pb2.RunLimits
    thread_policy: str
    detail: str
    compaction: str
    def __init__(self, display_name: _Optional[str] = ..., description: _Optional[str] = ..., instructions: _Optional[str] = ..., model: _Optional[str] = ..., parameters: _Optional[_Union[_runs_pb2.Parameters, _Mapping]] = ..., tool_set: _Optional[str] = ..., tool_names: _Optional[_Iterable[str]] = ..., tightened: _Optional[_Mapping[str, str]] = ..., limits: _Optional[_Union[_runs_pb2.RunLimits, _Mapping]] = ..., thread_policy: _Optional[str] = ..., detail: _Optional[str] = ..., compaction: _Optional[str] = ...) -> None: ...

class CreateAgent(_message.Message):
    __slots__ = ("persona",)
    PERSONA_FIELD_NUMBER: _ClassVar[int]
    persona: Persona
    def __init__(self, persona: _Optional[_Union[Persona, _Mapping]] = ...) -> None: ...

class ConfigureAgent(_message.Message):
    __slots__ = ("persona", "expected_version")
    PERSONA_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    persona: Persona
    expected_version: int
    def __init__(self, persona: _Optional[_Union[Persona, _Mapping]] = ..., expected_version: _Optional[int] = ...) -> None: ...

class DisableAgent(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EnableAgent(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RetireAgent(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AgentChanged(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class Invocation(_message.Message):
    __slots__ = ("input", "hints")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    input: _containers.RepeatedCompositeFieldContainer[_runs_pb2.Item]
    hints: _containers.RepeatedCompositeFieldContainer[_runs_pb2.Hint]
    def __init__(self, input: _Optional[_Iterable[_Union[_runs_pb2.Item, _Mapping]]] = ..., hints: _Optional[_Iterable[_Union[_runs_pb2.Hint, _Mapping]]] = ...) -> None: ...

class Invoke(_message.Message):
    __slots__ = ("payload", "context", "thread", "run_key", "model", "model_reason", "fallbacks", "context_length", "report_to", "sinks", "echo", "limits", "prices")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    THREAD_FIELD_NUMBER: _ClassVar[int]
    RUN_KEY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_REASON_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    REPORT_TO_FIELD_NUMBER: _ClassVar[int]
    SINKS_FIELD_NUMBER: _ClassVar[int]
    ECHO_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    payload: Invocation
    context: _runs_pb2.RunContext
    thread: str
    run_key: str
    model: str
    model_reason: str
    fallbacks: _containers.RepeatedScalarFieldContainer[str]
    context_length: int
    report_to: str
    sinks: _containers.RepeatedCompositeFieldContainer[_runs_pb2.Sink]
    echo: str
    limits: _runs_pb2.RunLimits
    prices: _containers.RepeatedCompositeFieldContainer[_runs_pb2.PricedModel]
    def __init__(self, payload: _Optional[_Union[Invocation, _Mapping]] = ..., context: _Optional[_Union[_runs_pb2.RunContext, _Mapping]] = ..., thread: _Optional[str] = ..., run_key: _Optional[str] = ..., model: _Optional[str] = ..., model_reason: _Optional[str] = ..., fallbacks: _Optional[_Iterable[str]] = ..., context_length: _Optional[int] = ..., report_to: _Optional[str] = ..., sinks: _Optional[_Iterable[_Union[_runs_pb2.Sink, _Mapping]]] = ..., echo: _Optional[str] = ..., limits: _Optional[_Union[_runs_pb2.RunLimits, _Mapping]] = ..., prices: _Optional[_Iterable[_Union[_runs_pb2.PricedModel, _Mapping]]] = ...) -> None: ...

class Invoked(_message.Message):
    __slots__ = ("run", "session", "agent_key", "is_queued", "is_merged", "code", "message")
    RUN_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    AGENT_KEY_FIELD_NUMBER: _ClassVar[int]
    IS_QUEUED_FIELD_NUMBER: _ClassVar[int]
    IS_MERGED_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    run: str
    session: str
    agent_key: str
    is_queued: bool
    is_merged: bool
    code: str
    message: str
    def __init__(self, run: _Optional[str] = ..., session: _Optional[str] = ..., agent_key: _Optional[str] = ..., is_queued: _Optional[bool] = ..., is_merged: _Optional[bool] = ..., code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class InvokeOverdue(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class AgentCreated(_message.Message):
    __slots__ = ("persona", "at")
    PERSONA_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    persona: Persona
    at: int
    def __init__(self, persona: _Optional[_Union[Persona, _Mapping]] = ..., at: _Optional[int] = ...) -> None: ...

class AgentConfigured(_message.Message):
    __slots__ = ("persona", "at")
    PERSONA_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    persona: Persona
    at: int
    def __init__(self, persona: _Optional[_Union[Persona, _Mapping]] = ..., at: _Optional[int] = ...) -> None: ...

class AgentDisabled(_message.Message):
    __slots__ = ("at",)
    AT_FIELD_NUMBER: _ClassVar[int]
    at: int
    def __init__(self, at: _Optional[int] = ...) -> None: ...

class AgentEnabled(_message.Message):
    __slots__ = ("at",)
    AT_FIELD_NUMBER: _ClassVar[int]
    at: int
    def __init__(self, at: _Optional[int] = ...) -> None: ...

class AgentRetired(_message.Message):
    __slots__ = ("at",)
    AT_FIELD_NUMBER: _ClassVar[int]
    at: int
    def __init__(self, at: _Optional[int] = ...) -> None: ...

class AgentState(_message.Message):
    __slots__ = ("persona", "is_disabled", "is_retired", "created_at", "changed_at", "version")
    PERSONA_FIELD_NUMBER: _ClassVar[int]
    IS_DISABLED_FIELD_NUMBER: _ClassVar[int]
    IS_RETIRED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    persona: Persona
    is_disabled: bool
    is_retired: bool
    created_at: int
    changed_at: int
    version: int
    def __init__(self, persona: _Optional[_Union[Persona, _Mapping]] = ..., is_disabled: _Optional[bool] = ..., is_retired: _Optional[bool] = ..., created_at: _Optional[int] = ..., changed_at: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...

class AgentDocument(_message.Message):
    __slots__ = ("persona", "is_disabled", "created_at", "changed_at", "version")
    PERSONA_FIELD_NUMBER: _ClassVar[int]
    IS_DISABLED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    persona: Persona
    is_disabled: bool
    created_at: int
    changed_at: int
    version: int
    def __init__(self, persona: _Optional[_Union[Persona, _Mapping]] = ..., is_disabled: _Optional[bool] = ..., created_at: _Optional[int] = ..., changed_at: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...

class SubmitRun(_message.Message):
    __slots__ = ("start", "run_key", "policy")
    START_FIELD_NUMBER: _ClassVar[int]
    RUN_KEY_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    start: _runs_pb2.StartRun
    run_key: str
    policy: str
    def __init__(self, start: _Optional[_Union[_runs_pb2.StartRun, _Mapping]] = ..., run_key: _Optional[str] = ..., policy: _Optional[str] = ...) -> None: ...

class RunSubmitted(_message.Message):
    __slots__ = ("run", "is_queued", "is_merged")
    RUN_FIELD_NUMBER: _ClassVar[int]
    IS_QUEUED_FIELD_NUMBER: _ClassVar[int]
    IS_MERGED_FIELD_NUMBER: _ClassVar[int]
    run: str
    is_queued: bool
    is_merged: bool
    def __init__(self, run: _Optional[str] = ..., is_queued: _Optional[bool] = ..., is_merged: _Optional[bool] = ...) -> None: ...

class MergeOverdue(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class ThreadRunQueued(_message.Message):
    __slots__ = ("run_key", "interrupts")
    RUN_KEY_FIELD_NUMBER: _ClassVar[int]
    INTERRUPTS_FIELD_NUMBER: _ClassVar[int]
    run_key: str
    interrupts: bool
    def __init__(self, run_key: _Optional[str] = ..., interrupts: _Optional[bool] = ...) -> None: ...

class ThreadRunStarted(_message.Message):
    __slots__ = ("run_key",)
    RUN_KEY_FIELD_NUMBER: _ClassVar[int]
    run_key: str
    def __init__(self, run_key: _Optional[str] = ...) -> None: ...

class ThreadRunEnded(_message.Message):
    __slots__ = ("run_key", "status", "tokens")
    RUN_KEY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    run_key: str
    status: str
    tokens: int
    def __init__(self, run_key: _Optional[str] = ..., status: _Optional[str] = ..., tokens: _Optional[int] = ...) -> None: ...

class ThreadMergeAsked(_message.Message):
    __slots__ = ("command_id", "merging")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    MERGING_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    merging: Merging
    def __init__(self, command_id: _Optional[str] = ..., merging: _Optional[_Union[Merging, _Mapping]] = ...) -> None: ...

class ThreadMergeSettled(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class QueuedRun(_message.Message):
    __slots__ = ("run_key", "interrupts")
    RUN_KEY_FIELD_NUMBER: _ClassVar[int]
    INTERRUPTS_FIELD_NUMBER: _ClassVar[int]
    run_key: str
    interrupts: bool
    def __init__(self, run_key: _Optional[str] = ..., interrupts: _Optional[bool] = ...) -> None: ...

class Merging(_message.Message):
    __slots__ = ("submitted", "run", "into")
    SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    INTO_FIELD_NUMBER: _ClassVar[int]
    submitted: str
    run: SubmitRun
    into: str
    def __init__(self, submitted: _Optional[str] = ..., run: _Optional[_Union[SubmitRun, _Mapping]] = ..., into: _Optional[str] = ...) -> None: ...

class ThreadState(_message.Message):
    __slots__ = ("active", "queue", "last", "last_tokens", "merging")
    class MergingEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Merging
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Merging, _Mapping]] = ...) -> None: ...
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    LAST_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MERGING_FIELD_NUMBER: _ClassVar[int]
    active: str
    queue: _containers.RepeatedCompositeFieldContainer[QueuedRun]
    last: str
    last_tokens: int
    merging: _containers.MessageMap[str, Merging]
    def __init__(self, active: _Optional[str] = ..., queue: _Optional[_Iterable[_Union[QueuedRun, _Mapping]]] = ..., last: _Optional[str] = ..., last_tokens: _Optional[int] = ..., merging: _Optional[_Mapping[str, Merging]] = ...) -> None: ...

class SetBudget(_message.Message):
    __slots__ = ("tokens", "usd_micros")
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    tokens: int
    usd_micros: int
    def __init__(self, tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ...) -> None: ...

class Reserve(_message.Message):
    __slots__ = ("call_id", "tokens", "usd_micros")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    tokens: int
    usd_micros: int
    def __init__(self, call_id: _Optional[str] = ..., tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ...) -> None: ...

class Reserved(_message.Message):
    __slots__ = ("call_id", "is_unpriced")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    IS_UNPRICED_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    is_unpriced: bool
    def __init__(self, call_id: _Optional[str] = ..., is_unpriced: _Optional[bool] = ...) -> None: ...

class Settle(_message.Message):
    __slots__ = ("call_id", "tokens", "usd_micros")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    tokens: int
    usd_micros: int
    def __init__(self, call_id: _Optional[str] = ..., tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ...) -> None: ...

class BudgetSet(_message.Message):
    __slots__ = ("tokens", "usd_micros")
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    tokens: int
    usd_micros: int
    def __init__(self, tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ...) -> None: ...

class TokensReserved(_message.Message):
    __slots__ = ("call_id", "tokens", "usd_micros")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    tokens: int
    usd_micros: int
    def __init__(self, call_id: _Optional[str] = ..., tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ...) -> None: ...

class TokensSettled(_message.Message):
    __slots__ = ("call_id", "tokens", "usd_micros")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    tokens: int
    usd_micros: int
    def __init__(self, call_id: _Optional[str] = ..., tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("tokens", "usd_micros")
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    tokens: int
    usd_micros: int
    def __init__(self, tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ...) -> None: ...

class BudgetState(_message.Message):
    __slots__ = ("tokens", "usd_micros", "spent_tokens", "spent_usd_micros", "open", "settled", "unpriced_calls")
    class OpenEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Reservation
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    SPENT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SPENT_USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_CALLS_FIELD_NUMBER: _ClassVar[int]
    tokens: int
    usd_micros: int
    spent_tokens: int
    spent_usd_micros: int
    open: _containers.MessageMap[str, Reservation]
    settled: _containers.RepeatedScalarFieldContainer[str]
    unpriced_calls: int
    def __init__(self, tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ..., spent_tokens: _Optional[int] = ..., spent_usd_micros: _Optional[int] = ..., open: _Optional[_Mapping[str, Reservation]] = ..., settled: _Optional[_Iterable[str]] = ..., unpriced_calls: _Optional[int] = ...) -> None: ...

class BudgetDocument(_message.Message):
    __slots__ = ("tokens", "usd_micros", "spent_tokens", "spent_usd_micros", "open", "reserved_tokens", "reserved_usd_micros", "unpriced_calls")
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    SPENT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SPENT_USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    RESERVED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    RESERVED_USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_CALLS_FIELD_NUMBER: _ClassVar[int]
    tokens: int
    usd_micros: int
    spent_tokens: int
    spent_usd_micros: int
    open: int
    reserved_tokens: int
    reserved_usd_micros: int
    unpriced_calls: int
    def __init__(self, tokens: _Optional[int] = ..., usd_micros: _Optional[int] = ..., spent_tokens: _Optional[int] = ..., spent_usd_micros: _Optional[int] = ..., open: _Optional[int] = ..., reserved_tokens: _Optional[int] = ..., reserved_usd_micros: _Optional[int] = ..., unpriced_calls: _Optional[int] = ...) -> None: ...
