"""Runs: the loop of a model and its tools, durable. The folders are named after its phases."""

from aevatar.agents.runs.actor import SESSION, AgentRun
from aevatar.agents.runs.calling.model_call import ModelCallEffect
from aevatar.agents.runs.calling.summary_call import SummariseEffect
from aevatar.agents.runs.delivering.reply_sinks import Accepted, Refused, ReplySink, ReplySnapshot, SendReplyEffect
from aevatar.agents.runs.executing.sub_runs import FollowSubRunEffect
from aevatar.agents.runs.executing.tool_calls import (
    CallToolEffect,
    CallToolOnceEffect,
    DiscoverToolsEffect,
    ReconcileToolEffect,
    ToolCaller,
)
from aevatar.agents.runs.keeping import AwaitRunsEffect, FindContinuationsEffect
from aevatar.agents.runs.projection import RUN
from aevatar.agents.runs.prompting.assembling import Assembler, PromptSection, PromptSections
from aevatar.agents.runs.prompting.history import Transcripts

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
