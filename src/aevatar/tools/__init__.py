"""Tools: what they are, where they come from, and what passes between them and a model.

Pure rules and one bounded wait, for discovery. Running a tool durably is the business of the run that calls it.
"""

from aevatar.tools.arguments import InvalidArguments, parse_arguments
from aevatar.tools.context import CallContext, KeepsBytes, keep_nothing
from aevatar.tools.headers import CleanedHeaders, clean_headers
from aevatar.tools.ordering import CallState, RoundCall, in_call_order, startable
from aevatar.tools.rendering import render, to_json
from aevatar.tools.repetition import CallAttempt, is_futile
from aevatar.tools.results import FailureCode, ShortenedText, failure, failure_of, result_of, shorten
from aevatar.tools.schema import schema_of
from aevatar.tools.sources import (
    Discovery,
    FailedSource,
    FixedSource,
    OfferedTool,
    Selection,
    ToolSet,
    ToolSets,
    ToolSource,
    discover_all,
)
from aevatar.tools.tool import (
    RESERVED_PREFIX,
    TOOL_NAME,
    Approval,
    Held,
    Reconciled,
    StartedRun,
    Tool,
    ToolDefinition,
    arguments_type,
    define,
    must_ask,
)
from aevatar.tools.tools_pb2 import BlobRef, ResultPart, ToolError, ToolResult

__all__ = [
    "RESERVED_PREFIX",
    "TOOL_NAME",
    "Approval",
    "BlobRef",
    "CallAttempt",
    "CallContext",
    "CallState",
    "CleanedHeaders",
    "Discovery",
    "FailedSource",
    "FailureCode",
    "FixedSource",
    "Held",
    "InvalidArguments",
    "KeepsBytes",
    "OfferedTool",
    "Reconciled",
    "ResultPart",
    "RoundCall",
    "Selection",
    "ShortenedText",
    "StartedRun",
    "Tool",
    "ToolDefinition",
    "ToolError",
    "ToolResult",
    "ToolSet",
    "ToolSets",
    "ToolSource",
    "arguments_type",
    "clean_headers",
    "define",
    "discover_all",
    "failure",
    "failure_of",
    "in_call_order",
    "is_futile",
    "keep_nothing",
    "must_ask",
    "parse_arguments",
    "render",
    "result_of",
    "schema_of",
    "shorten",
    "startable",
    "to_json",
]
