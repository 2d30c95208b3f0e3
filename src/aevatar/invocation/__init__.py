"""The platform as a model's tools: invoke agents, teams and workflows, observe runs, query what there is."""

from aevatar.invocation.looking import Looking
from aevatar.invocation.service import Entry, Invocations, StartedWorkflow, TeamResolver, WorkflowStarter
from aevatar.invocation.tools import DEFAULT_SET, default_set, sources

__all__ = [
    "DEFAULT_SET",
    "Entry",
    "Invocations",
    "Looking",
    "StartedWorkflow",
    "TeamResolver",
    "WorkflowStarter",
    "default_set",
    "sources",
]
