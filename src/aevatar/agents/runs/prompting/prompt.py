"""From what a run knows to what a model is asked.

A prompt leaves the run as references and its own items; the ancestors' items are added by the effect, from the
documents of ended runs, which never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from aevatar.agents.runs.facts import copy
from aevatar.agents.runs.prompting.summary import SUMMARISING
from aevatar.agents.runs.reserving.limits import RESERVED_OUTPUT, output_bound
from aevatar.agents.runs_pb2 import Caller, History, Item, Parameters, RunState, Summary
from aevatar.models.models_pb2 import (
    ROLE_ASSISTANT,
    ROLE_SYSTEM,
    ROLE_TOOL,
    Media,
    Message,
    ModelRequest,
    Part,
    ToolChoice,
    ToolSpec,
)
from aevatar.tools import BlobRef

CONCLUDE = "You have used up your rounds. Answer now with what you know; no more tools can be called."


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything of a model call but the talk before the run and the sections that others add."""

    model: str
    instructions: str
    items: tuple[Item, ...]
    history: History
    tools: tuple[ToolSpec, ...]
    tool_choice: ToolChoice
    serial_calls: bool
    parameters: Parameters
    max_output_tokens: int
    context_length: int
    credential_handle_id: str
    credential_owner: str
    caller: Caller
    summarises: bool
    """Its agent would have a summary stand for what does not fit."""
    may_summarise: bool
    """And none was made for this very call."""
    summary: Summary
    guess_permille: int

    @staticmethod
    def of(state: RunState, *, call_id: str, is_final: bool) -> Prompt:
        """The prompt of a call as the run stands; `is_final` leaves the tools out and asks for a conclusion."""
        start = state.start
        summarises = start.persona.compaction == SUMMARISING
        own = [copy(item) for item in (*state.items, *state.added)]
        if is_final:
            own.append(Item(message=Message(role=ROLE_SYSTEM, parts=[Part(text=CONCLUDE)])))
        tools = (
            ()
            if is_final
            else tuple(
                ToolSpec(name=tool.name, description=tool.description, schema=tool.schema, strict=tool.strict)
                for tool in state.tools
            )
        )
        choice = copy(start.tool_choice)
        if is_final:
            choice = ToolChoice(mode=ToolChoice.MODE_NONE)
        elif state.calls_made or state.round:
            # What had to be called has been: a model that must call again would never conclude.
            choice.mode = ToolChoice.MODE_AUTO if choice.mode == ToolChoice.MODE_REQUIRED else choice.mode
        return Prompt(
            model=state.model,
            instructions=start.persona.instructions,
            items=tuple(own),
            history=copy(start.history),
            tools=tools,
            tool_choice=choice,
            serial_calls=start.serial_calls,
            parameters=copy(start.parameters),
            max_output_tokens=output_bound(state),
            context_length=start.context_length,
            credential_handle_id=start.context.credential_handle_id,
            credential_owner=start.context.credential_owner,
            caller=copy(state.caller),
            summarises=summarises,
            may_summarise=summarises and not state.no_summary and state.summarised_call != call_id,
            summary=copy(state.summary),
            guess_permille=state.guess_permille,
        )

    @property
    def reserved_output(self) -> int:
        """Tokens of the window that are the reply's."""
        return self.max_output_tokens or RESERVED_OUTPUT

    @property
    def may_drop(self) -> bool:
        """Whether something may be done to a talk that is too long, rather than fail."""
        return self.parameters.truncate or self.summarises

    def request(self, items: Sequence[Item], sections: Sequence[str] = ()) -> ModelRequest:
        """What the model is asked, with `items` in place of all that was said, and further sections for the system."""
        system = "\n\n".join(section for section in (self.instructions, *sections) if section)
        messages = [Message(role=ROLE_SYSTEM, parts=[Part(text=system)])] if system else []
        messages.extend(messages_of(items))
        request = ModelRequest(
            model=self.model,
            messages=messages,
            tools=self.tools,
            tool_choice=self.tool_choice,
            reasoning=self.parameters.reasoning if self.parameters.HasField("reasoning") else None,
            text_format=self.parameters.text_format,
            stop=self.parameters.stop,
            verbosity=self.parameters.verbosity,
        )
        for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
            if self.parameters.HasField(name):
                setattr(request, name, getattr(self.parameters, name))
        if self.serial_calls:
            request.parallel_tool_calls = False
        if self.max_output_tokens > 0:
            request.max_output_tokens = self.max_output_tokens
        return request


def messages_of(items: Iterable[Item]) -> list[Message]:
    """Items as messages: what an assistant thought, said and called in one go is one message."""
    messages: list[Message] = []
    for is_assistant, group in groupby(items, _is_assistant):
        if is_assistant:
            messages.extend(_assistant(list(group)))
        else:
            messages.extend(_other(item) for item in group)
    return messages


def _is_assistant(item: Item) -> bool:
    content = item.WhichOneof("content")
    return content in ("reasoning", "call") or (content == "message" and item.message.role == ROLE_ASSISTANT)


def _assistant(items: Sequence[Item]) -> Iterable[Message]:
    message = Message(role=ROLE_ASSISTANT)
    for item in items:
        content = item.WhichOneof("content")
        if content == "message" and (message.parts or message.tool_calls):  # a second thing said is a second message
            yield message
            message = Message(role=ROLE_ASSISTANT)
        if content == "message":
            message.parts.extend(item.message.parts)
            message.phase = item.message.phase
        elif content == "reasoning":
            message.reasoning.append(item.reasoning)
        else:
            message.tool_calls.add(call_id=item.call.call_id, name=item.call.name, arguments=item.call.arguments)
    yield message


def _other(item: Item) -> Message:
    if item.WhichOneof("content") != "result":
        return copy(item.message)
    result = item.result.result
    message = Message(role=ROLE_TOOL, tool_call_id=item.result.call_id)
    if result.text or not result.parts:
        message.parts.add(text=result.text)
    for part in result.parts:
        message.parts.append(Part(image=_media(part.image)) if part.HasField("image") else Part(file=_media(part.file)))
    return message


def _media(ref: BlobRef) -> Media:
    media = Media(media_type=ref.media_type, name=ref.name, length=ref.length, detail=ref.detail)
    if ref.uri:
        media.uri = ref.uri
    else:
        media.blob_id = ref.blob_id
    return media
