"""Agents, and the runs in which they think, call tools and answer."""

from aevatar.agents.agent import AGENT, AGENT_KIND, RUN, THREAD
from aevatar.agents.agents_pb2 import AgentDocument, Invocation, Invoke, Invoked, Persona
from aevatar.agents.budget import BUDGET, BUDGET_KIND
from aevatar.agents.budgets import Budgets
from aevatar.agents.choice import ChosenModel, ModelChoice
from aevatar.agents.lending import Lending
from aevatar.agents.native import event_name
from aevatar.agents.runs.callers import run_key
from aevatar.agents.service import STORED, Agents, InvokeOptions, Runs, user_message
from aevatar.agents.thread import THREAD_KIND

__all__ = [
    "AGENT",
    "AGENT_KIND",
    "BUDGET",
    "BUDGET_KIND",
    "RUN",
    "STORED",
    "THREAD",
    "THREAD_KIND",
    "AgentDocument",
    "Agents",
    "Budgets",
    "ChosenModel",
    "Invocation",
    "Invoke",
    "InvokeOptions",
    "Invoked",
    "Lending",
    "ModelChoice",
    "Persona",
    "Runs",
    "event_name",
    "run_key",
    "user_message",
]
