"""The edge: what routes are made with, and the application that serves them. It decides nothing."""

from aevatar.server.api_model import ApiModel
from aevatar.server.application import create_application, provided
from aevatar.server.authentication import Authenticator, Unauthenticated
from aevatar.server.capability import Capability, Services, load_capability
from aevatar.server.errors import ErrorShape, Problem
from aevatar.server.idempotency import CommandId
from aevatar.server.metrics import Counter
from aevatar.server.principal import Caller, CallerSecret, require
from aevatar.server.settings import Settings
from aevatar.server.sse import ByteStream, Codec, Cursor, EventStream

__all__ = [
    "ApiModel",
    "Authenticator",
    "ByteStream",
    "Caller",
    "CallerSecret",
    "Capability",
    "Codec",
    "CommandId",
    "Counter",
    "Cursor",
    "ErrorShape",
    "EventStream",
    "Problem",
    "Services",
    "Settings",
    "Unauthenticated",
    "create_application",
    "load_capability",
    "provided",
    "require",
]
