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

class RunStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_STATUS_UNSPECIFIED: _ClassVar[RunStatus]
    RUN_STATUS_QUEUED: _ClassVar[RunStatus]
    RUN_STATUS_RUNNING: _ClassVar[RunStatus]
    RUN_STATUS_SUSPENDED: _ClassVar[RunStatus]
    RUN_STATUS_COMPLETED: _ClassVar[RunStatus]
    RUN_STATUS_FAILED: _ClassVar[RunStatus]
    RUN_STATUS_CANCELLED: _ClassVar[RunStatus]
    RUN_STATUS_INCOMPLETE: _ClassVar[RunStatus]
    RUN_STATUS_INTERRUPTED: _ClassVar[RunStatus]

class CallPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_PHASE_WAITING: _ClassVar[CallPhase]
    CALL_PHASE_BLOCKED: _ClassVar[CallPhase]
    CALL_PHASE_RUNNING: _ClassVar[CallPhase]
    CALL_PHASE_HELD: _ClassVar[CallPhase]
    CALL_PHASE_DONE: _ClassVar[CallPhase]
RUN_STATUS_UNSPECIFIED: RunStatus
RUN_STATUS_QUEUED: RunStatus
RUN_STATUS_RUNNING: RunStatus
RUN_STATUS_SUSPENDED: RunStatus
RUN_STATUS_COMPLETED: RunStatus
RUN_STATUS_FAILED: RunStatus
RUN_STATUS_CANCELLED: RunStatus
RUN_STATUS_INCOMPLETE: RunStatus
RUN_STATUS_INTERRUPTED: RunStatus
CALL_PHASE_WAITING: CallPhase
CALL_PHASE_BLOCKED: CallPhase
CALL_PHASE_RUNNING: CallPhase
CALL_PHASE_HELD: CallPhase
CALL_PHASE_DONE: CallPhase

class Item(_message.Message):
    __slots__ = ("id", "message", "reasoning", "call", "result", "kept", "is_input", "is_incomplete", "is_internal", "round", "is_commentary", "kept_tokens")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    IS_INPUT_FIELD_NUMBER: _ClassVar[int]
    IS_INCOMPLETE_FIELD_NUMBER: _ClassVar[int]
    IS_INTERNAL_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    IS_COMMENTARY_FIELD_NUMBER: _ClassVar[int]
    KEPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    id: str
    message: _models_pb2.Message
    reasoning: _models_pb2.ReasoningPart
    call: CallItem
    result: ResultItem
    kept: _models_pb2.Media
    is_input: bool
    is_incomplete: bool
    is_internal: bool
    round: int
    is_commentary: bool
    kept_tokens: int
    def __init__(self, id: _Optional[str] = ..., message: _Optional[_Union[_models_pb2.Message, _Mapping]] = ..., reasoning: _Optional[_Union[_models_pb2.ReasoningPart, _Mapping]] = ..., call: _Optional[_Union[CallItem, _Mapping]] = ..., result: _Optional[_Union[ResultItem, _Mapping]] = ..., kept: _Optional[_Union[_models_pb2.Media, _Mapping]] = ..., is_input: _Optional[bool] = ..., is_incomplete: _Optional[bool] = ..., is_internal: _Optional[bool] = ..., round: _Optional[int] = ..., is_commentary: _Optional[bool] = ..., kept_tokens: _Optional[int] = ...) -> None: ...

class CallItem(_message.Message):
    __slots__ = ("call_id", "name", "arguments", "is_client")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    IS_CLIENT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    name: str
    arguments: str
    is_client: bool
    def __init__(self, call_id: _Optional[str] = ..., name: _Optional[str] = ..., arguments: _Optional[str] = ..., is_client: _Optional[bool] = ...) -> None: ...

class ResultItem(_message.Message):
    __slots__ = ("call_id", "result")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    result: _tools_pb2.ToolResult
    def __init__(self, call_id: _Optional[str] = ..., result: _Optional[_Union[_tools_pb2.ToolResult, _Mapping]] = ...) -> None: ...

class History(_message.Message):
    __slots__ = ("previous_run", "estimated_tokens")
    PREVIOUS_RUN_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    previous_run: str
    estimated_tokens: int
    def __init__(self, previous_run: _Optional[str] = ..., estimated_tokens: _Optional[int] = ...) -> None: ...

class Parameters(_message.Message):
    __slots__ = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "max_output_tokens", "reasoning", "text_format", "stop", "truncate", "verbosity")
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_PENALTY_FIELD_NUMBER: _ClassVar[int]
    FREQUENCY_PENALTY_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    TEXT_FORMAT_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    TRUNCATE_FIELD_NUMBER: _ClassVar[int]
    VERBOSITY_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    top_p: float
    presence_penalty: float
    frequency_penalty: float
    max_output_tokens: int
    reasoning: _models_pb2.ReasoningOptions
    text_format: _models_pb2.TextFormat
    stop: _containers.RepeatedScalarFieldContainer[str]
    truncate: bool
    verbosity: str
    def __init__(self, temperature: _Optional[float] = ..., top_p: _Optional[float] = ..., presence_penalty: _Optional[float] = ..., frequency_penalty: _Optional[float] = ..., max_output_tokens: _Optional[int] = ..., reasoning: _Optional[_Union[_models_pb2.ReasoningOptions, _Mapping]] = ..., text_format: _Optional[_Union[_models_pb2.TextFormat, _Mapping]] = ..., stop: _Optional[_Iterable[str]] = ..., truncate: _Optional[bool] = ..., verbosity: _Optional[str] = ...) -> None: ...

class RunLimits(_message.Message):
    __slots__ = ("rounds", "calls_per_round", "calls", "wall_seconds", "input_tokens", "output_tokens", "depth", "live_sub_runs", "usd_micros")
    ROUNDS_FIELD_NUMBER: _ClassVar[int]
    CALLS_PER_ROUND_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    WALL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    LIVE_SUB_RUNS_FIELD_NUMBER: _ClassVar[int]
    USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    rounds: int
    calls_per_round: int
    calls: int
    wall_seconds: int
    input_tokens: int
    output_tokens: int
    depth: int
    live_sub_runs: int
    usd_micros: int
    def __init__(self, rounds: _Optional[int] = ..., calls_per_round: _Optional[int] = ..., calls: _Optional[int] = ..., wall_seconds: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., depth: _Optional[int] = ..., live_sub_runs: _Optional[int] = ..., usd_micros: _Optional[int] = ...) -> None: ...

class RunContext(_message.Message):
    __slots__ = ("request_id", "root_run", "parent_run", "parent_call_id", "depth", "lineage", "budget", "credential_handle_id", "credential_owner", "is_unattended", "deadline", "is_detached")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ROOT_RUN_FIELD_NUMBER: _ClassVar[int]
    PARENT_RUN_FIELD_NUMBER: _ClassVar[int]
    PARENT_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_HANDLE_ID_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_OWNER_FIELD_NUMBER: _ClassVar[int]
    IS_UNATTENDED_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    IS_DETACHED_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    root_run: str
    parent_run: str
    parent_call_id: str
    depth: int
    lineage: _containers.RepeatedScalarFieldContainer[str]
    budget: str
    credential_handle_id: str
    credential_owner: str
    is_unattended: bool
    deadline: int
    is_detached: bool
    def __init__(self, request_id: _Optional[str] = ..., root_run: _Optional[str] = ..., parent_run: _Optional[str] = ..., parent_call_id: _Optional[str] = ..., depth: _Optional[int] = ..., lineage: _Optional[_Iterable[str]] = ..., budget: _Optional[str] = ..., credential_handle_id: _Optional[str] = ..., credential_owner: _Optional[str] = ..., is_unattended: _Optional[bool] = ..., deadline: _Optional[int] = ..., is_detached: _Optional[bool] = ...) -> None: ...

class Caller(_message.Message):
    __slots__ = ("subject", "permissions")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    subject: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ...) -> None: ...

class Hint(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class PersonaSnapshot(_message.Message):
    __slots__ = ("agent_key", "display_name", "instructions", "tool_set", "tool_names", "tightened", "detail", "compaction")
    class TightenedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AGENT_KEY_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    TOOL_SET_FIELD_NUMBER: _ClassVar[int]
    TOOL_NAMES_FIELD_NUMBER: _ClassVar[int]
    TIGHTENED_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    COMPACTION_FIELD_NUMBER: _ClassVar[int]
    agent_key: str
    display_name: str
    instructions: str
    tool_set: str
    tool_names: _containers.RepeatedScalarFieldContainer[str]
    tightened: _containers.ScalarMap[str, str]
    detail: str
    compaction: str
    def __init__(self, agent_key: _Optional[str] = ..., display_name: _Optional[str] = ..., instructions: _Optional[str] = ..., tool_set: _Optional[str] = ..., tool_names: _Optional[_Iterable[str]] = ..., tightened: _Optional[_Mapping[str, str]] = ..., detail: _Optional[str] = ..., compaction: _Optional[str] = ...) -> None: ...

class PricedModel(_message.Message):
    __slots__ = ("model", "price")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    model: str
    price: _models_pb2.Price
    def __init__(self, model: _Optional[str] = ..., price: _Optional[_Union[_models_pb2.Price, _Mapping]] = ...) -> None: ...

class Sink(_message.Message):
    __slots__ = ("id", "channel", "address", "max_interim", "text_limit", "window_ms")
    ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    MAX_INTERIM_FIELD_NUMBER: _ClassVar[int]
    TEXT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_MS_FIELD_NUMBER: _ClassVar[int]
    id: str
    channel: str
    address: str
    max_interim: int
    text_limit: int
    window_ms: int
    def __init__(self, id: _Optional[str] = ..., channel: _Optional[str] = ..., address: _Optional[str] = ..., max_interim: _Optional[int] = ..., text_limit: _Optional[int] = ..., window_ms: _Optional[int] = ...) -> None: ...

class Prefilled(_message.Message):
    __slots__ = ("tool", "arguments")
    TOOL_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    tool: str
    arguments: str
    def __init__(self, tool: _Optional[str] = ..., arguments: _Optional[str] = ...) -> None: ...

class StartRun(_message.Message):
    __slots__ = ("origin", "persona", "input", "history", "context", "model", "model_reason", "fallbacks", "parameters", "client_tools", "tool_choice", "serial_calls", "limits", "sinks", "report_to", "thread", "echo", "is_unstored", "rule_id", "prefilled", "context_length", "is_queued", "hints", "caller", "prices", "asked")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    PERSONA_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_REASON_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TOOLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CHOICE_FIELD_NUMBER: _ClassVar[int]
    SERIAL_CALLS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SINKS_FIELD_NUMBER: _ClassVar[int]
    REPORT_TO_FIELD_NUMBER: _ClassVar[int]
    THREAD_FIELD_NUMBER: _ClassVar[int]
    ECHO_FIELD_NUMBER: _ClassVar[int]
    IS_UNSTORED_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    PREFILLED_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    IS_QUEUED_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    origin: str
    persona: PersonaSnapshot
    input: _containers.RepeatedCompositeFieldContainer[Item]
    history: History
    context: RunContext
    model: str
    model_reason: str
    fallbacks: _containers.RepeatedScalarFieldContainer[str]
    parameters: Parameters
    client_tools: _containers.RepeatedCompositeFieldContainer[_models_pb2.ToolSpec]
    tool_choice: _models_pb2.ToolChoice
    serial_calls: bool
    limits: RunLimits
    sinks: _containers.RepeatedCompositeFieldContainer[Sink]
    report_to: str
    thread: str
    echo: str
    is_unstored: bool
    rule_id: str
    prefilled: _containers.RepeatedCompositeFieldContainer[Prefilled]
    context_length: int
    is_queued: bool
    hints: _containers.RepeatedCompositeFieldContainer[Hint]
    caller: Caller
    prices: _containers.RepeatedCompositeFieldContainer[PricedModel]
    asked: bytes
    def __init__(self, origin: _Optional[str] = ..., persona: _Optional[_Union[PersonaSnapshot, _Mapping]] = ..., input: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., history: _Optional[_Union[History, _Mapping]] = ..., context: _Optional[_Union[RunContext, _Mapping]] = ..., model: _Optional[str] = ..., model_reason: _Optional[str] = ..., fallbacks: _Optional[_Iterable[str]] = ..., parameters: _Optional[_Union[Parameters, _Mapping]] = ..., client_tools: _Optional[_Iterable[_Union[_models_pb2.ToolSpec, _Mapping]]] = ..., tool_choice: _Optional[_Union[_models_pb2.ToolChoice, _Mapping]] = ..., serial_calls: _Optional[bool] = ..., limits: _Optional[_Union[RunLimits, _Mapping]] = ..., sinks: _Optional[_Iterable[_Union[Sink, _Mapping]]] = ..., report_to: _Optional[str] = ..., thread: _Optional[str] = ..., echo: _Optional[str] = ..., is_unstored: _Optional[bool] = ..., rule_id: _Optional[str] = ..., prefilled: _Optional[_Iterable[_Union[Prefilled, _Mapping]]] = ..., context_length: _Optional[int] = ..., is_queued: _Optional[bool] = ..., hints: _Optional[_Iterable[_Union[Hint, _Mapping]]] = ..., caller: _Optional[_Union[Caller, _Mapping]] = ..., prices: _Optional[_Iterable[_Union[PricedModel, _Mapping]]] = ..., asked: _Optional[bytes] = ...) -> None: ...

class RunAccepted(_message.Message):
    __slots__ = ("run_id", "session")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    session: str
    def __init__(self, run_id: _Optional[str] = ..., session: _Optional[str] = ...) -> None: ...

class BeginRun(_message.Message):
    __slots__ = ("history",)
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    history: History
    def __init__(self, history: _Optional[_Union[History, _Mapping]] = ...) -> None: ...

class CancelRun(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class EndWithParent(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EndingWithParent(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AddRunInput(_message.Message):
    __slots__ = ("input",)
    INPUT_FIELD_NUMBER: _ClassVar[int]
    input: _containers.RepeatedCompositeFieldContainer[Item]
    def __init__(self, input: _Optional[_Iterable[_Union[Item, _Mapping]]] = ...) -> None: ...

class DecideApproval(_message.Message):
    __slots__ = ("approval_id", "decision", "reason", "arguments", "credential_handle_id")
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_HANDLE_ID_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    decision: str
    reason: str
    arguments: str
    credential_handle_id: str
    def __init__(self, approval_id: _Optional[str] = ..., decision: _Optional[str] = ..., reason: _Optional[str] = ..., arguments: _Optional[str] = ..., credential_handle_id: _Optional[str] = ...) -> None: ...

class ApprovalDecided(_message.Message):
    __slots__ = ("approval_id", "decision")
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    decision: str
    def __init__(self, approval_id: _Optional[str] = ..., decision: _Optional[str] = ...) -> None: ...

class DeadlinePassed(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ApprovalExpired(_message.Message):
    __slots__ = ("approval_id",)
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    def __init__(self, approval_id: _Optional[str] = ...) -> None: ...

class WaitPassed(_message.Message):
    __slots__ = ("call_id",)
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    def __init__(self, call_id: _Optional[str] = ...) -> None: ...

class RunEndedAlready(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: str
    def __init__(self, status: _Optional[str] = ...) -> None: ...

class SubRunUsed(_message.Message):
    __slots__ = ("call_id", "run", "usage")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    run: str
    usage: _models_pb2.Usage
    def __init__(self, call_id: _Optional[str] = ..., run: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ...) -> None: ...

class ReaderLeft(_message.Message):
    __slots__ = ("cancel_after",)
    CANCEL_AFTER_FIELD_NUMBER: _ClassVar[int]
    cancel_after: float
    def __init__(self, cancel_after: _Optional[float] = ...) -> None: ...

class ReaderCame(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeleteRun(_message.Message):
    __slots__ = ("continued_by", "lets_end")
    CONTINUED_BY_FIELD_NUMBER: _ClassVar[int]
    LETS_END_FIELD_NUMBER: _ClassVar[int]
    continued_by: _containers.RepeatedScalarFieldContainer[str]
    lets_end: bool
    def __init__(self, continued_by: _Optional[_Iterable[str]] = ..., lets_end: _Optional[bool] = ...) -> None: ...

class AwaitRuns(_message.Message):
    __slots__ = ("runs",)
    RUNS_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, runs: _Optional[_Iterable[str]] = ...) -> None: ...

class RunsEnded(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class FindContinuations(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ContinuationsFound(_message.Message):
    __slots__ = ("are_there",)
    ARE_THERE_FIELD_NUMBER: _ClassVar[int]
    are_there: bool
    def __init__(self, are_there: _Optional[bool] = ...) -> None: ...

class RunConcluded(_message.Message):
    __slots__ = ("run_id", "correlation", "status", "text", "usage", "error")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    correlation: str
    status: str
    text: str
    usage: _models_pb2.Usage
    error: _models_pb2.ModelFailure
    def __init__(self, run_id: _Optional[str] = ..., correlation: _Optional[str] = ..., status: _Optional[str] = ..., text: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., error: _Optional[_Union[_models_pb2.ModelFailure, _Mapping]] = ...) -> None: ...

class RunProgressed(_message.Message):
    __slots__ = ("run_id", "correlation", "text")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    correlation: str
    text: str
    def __init__(self, run_id: _Optional[str] = ..., correlation: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class ApprovalReported(_message.Message):
    __slots__ = ("run_id", "correlation", "approval")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    correlation: str
    approval: Approval
    def __init__(self, run_id: _Optional[str] = ..., correlation: _Optional[str] = ..., approval: _Optional[_Union[Approval, _Mapping]] = ...) -> None: ...

class DiscoverTools(_message.Message):
    __slots__ = ("tool_set", "tool_names", "context")
    TOOL_SET_FIELD_NUMBER: _ClassVar[int]
    TOOL_NAMES_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    tool_set: str
    tool_names: _containers.RepeatedScalarFieldContainer[str]
    context: ToolContext
    def __init__(self, tool_set: _Optional[str] = ..., tool_names: _Optional[_Iterable[str]] = ..., context: _Optional[_Union[ToolContext, _Mapping]] = ...) -> None: ...

class ToolContext(_message.Message):
    __slots__ = ("run", "run_context", "call_id", "model", "deadline", "origin", "lineage_key", "sub_runs_left", "caller")
    RUN_FIELD_NUMBER: _ClassVar[int]
    RUN_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_KEY_FIELD_NUMBER: _ClassVar[int]
    SUB_RUNS_LEFT_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    run: str
    run_context: RunContext
    call_id: str
    model: str
    deadline: int
    origin: str
    lineage_key: str
    sub_runs_left: int
    caller: Caller
    def __init__(self, run: _Optional[str] = ..., run_context: _Optional[_Union[RunContext, _Mapping]] = ..., call_id: _Optional[str] = ..., model: _Optional[str] = ..., deadline: _Optional[int] = ..., origin: _Optional[str] = ..., lineage_key: _Optional[str] = ..., sub_runs_left: _Optional[int] = ..., caller: _Optional[_Union[Caller, _Mapping]] = ...) -> None: ...

class FixedTool(_message.Message):
    __slots__ = ("name", "source", "description", "schema", "strict", "digest", "read_only", "idempotent", "reconciles", "timeout", "is_client", "starts_runs")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    STRICT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENT_FIELD_NUMBER: _ClassVar[int]
    RECONCILES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    IS_CLIENT_FIELD_NUMBER: _ClassVar[int]
    STARTS_RUNS_FIELD_NUMBER: _ClassVar[int]
    name: str
    source: str
    description: str
    schema: str
    strict: bool
    digest: str
    read_only: bool
    idempotent: bool
    reconciles: bool
    timeout: float
    is_client: bool
    starts_runs: bool
    def __init__(self, name: _Optional[str] = ..., source: _Optional[str] = ..., description: _Optional[str] = ..., schema: _Optional[str] = ..., strict: _Optional[bool] = ..., digest: _Optional[str] = ..., read_only: _Optional[bool] = ..., idempotent: _Optional[bool] = ..., reconciles: _Optional[bool] = ..., timeout: _Optional[float] = ..., is_client: _Optional[bool] = ..., starts_runs: _Optional[bool] = ...) -> None: ...

class ToolsDiscovered(_message.Message):
    __slots__ = ("tools", "sources_failed", "error_code")
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FAILED_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    tools: _containers.RepeatedCompositeFieldContainer[FixedTool]
    sources_failed: _containers.RepeatedScalarFieldContainer[str]
    error_code: str
    def __init__(self, tools: _Optional[_Iterable[_Union[FixedTool, _Mapping]]] = ..., sources_failed: _Optional[_Iterable[str]] = ..., error_code: _Optional[str] = ...) -> None: ...

class CallModel(_message.Message):
    __slots__ = ("call_id", "round", "model", "attempt")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    round: int
    model: str
    attempt: int
    def __init__(self, call_id: _Optional[str] = ..., round: _Optional[int] = ..., model: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class DeltaArrived(_message.Message):
    __slots__ = ("call_id", "attempt", "text", "text_offset", "reasoning", "reasoning_offset", "reasoning_part", "signature", "calls", "begins_again")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    REASONING_OFFSET_FIELD_NUMBER: _ClassVar[int]
    REASONING_PART_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    BEGINS_AGAIN_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    attempt: int
    text: str
    text_offset: int
    reasoning: str
    reasoning_offset: int
    reasoning_part: int
    signature: str
    calls: _containers.RepeatedCompositeFieldContainer[CallPiece]
    begins_again: bool
    def __init__(self, call_id: _Optional[str] = ..., attempt: _Optional[int] = ..., text: _Optional[str] = ..., text_offset: _Optional[int] = ..., reasoning: _Optional[str] = ..., reasoning_offset: _Optional[int] = ..., reasoning_part: _Optional[int] = ..., signature: _Optional[str] = ..., calls: _Optional[_Iterable[_Union[CallPiece, _Mapping]]] = ..., begins_again: _Optional[bool] = ...) -> None: ...

class CallPiece(_message.Message):
    __slots__ = ("index", "call_id", "name", "arguments", "offset")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    index: int
    call_id: str
    name: str
    arguments: str
    offset: int
    def __init__(self, index: _Optional[int] = ..., call_id: _Optional[str] = ..., name: _Optional[str] = ..., arguments: _Optional[str] = ..., offset: _Optional[int] = ...) -> None: ...

class ModelReplied(_message.Message):
    __slots__ = ("call_id", "text", "reasoning", "calls", "usage", "finish", "model", "attempts", "compaction", "warnings", "sections", "guessed_tokens")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    FINISH_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    COMPACTION_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    GUESSED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    text: str
    reasoning: _containers.RepeatedCompositeFieldContainer[_models_pb2.ReasoningPart]
    calls: _containers.RepeatedCompositeFieldContainer[_models_pb2.ToolCall]
    usage: _models_pb2.Usage
    finish: _models_pb2.Finish
    model: str
    attempts: int
    compaction: Compaction
    warnings: _containers.RepeatedScalarFieldContainer[str]
    sections: _containers.RepeatedCompositeFieldContainer[SectionVersion]
    guessed_tokens: int
    def __init__(self, call_id: _Optional[str] = ..., text: _Optional[str] = ..., reasoning: _Optional[_Iterable[_Union[_models_pb2.ReasoningPart, _Mapping]]] = ..., calls: _Optional[_Iterable[_Union[_models_pb2.ToolCall, _Mapping]]] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., finish: _Optional[_Union[_models_pb2.Finish, str]] = ..., model: _Optional[str] = ..., attempts: _Optional[int] = ..., compaction: _Optional[_Union[Compaction, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ..., sections: _Optional[_Iterable[_Union[SectionVersion, _Mapping]]] = ..., guessed_tokens: _Optional[int] = ...) -> None: ...

class SectionVersion(_message.Message):
    __slots__ = ("name", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class SummaryWanted(_message.Message):
    __slots__ = ("call_id", "tokens")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    tokens: int
    def __init__(self, call_id: _Optional[str] = ..., tokens: _Optional[int] = ...) -> None: ...

class SummariseTalk(_message.Message):
    __slots__ = ("call_id", "model", "attempt")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    model: str
    attempt: int
    def __init__(self, call_id: _Optional[str] = ..., model: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class TalkSummarised(_message.Message):
    __slots__ = ("call_id", "summary", "usage", "dropped")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    summary: Summary
    usage: _models_pb2.Usage
    dropped: int
    def __init__(self, call_id: _Optional[str] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., dropped: _Optional[int] = ...) -> None: ...

class SummaryFailed(_message.Message):
    __slots__ = ("call_id", "error", "usage")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    error: _models_pb2.ModelFailure
    usage: _models_pb2.Usage
    def __init__(self, call_id: _Optional[str] = ..., error: _Optional[_Union[_models_pb2.ModelFailure, _Mapping]] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("text", "covered")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    COVERED_FIELD_NUMBER: _ClassVar[int]
    text: str
    covered: int
    def __init__(self, text: _Optional[str] = ..., covered: _Optional[int] = ...) -> None: ...

class ModelFailed(_message.Message):
    __slots__ = ("call_id", "error", "shown", "attempts")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SHOWN_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    error: _models_pb2.ModelFailure
    shown: bool
    attempts: int
    def __init__(self, call_id: _Optional[str] = ..., error: _Optional[_Union[_models_pb2.ModelFailure, _Mapping]] = ..., shown: _Optional[bool] = ..., attempts: _Optional[int] = ...) -> None: ...

class Compaction(_message.Message):
    __slots__ = ("level", "shortened", "dropped", "summary")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    SHORTENED_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    level: int
    shortened: int
    dropped: int
    summary: Summary
    def __init__(self, level: _Optional[int] = ..., shortened: _Optional[int] = ..., dropped: _Optional[int] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ...) -> None: ...

class CallTool(_message.Message):
    __slots__ = ("call_id", "name", "arguments", "digest", "tool_set", "context", "prefilled", "at_least", "is_approved", "source")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    TOOL_SET_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    PREFILLED_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    IS_APPROVED_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    name: str
    arguments: str
    digest: str
    tool_set: str
    context: ToolContext
    prefilled: str
    at_least: str
    is_approved: bool
    source: str
    def __init__(self, call_id: _Optional[str] = ..., name: _Optional[str] = ..., arguments: _Optional[str] = ..., digest: _Optional[str] = ..., tool_set: _Optional[str] = ..., context: _Optional[_Union[ToolContext, _Mapping]] = ..., prefilled: _Optional[str] = ..., at_least: _Optional[str] = ..., is_approved: _Optional[bool] = ..., source: _Optional[str] = ...) -> None: ...

class CallToolOnce(_message.Message):
    __slots__ = ("call",)
    CALL_FIELD_NUMBER: _ClassVar[int]
    call: CallTool
    def __init__(self, call: _Optional[_Union[CallTool, _Mapping]] = ...) -> None: ...

class ReconcileTool(_message.Message):
    __slots__ = ("call", "effect_id")
    CALL_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    call: CallTool
    effect_id: str
    def __init__(self, call: _Optional[_Union[CallTool, _Mapping]] = ..., effect_id: _Optional[str] = ...) -> None: ...

class ToolFinished(_message.Message):
    __slots__ = ("call_id", "result", "sub_run", "hold")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SUB_RUN_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    result: _tools_pb2.ToolResult
    sub_run: SubRun
    hold: Hold
    def __init__(self, call_id: _Optional[str] = ..., result: _Optional[_Union[_tools_pb2.ToolResult, _Mapping]] = ..., sub_run: _Optional[_Union[SubRun, _Mapping]] = ..., hold: _Optional[_Union[Hold, _Mapping]] = ...) -> None: ...

class ApprovalNeeded(_message.Message):
    __slots__ = ("call_id", "reason")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    reason: str
    def __init__(self, call_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ToolReconciled(_message.Message):
    __slots__ = ("call_id", "is_known", "took_effect", "result")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    IS_KNOWN_FIELD_NUMBER: _ClassVar[int]
    TOOK_EFFECT_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    is_known: bool
    took_effect: bool
    result: _tools_pb2.ToolResult
    def __init__(self, call_id: _Optional[str] = ..., is_known: _Optional[bool] = ..., took_effect: _Optional[bool] = ..., result: _Optional[_Union[_tools_pb2.ToolResult, _Mapping]] = ...) -> None: ...

class SubRun(_message.Message):
    __slots__ = ("run", "session", "agent_key", "wait", "depth")
    RUN_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    AGENT_KEY_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    run: str
    session: str
    agent_key: str
    wait: str
    depth: int
    def __init__(self, run: _Optional[str] = ..., session: _Optional[str] = ..., agent_key: _Optional[str] = ..., wait: _Optional[str] = ..., depth: _Optional[int] = ...) -> None: ...

class Hold(_message.Message):
    __slots__ = ("wait_key", "seconds", "otherwise")
    WAIT_KEY_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    OTHERWISE_FIELD_NUMBER: _ClassVar[int]
    wait_key: str
    seconds: float
    otherwise: _tools_pb2.ToolResult
    def __init__(self, wait_key: _Optional[str] = ..., seconds: _Optional[float] = ..., otherwise: _Optional[_Union[_tools_pb2.ToolResult, _Mapping]] = ...) -> None: ...

class FollowSubRun(_message.Message):
    __slots__ = ("call_id", "run", "session", "after", "detail")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    run: str
    session: str
    after: int
    detail: str
    def __init__(self, call_id: _Optional[str] = ..., run: _Optional[str] = ..., session: _Optional[str] = ..., after: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class SubRunObserved(_message.Message):
    __slots__ = ("call_id", "events")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    events: _containers.RepeatedCompositeFieldContainer[ObservedEvent]
    def __init__(self, call_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[ObservedEvent, _Mapping]]] = ...) -> None: ...

class ObservedEvent(_message.Message):
    __slots__ = ("cursor", "name", "event")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    name: str
    event: bytes
    def __init__(self, cursor: _Optional[int] = ..., name: _Optional[str] = ..., event: _Optional[bytes] = ...) -> None: ...

class SubRunFinished(_message.Message):
    __slots__ = ("call_id", "status", "text", "usage", "error_code", "error_message")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    status: str
    text: str
    usage: _models_pb2.Usage
    error_code: str
    error_message: str
    def __init__(self, call_id: _Optional[str] = ..., status: _Optional[str] = ..., text: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., error_code: _Optional[str] = ..., error_message: _Optional[str] = ...) -> None: ...

class SendReply(_message.Message):
    __slots__ = ("channel", "sink", "ordinal", "text", "final", "address", "reference")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SINK_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    channel: str
    sink: str
    ordinal: int
    text: str
    final: bool
    address: str
    reference: str
    def __init__(self, channel: _Optional[str] = ..., sink: _Optional[str] = ..., ordinal: _Optional[int] = ..., text: _Optional[str] = ..., final: _Optional[bool] = ..., address: _Optional[str] = ..., reference: _Optional[str] = ...) -> None: ...

class ReplySent(_message.Message):
    __slots__ = ("sink", "ordinal", "reference")
    SINK_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    sink: str
    ordinal: int
    reference: str
    def __init__(self, sink: _Optional[str] = ..., ordinal: _Optional[int] = ..., reference: _Optional[str] = ...) -> None: ...

class ReplyFailed(_message.Message):
    __slots__ = ("sink", "ordinal", "code", "retry_after")
    SINK_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    sink: str
    ordinal: int
    code: str
    retry_after: float
    def __init__(self, sink: _Optional[str] = ..., ordinal: _Optional[int] = ..., code: _Optional[str] = ..., retry_after: _Optional[float] = ...) -> None: ...

class FlushDue(_message.Message):
    __slots__ = ("sink", "generation")
    SINK_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    sink: str
    generation: int
    def __init__(self, sink: _Optional[str] = ..., generation: _Optional[int] = ...) -> None: ...

class RunQueued(_message.Message):
    __slots__ = ("start", "run_id", "at", "caller")
    START_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    start: StartRun
    run_id: str
    at: int
    caller: Caller
    def __init__(self, start: _Optional[_Union[StartRun, _Mapping]] = ..., run_id: _Optional[str] = ..., at: _Optional[int] = ..., caller: _Optional[_Union[Caller, _Mapping]] = ...) -> None: ...

class RunForestalled(_message.Message):
    __slots__ = ("at",)
    AT_FIELD_NUMBER: _ClassVar[int]
    at: int
    def __init__(self, at: _Optional[int] = ...) -> None: ...

class RunStarted(_message.Message):
    __slots__ = ("at", "discovery_effect", "deadline", "history")
    AT_FIELD_NUMBER: _ClassVar[int]
    DISCOVERY_EFFECT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    at: int
    discovery_effect: str
    deadline: int
    history: History
    def __init__(self, at: _Optional[int] = ..., discovery_effect: _Optional[str] = ..., deadline: _Optional[int] = ..., history: _Optional[_Union[History, _Mapping]] = ...) -> None: ...

class ToolsFixed(_message.Message):
    __slots__ = ("tools", "sources_failed")
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FAILED_FIELD_NUMBER: _ClassVar[int]
    tools: _containers.RepeatedCompositeFieldContainer[FixedTool]
    sources_failed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tools: _Optional[_Iterable[_Union[FixedTool, _Mapping]]] = ..., sources_failed: _Optional[_Iterable[str]] = ...) -> None: ...

class ReservationAsked(_message.Message):
    __slots__ = ("command_id", "tokens")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    tokens: int
    def __init__(self, command_id: _Optional[str] = ..., tokens: _Optional[int] = ...) -> None: ...

class ModelCallStarted(_message.Message):
    __slots__ = ("call_id", "round", "effect_id", "model", "attempt", "is_final", "reservation")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    round: int
    effect_id: str
    model: str
    attempt: int
    is_final: bool
    reservation: str
    def __init__(self, call_id: _Optional[str] = ..., round: _Optional[int] = ..., effect_id: _Optional[str] = ..., model: _Optional[str] = ..., attempt: _Optional[int] = ..., is_final: _Optional[bool] = ..., reservation: _Optional[str] = ...) -> None: ...

class ReplyBegan(_message.Message):
    __slots__ = ("call_id",)
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    def __init__(self, call_id: _Optional[str] = ...) -> None: ...

class ReplyRestarted(_message.Message):
    __slots__ = ("call_id", "reason")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    reason: str
    def __init__(self, call_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ModelCallInterrupted(_message.Message):
    __slots__ = ("call_id", "was_shown")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    WAS_SHOWN_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    was_shown: bool
    def __init__(self, call_id: _Optional[str] = ..., was_shown: _Optional[bool] = ...) -> None: ...

class ModelFellBack(_message.Message):
    __slots__ = ("to", "code")
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    to: str
    code: str
    def __init__(self, to: _Optional[str] = ..., code: _Optional[str] = ..., **kwargs) -> None: ...

class ReplyContinued(_message.Message):
    __slots__ = ("text", "items", "dropped_calls")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_CALLS_FIELD_NUMBER: _ClassVar[int]
    text: str
    items: _containers.RepeatedCompositeFieldContainer[Item]
    dropped_calls: bool
    def __init__(self, text: _Optional[str] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., dropped_calls: _Optional[bool] = ...) -> None: ...

class MessageProduced(_message.Message):
    __slots__ = ("items", "is_final")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    is_final: bool
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., is_final: _Optional[bool] = ...) -> None: ...

class UsageCounted(_message.Message):
    __slots__ = ("call_id", "model", "usage", "is_lost", "is_summary", "guessed_tokens")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    IS_LOST_FIELD_NUMBER: _ClassVar[int]
    IS_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    GUESSED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    model: str
    usage: _models_pb2.Usage
    is_lost: bool
    is_summary: bool
    guessed_tokens: int
    def __init__(self, call_id: _Optional[str] = ..., model: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., is_lost: _Optional[bool] = ..., is_summary: _Optional[bool] = ..., guessed_tokens: _Optional[int] = ...) -> None: ...

class SectionsRead(_message.Message):
    __slots__ = ("call_id", "sections")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    sections: _containers.RepeatedCompositeFieldContainer[SectionVersion]
    def __init__(self, call_id: _Optional[str] = ..., sections: _Optional[_Iterable[_Union[SectionVersion, _Mapping]]] = ...) -> None: ...

class SummaryAsked(_message.Message):
    __slots__ = ("call_id", "reservation", "tokens")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    reservation: str
    tokens: int
    def __init__(self, call_id: _Optional[str] = ..., reservation: _Optional[str] = ..., tokens: _Optional[int] = ...) -> None: ...

class SummaryCallStarted(_message.Message):
    __slots__ = ("call_id", "effect_id", "model", "attempt")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    effect_id: str
    model: str
    attempt: int
    def __init__(self, call_id: _Optional[str] = ..., effect_id: _Optional[str] = ..., model: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class SummaryCallInterrupted(_message.Message):
    __slots__ = ("call_id",)
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    def __init__(self, call_id: _Optional[str] = ...) -> None: ...

class SummaryForgone(_message.Message):
    __slots__ = ("call_id", "reason")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    reason: str
    def __init__(self, call_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ContextCompacted(_message.Message):
    __slots__ = ("compaction",)
    COMPACTION_FIELD_NUMBER: _ClassVar[int]
    compaction: Compaction
    def __init__(self, compaction: _Optional[_Union[Compaction, _Mapping]] = ...) -> None: ...

class WarningNoted(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...

class ReplyRetried(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class ToolCallsProposed(_message.Message):
    __slots__ = ("round", "calls")
    ROUND_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    round: int
    calls: _containers.RepeatedCompositeFieldContainer[RoundCall]
    def __init__(self, round: _Optional[int] = ..., calls: _Optional[_Iterable[_Union[RoundCall, _Mapping]]] = ...) -> None: ...

class ToolCallStarted(_message.Message):
    __slots__ = ("call_id", "effect_id")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    effect_id: str
    def __init__(self, call_id: _Optional[str] = ..., effect_id: _Optional[str] = ...) -> None: ...

class ToolCallHeld(_message.Message):
    __slots__ = ("call_id", "wait_key", "otherwise", "until")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_KEY_FIELD_NUMBER: _ClassVar[int]
    OTHERWISE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    wait_key: str
    otherwise: _tools_pb2.ToolResult
    until: int
    def __init__(self, call_id: _Optional[str] = ..., wait_key: _Optional[str] = ..., otherwise: _Optional[_Union[_tools_pb2.ToolResult, _Mapping]] = ..., until: _Optional[int] = ...) -> None: ...

class ToolResultRecorded(_message.Message):
    __slots__ = ("call_id", "result")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    result: _tools_pb2.ToolResult
    def __init__(self, call_id: _Optional[str] = ..., result: _Optional[_Union[_tools_pb2.ToolResult, _Mapping]] = ...) -> None: ...

class ToolOutcomeUnknown(_message.Message):
    __slots__ = ("call_id", "effect_id")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    effect_id: str
    def __init__(self, call_id: _Optional[str] = ..., effect_id: _Optional[str] = ...) -> None: ...

class ResultsDelivered(_message.Message):
    __slots__ = ("round", "items")
    ROUND_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    round: int
    items: _containers.RepeatedCompositeFieldContainer[Item]
    def __init__(self, round: _Optional[int] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ...) -> None: ...

class ApprovalRequested(_message.Message):
    __slots__ = ("approval",)
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    approval: Approval
    def __init__(self, approval: _Optional[_Union[Approval, _Mapping]] = ...) -> None: ...

class ApprovalSettled(_message.Message):
    __slots__ = ("approval_id", "decision", "reason", "arguments", "by", "credential_handle_id")
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_HANDLE_ID_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    decision: str
    reason: str
    arguments: str
    by: str
    credential_handle_id: str
    def __init__(self, approval_id: _Optional[str] = ..., decision: _Optional[str] = ..., reason: _Optional[str] = ..., arguments: _Optional[str] = ..., by: _Optional[str] = ..., credential_handle_id: _Optional[str] = ...) -> None: ...

class RunSuspendedFact(_message.Message):
    __slots__ = ("at", "remaining_ms", "approval_ids")
    AT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_MS_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_IDS_FIELD_NUMBER: _ClassVar[int]
    at: int
    remaining_ms: int
    approval_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, at: _Optional[int] = ..., remaining_ms: _Optional[int] = ..., approval_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class RunResumedFact(_message.Message):
    __slots__ = ("at",)
    AT_FIELD_NUMBER: _ClassVar[int]
    at: int
    def __init__(self, at: _Optional[int] = ...) -> None: ...

class SubRunStarted(_message.Message):
    __slots__ = ("call_id", "sub_run", "effect_id")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    SUB_RUN_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    sub_run: SubRun
    effect_id: str
    def __init__(self, call_id: _Optional[str] = ..., sub_run: _Optional[_Union[SubRun, _Mapping]] = ..., effect_id: _Optional[str] = ...) -> None: ...

class SubRunAbandoned(_message.Message):
    __slots__ = ("call_id", "run")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    run: str
    def __init__(self, call_id: _Optional[str] = ..., run: _Optional[str] = ...) -> None: ...

class SubRunMirrored(_message.Message):
    __slots__ = ("call_id", "cursor")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    cursor: int
    def __init__(self, call_id: _Optional[str] = ..., cursor: _Optional[int] = ...) -> None: ...

class SubRunEnded(_message.Message):
    __slots__ = ("call_id", "status", "usage", "run_id")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    status: str
    usage: _models_pb2.Usage
    run_id: str
    def __init__(self, call_id: _Optional[str] = ..., status: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., run_id: _Optional[str] = ...) -> None: ...

class SubRunUsageCounted(_message.Message):
    __slots__ = ("call_id", "usage")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    usage: _models_pb2.Usage
    def __init__(self, call_id: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ...) -> None: ...

class RunInputAdded(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ...) -> None: ...

class CancellationRequested(_message.Message):
    __slots__ = ("reason", "by")
    REASON_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    reason: str
    by: str
    def __init__(self, reason: _Optional[str] = ..., by: _Optional[str] = ...) -> None: ...

class ReplyRequested(_message.Message):
    __slots__ = ("sink", "ordinal", "effect_id", "digest", "length", "final", "at")
    SINK_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    sink: str
    ordinal: int
    effect_id: str
    digest: bytes
    length: int
    final: bool
    at: int
    def __init__(self, sink: _Optional[str] = ..., ordinal: _Optional[int] = ..., effect_id: _Optional[str] = ..., digest: _Optional[bytes] = ..., length: _Optional[int] = ..., final: _Optional[bool] = ..., at: _Optional[int] = ...) -> None: ...

class ReplyAccepted(_message.Message):
    __slots__ = ("sink", "ordinal", "reference", "at")
    SINK_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    sink: str
    ordinal: int
    reference: str
    at: int
    def __init__(self, sink: _Optional[str] = ..., ordinal: _Optional[int] = ..., reference: _Optional[str] = ..., at: _Optional[int] = ...) -> None: ...

class ReplyFinalised(_message.Message):
    __slots__ = ("sink",)
    SINK_FIELD_NUMBER: _ClassVar[int]
    sink: str
    def __init__(self, sink: _Optional[str] = ...) -> None: ...

class RetryReply(_message.Message):
    __slots__ = ("sink",)
    SINK_FIELD_NUMBER: _ClassVar[int]
    sink: str
    def __init__(self, sink: _Optional[str] = ...) -> None: ...

class RepliesOverdue(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReplyRefused(_message.Message):
    __slots__ = ("sink", "ordinal", "code", "is_final", "at", "not_before")
    SINK_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    sink: str
    ordinal: int
    code: str
    is_final: bool
    at: int
    not_before: int
    def __init__(self, sink: _Optional[str] = ..., ordinal: _Optional[int] = ..., code: _Optional[str] = ..., is_final: _Optional[bool] = ..., at: _Optional[int] = ..., not_before: _Optional[int] = ...) -> None: ...

class RunConcluding(_message.Message):
    __slots__ = ("end",)
    END_FIELD_NUMBER: _ClassVar[int]
    end: RunEnded
    def __init__(self, end: _Optional[_Union[RunEnded, _Mapping]] = ...) -> None: ...

class RunUnstored(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunDeleted(_message.Message):
    __slots__ = ("at", "effect_id")
    AT_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    at: int
    effect_id: str
    def __init__(self, at: _Optional[int] = ..., effect_id: _Optional[str] = ...) -> None: ...

class RunErasureDue(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunEnded(_message.Message):
    __slots__ = ("status", "code", "message", "usage", "at", "rounds_exhausted", "reply_failed", "usage_by_model")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_EXHAUSTED_FIELD_NUMBER: _ClassVar[int]
    REPLY_FAILED_FIELD_NUMBER: _ClassVar[int]
    USAGE_BY_MODEL_FIELD_NUMBER: _ClassVar[int]
    status: str
    code: str
    message: str
    usage: _models_pb2.Usage
    at: int
    rounds_exhausted: bool
    reply_failed: bool
    usage_by_model: _containers.RepeatedCompositeFieldContainer[UsageByModel]
    def __init__(self, status: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., at: _Optional[int] = ..., rounds_exhausted: _Optional[bool] = ..., reply_failed: _Optional[bool] = ..., usage_by_model: _Optional[_Iterable[_Union[UsageByModel, _Mapping]]] = ...) -> None: ...

class RoundCall(_message.Message):
    __slots__ = ("call_id", "name", "arguments", "is_client", "phase", "effect_id", "approval_id", "is_approved", "result", "otherwise", "wait_key")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    IS_CLIENT_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    IS_APPROVED_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    OTHERWISE_FIELD_NUMBER: _ClassVar[int]
    WAIT_KEY_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    name: str
    arguments: str
    is_client: bool
    phase: CallPhase
    effect_id: str
    approval_id: str
    is_approved: bool
    result: _tools_pb2.ToolResult
    otherwise: _tools_pb2.ToolResult
    wait_key: str
    def __init__(self, call_id: _Optional[str] = ..., name: _Optional[str] = ..., arguments: _Optional[str] = ..., is_client: _Optional[bool] = ..., phase: _Optional[_Union[CallPhase, str]] = ..., effect_id: _Optional[str] = ..., approval_id: _Optional[str] = ..., is_approved: _Optional[bool] = ..., result: _Optional[_Union[_tools_pb2.ToolResult, _Mapping]] = ..., otherwise: _Optional[_Union[_tools_pb2.ToolResult, _Mapping]] = ..., wait_key: _Optional[str] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("id", "call_id", "tool", "arguments", "reason", "expires_at", "decision", "note")
    ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    id: str
    call_id: str
    tool: str
    arguments: str
    reason: str
    expires_at: int
    decision: str
    note: str
    def __init__(self, id: _Optional[str] = ..., call_id: _Optional[str] = ..., tool: _Optional[str] = ..., arguments: _Optional[str] = ..., reason: _Optional[str] = ..., expires_at: _Optional[int] = ..., decision: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class CurrentCall(_message.Message):
    __slots__ = ("call_id", "effect_id", "attempt", "interruptions", "is_shown", "is_final", "reservation", "model", "lost_tokens", "lost_usd_micros", "expected_tokens")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    INTERRUPTIONS_FIELD_NUMBER: _ClassVar[int]
    IS_SHOWN_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LOST_TOKENS_FIELD_NUMBER: _ClassVar[int]
    LOST_USD_MICROS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    effect_id: str
    attempt: int
    interruptions: int
    is_shown: bool
    is_final: bool
    reservation: str
    model: str
    lost_tokens: int
    lost_usd_micros: int
    expected_tokens: int
    def __init__(self, call_id: _Optional[str] = ..., effect_id: _Optional[str] = ..., attempt: _Optional[int] = ..., interruptions: _Optional[int] = ..., is_shown: _Optional[bool] = ..., is_final: _Optional[bool] = ..., reservation: _Optional[str] = ..., model: _Optional[str] = ..., lost_tokens: _Optional[int] = ..., lost_usd_micros: _Optional[int] = ..., expected_tokens: _Optional[int] = ...) -> None: ...

class SubRunState(_message.Message):
    __slots__ = ("sub_run", "effect_id", "cursor", "status", "usage")
    SUB_RUN_FIELD_NUMBER: _ClassVar[int]
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    sub_run: SubRun
    effect_id: str
    cursor: int
    status: str
    usage: _models_pb2.Usage
    def __init__(self, sub_run: _Optional[_Union[SubRun, _Mapping]] = ..., effect_id: _Optional[str] = ..., cursor: _Optional[int] = ..., status: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ...) -> None: ...

class SinkState(_message.Message):
    __slots__ = ("sink", "ordinal", "interims", "in_flight", "in_flight_ordinal", "in_flight_digest", "in_flight_final", "accepted_digest", "accepted_length", "last_at", "not_before", "generation", "finalised", "reference", "final_tries", "failed", "in_flight_length")
    SINK_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    INTERIMS_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_ORDINAL_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FINAL_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_LENGTH_FIELD_NUMBER: _ClassVar[int]
    LAST_AT_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    FINALISED_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    FINAL_TRIES_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    sink: Sink
    ordinal: int
    interims: int
    in_flight: str
    in_flight_ordinal: int
    in_flight_digest: bytes
    in_flight_final: bool
    accepted_digest: bytes
    accepted_length: int
    last_at: int
    not_before: int
    generation: int
    finalised: bool
    reference: str
    final_tries: int
    failed: bool
    in_flight_length: int
    def __init__(self, sink: _Optional[_Union[Sink, _Mapping]] = ..., ordinal: _Optional[int] = ..., interims: _Optional[int] = ..., in_flight: _Optional[str] = ..., in_flight_ordinal: _Optional[int] = ..., in_flight_digest: _Optional[bytes] = ..., in_flight_final: _Optional[bool] = ..., accepted_digest: _Optional[bytes] = ..., accepted_length: _Optional[int] = ..., last_at: _Optional[int] = ..., not_before: _Optional[int] = ..., generation: _Optional[int] = ..., finalised: _Optional[bool] = ..., reference: _Optional[str] = ..., final_tries: _Optional[int] = ..., failed: _Optional[bool] = ..., in_flight_length: _Optional[int] = ...) -> None: ...

class PastCall(_message.Message):
    __slots__ = ("name", "arguments", "has_failed")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    HAS_FAILED_FIELD_NUMBER: _ClassVar[int]
    name: str
    arguments: str
    has_failed: bool
    def __init__(self, name: _Optional[str] = ..., arguments: _Optional[str] = ..., has_failed: _Optional[bool] = ...) -> None: ...

class UsageByModel(_message.Message):
    __slots__ = ("model", "usage", "calls")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    model: str
    usage: _models_pb2.Usage
    calls: int
    def __init__(self, model: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., calls: _Optional[int] = ...) -> None: ...

class RunState(_message.Message):
    __slots__ = ("status", "phase", "start", "items", "tools", "sources_failed", "round", "calls_made", "call", "calls", "approvals", "sub_runs", "sinks", "usage", "caller", "last_input_tokens", "characters_since", "continuations", "concluding", "reply_retries", "again", "open_text", "is_message_open", "denials", "model", "fallbacks", "deadline", "remaining_ms", "created_at", "started_at", "ended", "cancelling", "discovery_effect", "warnings", "added", "restarts", "past_calls", "deleted_at", "summary", "summarising", "summarised_call", "no_summary", "guess_permille", "forestalled_at")
    class SubRunsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: SubRunState
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[SubRunState, _Mapping]] = ...) -> None: ...
    class DenialsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FAILED_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    CALLS_MADE_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    SUB_RUNS_FIELD_NUMBER: _ClassVar[int]
    SINKS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    LAST_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CHARACTERS_SINCE_FIELD_NUMBER: _ClassVar[int]
    CONTINUATIONS_FIELD_NUMBER: _ClassVar[int]
    CONCLUDING_FIELD_NUMBER: _ClassVar[int]
    REPLY_RETRIES_FIELD_NUMBER: _ClassVar[int]
    AGAIN_FIELD_NUMBER: _ClassVar[int]
    OPEN_TEXT_FIELD_NUMBER: _ClassVar[int]
    IS_MESSAGE_OPEN_FIELD_NUMBER: _ClassVar[int]
    DENIALS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    REMAINING_MS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    CANCELLING_FIELD_NUMBER: _ClassVar[int]
    DISCOVERY_EFFECT_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    PAST_CALLS_FIELD_NUMBER: _ClassVar[int]
    DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    SUMMARISING_FIELD_NUMBER: _ClassVar[int]
    SUMMARISED_CALL_FIELD_NUMBER: _ClassVar[int]
    NO_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    GUESS_PERMILLE_FIELD_NUMBER: _ClassVar[int]
    FORESTALLED_AT_FIELD_NUMBER: _ClassVar[int]
    status: RunStatus
    phase: str
    start: StartRun
    items: _containers.RepeatedCompositeFieldContainer[Item]
    tools: _containers.RepeatedCompositeFieldContainer[FixedTool]
    sources_failed: _containers.RepeatedScalarFieldContainer[str]
    round: int
    calls_made: int
    call: CurrentCall
    calls: _containers.RepeatedCompositeFieldContainer[RoundCall]
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    sub_runs: _containers.MessageMap[str, SubRunState]
    sinks: _containers.RepeatedCompositeFieldContainer[SinkState]
    usage: _containers.RepeatedCompositeFieldContainer[UsageByModel]
    caller: Caller
    last_input_tokens: int
    characters_since: int
    continuations: int
    concluding: RunEnded
    reply_retries: int
    again: int
    open_text: str
    is_message_open: bool
    denials: _containers.ScalarMap[str, int]
    model: str
    fallbacks: _containers.RepeatedScalarFieldContainer[str]
    deadline: int
    remaining_ms: int
    created_at: int
    started_at: int
    ended: RunEnded
    cancelling: bool
    discovery_effect: str
    warnings: _containers.RepeatedScalarFieldContainer[str]
    added: _containers.RepeatedCompositeFieldContainer[Item]
    restarts: int
    past_calls: _containers.RepeatedCompositeFieldContainer[PastCall]
    deleted_at: int
    summary: Summary
    summarising: CurrentCall
    summarised_call: str
    no_summary: bool
    guess_permille: int
    forestalled_at: int
    def __init__(self, status: _Optional[_Union[RunStatus, str]] = ..., phase: _Optional[str] = ..., start: _Optional[_Union[StartRun, _Mapping]] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., tools: _Optional[_Iterable[_Union[FixedTool, _Mapping]]] = ..., sources_failed: _Optional[_Iterable[str]] = ..., round: _Optional[int] = ..., calls_made: _Optional[int] = ..., call: _Optional[_Union[CurrentCall, _Mapping]] = ..., calls: _Optional[_Iterable[_Union[RoundCall, _Mapping]]] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., sub_runs: _Optional[_Mapping[str, SubRunState]] = ..., sinks: _Optional[_Iterable[_Union[SinkState, _Mapping]]] = ..., usage: _Optional[_Iterable[_Union[UsageByModel, _Mapping]]] = ..., caller: _Optional[_Union[Caller, _Mapping]] = ..., last_input_tokens: _Optional[int] = ..., characters_since: _Optional[int] = ..., continuations: _Optional[int] = ..., concluding: _Optional[_Union[RunEnded, _Mapping]] = ..., reply_retries: _Optional[int] = ..., again: _Optional[int] = ..., open_text: _Optional[str] = ..., is_message_open: _Optional[bool] = ..., denials: _Optional[_Mapping[str, int]] = ..., model: _Optional[str] = ..., fallbacks: _Optional[_Iterable[str]] = ..., deadline: _Optional[int] = ..., remaining_ms: _Optional[int] = ..., created_at: _Optional[int] = ..., started_at: _Optional[int] = ..., ended: _Optional[_Union[RunEnded, _Mapping]] = ..., cancelling: _Optional[bool] = ..., discovery_effect: _Optional[str] = ..., warnings: _Optional[_Iterable[str]] = ..., added: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., restarts: _Optional[int] = ..., past_calls: _Optional[_Iterable[_Union[PastCall, _Mapping]]] = ..., deleted_at: _Optional[int] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ..., summarising: _Optional[_Union[CurrentCall, _Mapping]] = ..., summarised_call: _Optional[str] = ..., no_summary: _Optional[bool] = ..., guess_permille: _Optional[int] = ..., forestalled_at: _Optional[int] = ...) -> None: ...

class RunDocument(_message.Message):
    __slots__ = ("subject", "agent_key", "thread", "origin", "status", "model", "model_reason", "created_at", "started_at", "ended_at", "code", "message", "usage", "usage_by_model", "parent_run", "root_run", "round", "echo", "is_unstored", "tools", "tool_sources_failed", "warnings", "rule_id", "fallbacks", "rounds_exhausted", "reply_failed", "history")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    AGENT_KEY_FIELD_NUMBER: _ClassVar[int]
    THREAD_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_REASON_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    USAGE_BY_MODEL_FIELD_NUMBER: _ClassVar[int]
    PARENT_RUN_FIELD_NUMBER: _ClassVar[int]
    ROOT_RUN_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    ECHO_FIELD_NUMBER: _ClassVar[int]
    IS_UNSTORED_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    TOOL_SOURCES_FAILED_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_EXHAUSTED_FIELD_NUMBER: _ClassVar[int]
    REPLY_FAILED_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    subject: str
    agent_key: str
    thread: str
    origin: str
    status: str
    model: str
    model_reason: str
    created_at: int
    started_at: int
    ended_at: int
    code: str
    message: str
    usage: _models_pb2.Usage
    usage_by_model: _containers.RepeatedCompositeFieldContainer[UsageByModel]
    parent_run: str
    root_run: str
    round: int
    echo: str
    is_unstored: bool
    tools: _containers.RepeatedScalarFieldContainer[str]
    tool_sources_failed: _containers.RepeatedScalarFieldContainer[str]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    rule_id: str
    fallbacks: _containers.RepeatedScalarFieldContainer[str]
    rounds_exhausted: bool
    reply_failed: bool
    history: History
    def __init__(self, subject: _Optional[str] = ..., agent_key: _Optional[str] = ..., thread: _Optional[str] = ..., origin: _Optional[str] = ..., status: _Optional[str] = ..., model: _Optional[str] = ..., model_reason: _Optional[str] = ..., created_at: _Optional[int] = ..., started_at: _Optional[int] = ..., ended_at: _Optional[int] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., usage: _Optional[_Union[_models_pb2.Usage, _Mapping]] = ..., usage_by_model: _Optional[_Iterable[_Union[UsageByModel, _Mapping]]] = ..., parent_run: _Optional[str] = ..., root_run: _Optional[str] = ..., round: _Optional[int] = ..., echo: _Optional[str] = ..., is_unstored: _Optional[bool] = ..., tools: _Optional[_Iterable[str]] = ..., tool_sources_failed: _Optional[_Iterable[str]] = ..., warnings: _Optional[_Iterable[str]] = ..., rule_id: _Optional[str] = ..., fallbacks: _Optional[_Iterable[str]] = ..., rounds_exhausted: _Optional[bool] = ..., reply_failed: _Optional[bool] = ..., history: _Optional[_Union[History, _Mapping]] = ...) -> None: ...

class InputDocument(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ...) -> None: ...

class TranscriptDocument(_message.Message):
    __slots__ = ("items", "history", "estimated_tokens", "instructions", "is_final", "summary", "guess_permille")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    GUESS_PERMILLE_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    history: History
    estimated_tokens: int
    instructions: str
    is_final: bool
    summary: Summary
    guess_permille: int
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., history: _Optional[_Union[History, _Mapping]] = ..., estimated_tokens: _Optional[int] = ..., instructions: _Optional[str] = ..., is_final: _Optional[bool] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ..., guess_permille: _Optional[int] = ...) -> None: ...

class ApprovalsDocument(_message.Message):
    __slots__ = ("root_run", "approvals")
    ROOT_RUN_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    root_run: str
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    def __init__(self, root_run: _Optional[str] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ...) -> None: ...
