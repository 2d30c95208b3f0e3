"""From a prompt's references to the request a model gets: ancestors, sections of others, and what fits the window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aevatar.actors import Link
from aevatar.agents.runs.callers import principal_of
from aevatar.agents.runs.prompting.history import Transcripts, unreadable
from aevatar.agents.runs.prompting.prompt import Prompt
from aevatar.agents.runs.prompting.summary import SUMMARY_TOKENS, summary_request
from aevatar.agents.runs.prompting.window import corrected, fit, opened_by, room, to_summarise
from aevatar.agents.runs.reserving.limits import estimated_tokens, item_tokens
from aevatar.agents.runs_pb2 import Compaction, Item, SectionVersion
from aevatar.errors import Rejected, Unavailable
from aevatar.identity import ActorId, Principal
from aevatar.models import ModelError
from aevatar.models.models_pb2 import ModelRequest


@dataclass(frozen=True, slots=True)
class PromptSection:
    """A part of the system message. Its name and version are recorded with the call, its text is not."""

    name: str
    version: str
    text: str


class PromptSections(Protocol):
    """What another capability adds to the system message, such as what is known of the user."""

    async def sections(self, principal: Principal, run: ActorId) -> Sequence[PromptSection]:
        """Sections in their order, read anew for every call."""
        ...


@dataclass(frozen=True, slots=True)
class Assembled:
    """A request, and what was done to make it fit. `to_summarise`: tokens of what a summary would stand for."""

    request: ModelRequest
    compaction: Compaction
    sections: Sequence[SectionVersion]
    warnings: Sequence[str]
    to_summarise: int = 0
    guessed_tokens: int = 0


@dataclass(frozen=True, slots=True)
class SummaryPlan:
    """The request for a summary, the number of items that it will stand for, and how many of those are new to it."""

    request: ModelRequest
    covered: int
    dropped: int


@dataclass(frozen=True, slots=True)
class _Talk:
    """How a talk begins where a summary stands for `covered` items, and how it goes on."""

    opening: list[Item]
    rest: list[Item]
    covered: int
    summary: str
    correction: float

    def room(self, prompt: Prompt, reserved_output: int) -> int:
        """Guessed tokens that the prompt may have."""
        return int(room(prompt.context_length, reserved_output) / self.correction)


class Assembler:
    """Assembles prompts. Of `sections`, each that cannot be read is left out alone."""

    def __init__(self, transcripts: Transcripts, sections: Sequence[PromptSections] = ()) -> None:
        self._transcripts = transcripts
        self._sections = sections

    async def assembled(self, prompt: Prompt, link: Link) -> Assembled:
        """What to ask the model. Raises: ModelError `context_length_exceeded`, `invalid_request`."""
        sections, warnings = await self._read_sections(prompt, link)
        versions = [SectionVersion(name=section.name, version=section.version) for section in sections]
        texts = [section.text for section in sections]
        talk = await self._talk(prompt, link.actor_id)
        opening, rest, covered = talk.opening, talk.rest, talk.covered
        if not prompt.context_length:  # then nobody can tell what is too long, but the provider
            compaction = Compaction(level=3 if covered else 0, dropped=covered)
            return Assembled(prompt.request([*opening, *rest], texts), compaction, versions, warnings)
        fixed = _fixed(prompt, texts) + sum(map(item_tokens, opening))
        limit = talk.room(prompt, prompt.reserved_output) if prompt.may_drop else 0
        fitted = fit(rest, room=limit, fixed=fixed)
        if fitted.dropped and prompt.may_summarise:
            wanted = sum(map(item_tokens, rest[: to_summarise(rest, room=limit, fixed=fixed)]))
            wanted = round(wanted * talk.correction) + SUMMARY_TOKENS
            return Assembled(ModelRequest(), Compaction(), (), warnings, to_summarise=wanted)
        if fitted.tokens * talk.correction + prompt.reserved_output > prompt.context_length:
            told = f"The prompt does not fit the {prompt.context_length} tokens of {prompt.model}."
            raise ModelError("context_length_exceeded", told)
        level = 3 if covered and not fitted.dropped else fitted.level
        compaction = Compaction(level=level, shortened=fitted.shortened, dropped=covered + len(fitted.dropped))
        request = prompt.request([*opening, *fitted.items], texts)
        return Assembled(request, compaction, versions, warnings, guessed_tokens=fitted.tokens)

    async def summary_plan(self, prompt: Prompt, link: Link) -> SummaryPlan:
        """What to ask for, when the prompt does not fit. Raises: ModelError, also when nothing can be summarised."""
        talk = await self._talk(prompt, link.actor_id)
        fixed = _fixed(prompt, ()) + sum(map(item_tokens, talk.opening))
        number = to_summarise(talk.rest, room=talk.room(prompt, prompt.reserved_output), fixed=fixed)
        if not number:
            raise ModelError("invalid_request", "There is nothing that could be summarised.")
        fitting = talk.room(prompt, SUMMARY_TOKENS)
        request = summary_request(prompt.model, talk.summary, talk.rest[:number], room=fitting)
        if effort := prompt.parameters.reasoning.effort:  # a model that thinks for long has said nothing by then
            request.reasoning.effort = effort if effort in ("none", "minimal") else "low"
        return SummaryPlan(request, talk.covered + number, number)

    def blobs(self, prompt: Prompt, link: Link, warnings: list[str]) -> Callable[[str], Awaitable[bytes]]:
        """What an adapter gets the images and files of the talk from; of one that is lost, `warnings` tell."""

        async def blob(blob_id: str) -> bytes:
            try:
                return await self._transcripts.blob(link.actor_id, prompt.history, blob_id)
            except Rejected as lost:
                warnings.append(f"An image or file of the talk could not be shown to the model ({lost.code}).")
                raise
            except Unavailable as unread:
                raise unreadable(unread, "An image or file of the talk") from unread

        return blob

    async def _talk(self, prompt: Prompt, run: ActorId) -> _Talk:
        past = await self._transcripts.before(prompt.history)
        items = [*past.items, *await self._transcripts.opened(run, prompt.items)]
        correction = corrected(prompt.guess_permille or past.guess_permille)
        summary = prompt.summary if prompt.summary.covered else past.summary
        if not prompt.summarises or not summary.covered:  # a summary that another agent made stands for nothing here
            return _Talk([], items, 0, "", correction)
        opening, rest = opened_by(summary, items)
        return _Talk(opening, rest, summary.covered, summary.text, correction)

    async def _read_sections(self, prompt: Prompt, link: Link) -> tuple[list[PromptSection], list[str]]:
        if not self._sections:
            return [], []
        caller = principal_of(prompt.caller, link.actor_id.scope)
        read: list[PromptSection] = []
        warnings = []
        for source in self._sections:
            try:
                read.extend(await source.sections(caller, link.actor_id))
            except Exception as unread:  # noqa: BLE001 - a section that cannot be read is left out, whatever the reason
                warnings.append(f"A section of the prompt could not be read ({type(unread).__name__}).")
        return read, warnings


def _fixed(prompt: Prompt, sections: Sequence[str]) -> int:
    """Tokens that are the same however much is said."""
    told = sum(estimated_tokens(text) for text in (prompt.instructions, *sections))
    return told + sum(estimated_tokens(tool.schema + tool.description) for tool in prompt.tools)
