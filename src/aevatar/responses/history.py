"""What a request goes on from: the response before it, the items it refers to, and calls that wait for their output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aevatar.agents import RUN
from aevatar.agents.runs import Transcripts
from aevatar.agents.runs.blobs import inlined
from aevatar.agents.runs_pb2 import History, Item, RunDocument
from aevatar.blobs import BlobStore
from aevatar.errors import Rejected
from aevatar.identity import ActorId, ScopeId
from aevatar.readmodels import ReadModels
from aevatar.responses.items import Given, calls_in, input_item, results_by_call, run_key_in, said, shown_id
from aevatar.responses.requests import CompactionItem, Input, ItemReference
from aevatar.responses.response_object import ENDED
from aevatar.responses.sealing import Seal

ORIGIN = "responses"
_CONTINUABLE = frozenset({"completed", "incomplete", "interrupted"})


@dataclass(frozen=True, slots=True)
class Past:
    """The talk before a request: what its run takes as history, and the items of the response it continues."""

    history: History
    items: tuple[Item, ...] = ()


class Histories:
    """Looks up what requests go on from."""

    def __init__(self, readmodels: ReadModels, blobs: BlobStore, seal: Seal) -> None:
        self._readmodels = readmodels
        self._blobs = blobs
        self._transcripts = Transcripts(readmodels, blobs)
        self._seal = seal

    async def stored(self, scope: ScopeId, response_id: str) -> RunDocument:
        """The document of a stored response. Raises: Rejected `response_not_found`."""
        document = await run_document(self._readmodels, scope, response_id)
        if document is None or document.origin != ORIGIN or document.is_unstored:
            raise Rejected("response_not_found", f"There is no response {response_id!r}.", "response_id")
        return document

    def forget(self, run: ActorId) -> None:
        """Drops what is remembered of a response that was deleted."""
        self._transcripts.forget(run.text)

    async def past(self, scope: ScopeId, response_id: str | None) -> Past:
        """The talk up to a response. Raises: Rejected `previous_response_not_found`, `previous_response_active`."""
        if response_id is None:
            return Past(History())
        try:
            document = await self.stored(scope, response_id)
        except Rejected as missing:
            raise _no_previous(response_id) from missing
        if document.status not in ENDED:
            told = "The previous response has not ended; wait for it, or cancel it."
            raise Rejected("previous_response_active", told, "previous_response_id")
        run = ActorId(RUN, scope, response_id)
        transcript = await self._transcripts.get(run.text)
        if document.status not in _CONTINUABLE or transcript is None:
            raise _no_previous(response_id)
        history = History(previous_run=run.text, estimated_tokens=transcript.estimated_tokens)
        return Past(history, tuple(transcript.items))

    async def items(self, scope: ScopeId, given: Input) -> list[Item]:
        """The items of a request's input, references and compactions opened.

        Raises: Rejected `item_not_found`, `invalid_compaction`, and what `input_item` raises.
        """
        if isinstance(given, str):
            return [Item(id="msg_in0", message=said(given), is_input=True)] if given else []
        return [await self._item(scope, each, place) for place, each in enumerate(given)]

    async def check_outputs(self, past: Past, items: Sequence[Item]) -> None:
        """Goes on if every open call is answered, once.

        Raises: Rejected `missing_tool_output`, `tool_call_not_found`, `duplicate_tool_output`.
        """
        stray = check_outputs(past.items, items)
        if stray is None:
            return
        call_id, place = stray
        param = f"input[{place}].call_id"
        if await self._was_answered(past, call_id):
            raise Rejected("duplicate_tool_output", f"The call {call_id!r} has been answered before.", param)
        raise Rejected("tool_call_not_found", f"There is no call {call_id!r} in this talk.", param)

    async def _was_answered(self, past: Past, call_id: str) -> bool:
        items, history = past.items, past.history
        while True:
            if any(call.call_id == call_id and call.is_client for call in calls_in(items)):
                return True
            transcript = await self._transcripts.get(history.previous_run) if history.previous_run else None
            if transcript is None:
                return False
            items, history = tuple(transcript.items), transcript.history

    async def _item(self, scope: ScopeId, given: Given, place: int) -> Item:
        match given:
            case ItemReference():
                return await self._referred(scope, given.id, place)
            case CompactionItem():
                text = self._seal.open(scope, given.encrypted_content, f"input[{place}].encrypted_content")
                return Item(id=f"cmp_in{place}", message=said(text), is_input=True)
        return input_item(given, place)

    async def _referred(self, scope: ScopeId, item_id: str, place: int) -> Item:
        key = run_key_in(item_id)
        absent = Rejected("item_not_found", f"There is no item {item_id!r}.", f"input[{place}].id")
        try:
            run = ActorId(RUN, scope, key)
            await self.stored(scope, key)
            transcript = await self._transcripts.get(run.text)
        except Rejected as refused:
            raise absent from refused
        for item in transcript.items if transcript is not None else ():
            if shown_id(key, item) == item_id:
                found = Item()
                found.CopyFrom(await inlined(self._blobs, run, item))  # its blobs are not the new run's
                found.id = (
                    f"{item.id.partition('_')[0]}_in{place}"  # its own place: ids of two responses may be the same
                )
                found.is_input, found.is_incomplete = True, False
                return found
        raise absent


def check_outputs(before: Sequence[Item], items: Sequence[Item]) -> tuple[str, int] | None:
    """The first output among `items` that answers no open call, with its place; None when all is well.

    Raises: Rejected `missing_tool_output`, `duplicate_tool_output`.
    """
    done = results_by_call(before)
    waiting = {call.call_id for call in calls_in(before) if call.is_client and call.call_id not in done}
    answered: set[str] = set()
    for place, item in enumerate(items):
        match item.WhichOneof("content"):
            case "call":
                waiting.add(item.call.call_id)
            case "result":
                call_id = item.result.call_id
                if call_id in answered:
                    told = f"The call {call_id!r} is answered twice."
                    raise Rejected("duplicate_tool_output", told, f"input[{place}].call_id")
                if call_id not in waiting:
                    return call_id, place
                answered.add(call_id)
    if missing := sorted(waiting - answered):
        raise Rejected("missing_tool_output", f"The call {missing[0]!r} has no function_call_output.", "input")
    return None


async def run_document(readmodels: ReadModels, scope: ScopeId, key: str) -> RunDocument | None:
    """The document of any run, by its key."""
    found = await readmodels.get("agents.runs", scope, key)
    return found.document if found is not None and isinstance(found.document, RunDocument) else None


def _no_previous(response_id: str) -> Rejected:
    told = f"There is no response {response_id!r} to go on from."
    return Rejected("previous_response_not_found", told, "previous_response_id")
