"""What `/v1` offers, for HTTP and for programs: responses are runs, and everything here is a view of one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from aevatar.actors import Runtime
from aevatar.agents import RUN
from aevatar.agents.runs.blobs import inlined, opened
from aevatar.agents.runs.prompting.summary import SUMMARISE
from aevatar.agents.runs_pb2 import CancelRun, DeleteRun, InputDocument, Item, RunDocument
from aevatar.errors import Rejected
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.responses.beginning import NO_TOOLS, Beginning, Given, Purpose, require
from aevatar.responses.codec import Body, Frame
from aevatar.responses.compaction import compacted, request_of, summary_of
from aevatar.responses.following import Following
from aevatar.responses.history import ORIGIN, Histories
from aevatar.responses.items import COMPACTION_PREFIX, RESPONSE_PREFIX, input_view, shown_id
from aevatar.responses.requests import CompactResponse, CreateResponse
from aevatar.responses.response_object import ENDED
from aevatar.responses.sealing import Seal

CHILDREN_AT_ONCE: Final = 200

_ANSWER: Final = Purpose(prefix=RESPONSE_PREFIX, origin=ORIGIN)
_SUMMARY: Final = Purpose(prefix=COMPACTION_PREFIX, origin="compaction", closing=SUMMARISE, tool_set=NO_TOOLS)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted; `after` is the id of an item of it."""

    limit: int = 20
    is_descending: bool = True
    after: str | None = None


class Responses:
    """Responses: created, followed, retrieved, continued, cancelled, deleted."""

    def __init__(
        self, runtime: Runtime, beginning: Beginning, following: Following, histories: Histories, *, seal: Seal
    ) -> None:
        self._runtime = runtime
        self._beginning = beginning
        self._following = following
        self._histories = histories
        self._seal = seal

    # Creating

    async def create(self, request: CreateResponse, given: Given) -> ActorId:
        """The run that is the response, started; the same command id and body lead to the same one.

        Raises: Denied; Rejected with the path of what is wrong, `model_not_found`, `previous_response_not_found`,
        `previous_response_active`, `idempotency_conflict`; Unavailable.
        """
        check(request)
        return await self._beginning.begin(request, given, _ANSWER)

    async def compact(self, request: CompactResponse, given: Given) -> Body:
        """A talk as one sealed item, which stands for it in the input of a later request.

        Raises: as `create`; Rejected with the code of the model's failure; Unavailable where that may pass.
        """
        asked = request_of(request)
        check(asked)
        run = await self._beginning.begin(asked, given, _SUMMARY)
        async with self._following.reading(run):
            response = await self._following.finished(run)
        return compacted(response, self._seal.close(run.scope, summary_of(response)))

    # Following

    def reading(self, run: ActorId) -> AbstractAsyncContextManager[None]:
        """Keeps an unstored response going while somebody reads it."""
        return self._following.reading(run)

    async def finished(self, run: ActorId) -> Body:
        """The response once its run has ended, or waits for a decision."""
        return await self._following.finished(run)

    async def accepted(self, run: ActorId) -> Body:
        """The response as it was when it was accepted."""
        return await self._following.accepted(run)

    def frames(
        self, run: ActorId, *, after: int | None = None, include: frozenset[str] = frozenset()
    ) -> AsyncGenerator[Frame, None]:
        """The events of a response after a sequence number: those that were, then those that come, to the last."""
        return self._following.frames(run, after=after, include=include)

    # Looking

    async def retrieve(self, caller: Principal, response_id: str, include: frozenset[str] = frozenset()) -> Body:
        """A stored response as it is now. Raises: Denied; Rejected `response_not_found`."""
        return await self._following.current(await self.stored(caller, response_id), include)

    async def stored(self, caller: Principal, response_id: str) -> ActorId:
        """The run behind a stored response of the caller's scope. Raises: Denied; Rejected `response_not_found`."""
        require(caller, "runs.read")
        await self._histories.stored(caller.scope, response_id)
        return ActorId(RUN, caller.scope, response_id)

    async def input_items(self, caller: Principal, response_id: str, page: Page) -> Body:
        """What a response was asked with. Raises: Denied; Rejected `response_not_found`, `item_not_found`."""
        run = await self.stored(caller, response_id)
        found = await self._runtime.readmodels.get("agents.inputs", run.scope, f"{run.key}:input")
        recorded = found.document.items if found and isinstance(found.document, InputDocument) else ()
        items = await opened(self._runtime.blobs, run, recorded)
        chosen = _page(run.key, items, page)
        views = [self._input_view(run, await inlined(self._runtime.blobs, run, each)) for each in chosen[: page.limit]]
        return {
            "object": "list",
            "data": views,
            "first_id": views[0]["id"] if views else None,
            "last_id": views[-1]["id"] if views else None,
            "has_more": len(chosen) > page.limit,
        }

    def _input_view(self, run: ActorId, item: Item) -> Body:
        if not item.id.startswith(f"{COMPACTION_PREFIX}_"):
            return input_view(run.key, item)
        sealed = self._seal.close(run.scope, item.message.parts[0].text)
        return {"type": "compaction", "id": shown_id(run.key, item), "encrypted_content": sealed}

    # Ending

    async def cancel(self, caller: Principal, response_id: str) -> Body:
        """The response, cancelled if it was still going on. Raises: Denied; Rejected `response_not_found`."""
        require(caller, "runs.cancel")
        run = await self.stored(caller, response_id)
        await self._runtime.ask(run, CancelRun(reason="cancelled by request"), principal=caller)
        return await self._following.current(run)

    async def delete(self, caller: Principal, response_id: str) -> Body:
        """Cancels and hides a response, and has it erased when no other needs it that goes on from it.

        Raises: Denied; Rejected `response_not_found`.
        """
        require(caller, "runs.cancel")
        run = await self.stored(caller, response_id)
        children = await self._active_after(run.scope, run.text)
        await self._runtime.ask(run, DeleteRun(continued_by=children), principal=caller)
        self._histories.forget(run)
        return {"id": response_id, "object": "response.deleted", "deleted": True}

    async def _active_after(self, scope: ScopeId, run: str) -> list[str]:
        """The runs under way that rest on this one."""
        active, waiting = [], [run]
        while waiting:
            previous, after = waiting.pop(), None
            while True:
                page = await self._runtime.readmodels.list(
                    "agents.runs", scope, where={"previous": previous}, after=after, limit=CHILDREN_AT_ONCE
                )
                for child in page.items:
                    text = ActorId(RUN, scope, child.key).text
                    waiting.append(text)
                    if isinstance(child.document, RunDocument) and child.document.status not in ENDED:
                        active.append(text)
                if (after := page.after) is None:
                    break
        return active


def check(request: CreateResponse) -> None:
    """Goes on if the parts of a request fit each other. Raises: Rejected."""
    if not request.input and request.previous_response_id is None:
        raise Rejected("missing_required_parameter", "Say something, or name a previous response.", "input")
    if request.background and not request.store:
        told = "A response in the background has to be stored, or nobody could read it."
        raise Rejected("background_requires_store", told, "background")


def _page(run_key: str, items: Sequence[Item], page: Page) -> list[Item]:
    ordered = list(reversed(items)) if page.is_descending else list(items)
    if page.after is None:
        return ordered
    for place, item in enumerate(ordered):
        if shown_id(run_key, item) == page.after:
            return ordered[place + 1 :]
    raise Rejected("invalid_cursor", f"There is no item {page.after!r} in this list.", "after")
