"""Tools: what they are, where they come from, and what passes between them and a model.

Pure rules and one bounded wait, for discovery. Running a tool durably is the business of the run that calls it.
"""

from aevatar.tools.arguments import InvalidArguments, parse_arguments
from aevatar.tools.rendering import to_json
from aevatar.tools.schema import schema_of

__all__ = [
    "InvalidArguments",
    "parse_arguments",
    "schema_of",
    "to_json",
]
