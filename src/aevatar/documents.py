"""Reading YAML that people wrote, without the surprises of YAML 1.1.

`on` and `no` are words, `12:30` is text, and a date is text. Keys that come twice, anchors and tags are refused, with
line and column. Source: YAML 1.2.2, chapter 10.3 (core schema), for what a plain word means.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.nodes import MappingNode, ScalarNode

from aevatar.errors import Rejected


class _Loader(yaml.CSafeLoader):
    """The safe loader with the resolvers of our own."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as the library has it


_RESOLVERS = (
    ("tag:yaml.org,2002:bool", r"true|false", "tf"),
    ("tag:yaml.org,2002:null", r"null|~|", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("tag:yaml.org,2002:float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-0123456789"),
)
for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))


def _mapping(loader: _Loader, node: MappingNode) -> dict[Hashable, Any]:
    result: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            raise _refused("a key is a single word", key_node.start_mark)
        key = loader.construct_object(key_node)
        if key in result:
            raise _refused(f"the key {key!r} comes twice", key_node.start_mark)
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(text: str, *, what: str) -> Any:
    """The document in `text`; `what` is what a person calls it. Raises: Rejected `invalid_yaml` with the place."""
    try:
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                raise _refused("anchors, aliases and tags are not allowed", token.start_mark)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise Rejected("invalid_yaml", f"{what}: {wrong.problem}{place}") from wrong
    except yaml.YAMLError as wrong:
        raise Rejected("invalid_yaml", f"{what}: {getattr(wrong, 'reason', wrong)}") from wrong


def _refused(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
