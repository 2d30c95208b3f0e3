# mypy: disable-error-code="type-arg"
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Phase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN: _ClassVar[Phase]
    COUNTING: _ClassVar[Phase]
    IGNITING: _ClassVar[Phase]
    CRUISING: _ClassVar[Phase]
    ARRIVED: _ClassVar[Phase]
    SCRUBBED: _ClassVar[Phase]
UNKNOWN: Phase
COUNTING: Phase
IGNITING: Phase
CRUISING: Phase
ARRIVED: Phase
SCRUBBED: Phase

class ProbeState(_message.Message):
    __slots__ = ("phase", "destination", "remaining", "sparks_needed", "ignition", "reason")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    SPARKS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    IGNITION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    phase: Phase
    destination: str
    remaining: int
    sparks_needed: int
    ignition: str
    reason: str
    def __init__(self, phase: _Optional[_Union[Phase, str]] = ..., destination: _Optional[str] = ..., remaining: _Optional[int] = ..., sparks_needed: _Optional[int] = ..., ignition: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class PlanLaunch(_message.Message):
    __slots__ = ("destination", "countdown", "sparks_needed")
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    COUNTDOWN_FIELD_NUMBER: _ClassVar[int]
    SPARKS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    destination: str
    countdown: int
    sparks_needed: int
    def __init__(self, destination: _Optional[str] = ..., countdown: _Optional[int] = ..., sparks_needed: _Optional[int] = ...) -> None: ...

class AbortLaunch(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Tick(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Arrive(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class LaunchPlanned(_message.Message):
    __slots__ = ("destination", "countdown", "sparks_needed")
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    COUNTDOWN_FIELD_NUMBER: _ClassVar[int]
    SPARKS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    destination: str
    countdown: int
    sparks_needed: int
    def __init__(self, destination: _Optional[str] = ..., countdown: _Optional[int] = ..., sparks_needed: _Optional[int] = ...) -> None: ...

class CountedDown(_message.Message):
    __slots__ = ("remaining",)
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    remaining: int
    def __init__(self, remaining: _Optional[int] = ...) -> None: ...

class IgnitionStarted(_message.Message):
    __slots__ = ("effect_id",)
    EFFECT_ID_FIELD_NUMBER: _ClassVar[int]
    effect_id: str
    def __init__(self, effect_id: _Optional[str] = ...) -> None: ...

class LiftedOff(_message.Message):
    __slots__ = ("sparks",)
    SPARKS_FIELD_NUMBER: _ClassVar[int]
    sparks: int
    def __init__(self, sparks: _Optional[int] = ...) -> None: ...

class Arrived(_message.Message):
    __slots__ = ("destination",)
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    destination: str
    def __init__(self, destination: _Optional[str] = ...) -> None: ...

class LaunchScrubbed(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class Ignite(_message.Message):
    __slots__ = ("sparks_needed",)
    SPARKS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    sparks_needed: int
    def __init__(self, sparks_needed: _Optional[int] = ...) -> None: ...

class Ignited(_message.Message):
    __slots__ = ("sparks",)
    SPARKS_FIELD_NUMBER: _ClassVar[int]
    sparks: int
    def __init__(self, sparks: _Optional[int] = ...) -> None: ...

class Sparked(_message.Message):
    __slots__ = ("attempt",)
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    attempt: int
    def __init__(self, attempt: _Optional[int] = ...) -> None: ...

class ProbeDocument(_message.Message):
    __slots__ = ("phase", "destination", "remaining", "reason")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    phase: Phase
    destination: str
    remaining: int
    reason: str
    def __init__(self, phase: _Optional[_Union[Phase, str]] = ..., destination: _Optional[str] = ..., remaining: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...
