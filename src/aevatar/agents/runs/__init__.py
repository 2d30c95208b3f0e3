"""Runs: the loop of a model and its tools, durable."""

from aevatar.agents.runs.actor import SESSION, AgentRun
from aevatar.agents.runs.assembling import Assembler, PromptSection, PromptSections
from aevatar.agents.runs.history import Transcripts
from aevatar.agents.runs.keeping import AwaitRunsEffect, FindContinuationsEffect
from aevatar.agents.runs.model_call import ModelCallEffect
from aevatar.agents.runs.projection import RUN
from aevatar.agents.runs.reply_sinks import Accepted, Refused, ReplySink, ReplySnapshot, SendReplyEffect
from aevatar.agents.runs.sub_runs import FollowSubRunEffect
from aevatar.agents.runs.summary_call import SummariseEffect
from aevatar.agents.runs.tool_calls import (
    CallToolEffect,
    CallToolOnceEffect,
    DiscoverToolsEffect,
    ReconcileToolEffect,
    ToolCaller,
)

__all__ = [
    "RUN",
    "SESSION",
    "Accepted",
    "AgentRun",
    "Assembler",
    "AwaitRunsEffect",
    "CallToolEffect",
    "CallToolOnceEffect",
    "DiscoverToolsEffect",
    "FindContinuationsEffect",
    "FollowSubRunEffect",
    "ModelCallEffect",
    "PromptSection",
    "PromptSections",
    "ReconcileToolEffect",
    "Refused",
    "ReplySink",
    "ReplySnapshot",
    "SendReplyEffect",
    "SummariseEffect",
    "ToolCaller",
    "Transcripts",
]
