"""The routes of `/v1`: OpenAI's shapes, to the letter."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Annotated, Any, Literal

import anyio
import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.types import Receive

from aevatar.errors import AevatarError, Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.responses.beginning import Given
from aevatar.responses.chat_completions import ChatCompletions
from aevatar.responses.chat_requests import CreateChatCompletion
from aevatar.responses.codec import Body, Frame
from aevatar.responses.listing import Models
from aevatar.responses.refusing import refusal_of
from aevatar.responses.requests import CompactResponse, CreateResponse, Include
from aevatar.responses.service import Page, Responses
from aevatar.server import ByteStream, Caller, CallerSecret, CommandId, Problem, provided

DONE = b"data: [DONE]\n\n"

_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CLIENT_LEFT = 499

_encode = msgspec.json.Encoder().encode


def openai_shape(problem: Problem, request_id: str) -> dict[str, Any]:
    """`{"error": {message, type, param, code}}`. The request id is in the header `x-request-id`.

    Source: OpenAI's API reference, "Error codes".
    """
    fallback = "server_error" if problem.status >= 500 else "invalid_request_error"
    kind = _ERROR_TYPES.get(problem.status, fallback)
    return {"error": {"message": problem.message, "type": kind, "param": problem.field, "code": problem.code}}


class Route(APIRoute):
    """A route whose refused requests are told in our codes."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            # One of its own: the outer one lives as long as a stream that answers it, and would keep a long body.
            read = Request(request.scope, request.receive)
            try:
                return await handle(read)
            except RequestValidationError as wrong:
                raise refusal_of(wrong.errors()) from wrong

        return handled


router = APIRouter(prefix="/v1", tags=["responses"], route_class=Route)

ResponsesDep = Annotated[Responses, provided(Responses)]
CompletionsDep = Annotated[ChatCompletions, provided(ChatCompletions)]
ModelsDep = Annotated[Models, provided(Models)]
ToolSetName = Annotated[str | None, Header(alias="aevatar-tool-set", max_length=200)]


async def _given(
    request: Request, caller: Caller, secret: CallerSecret, command_id: CommandId, tool_set: ToolSetName = None
) -> Given:
    return Given(
        caller=caller,
        command_id=command_id,
        is_new="idempotency-key" not in request.headers,
        request_id=request.state.request_id,
        secret=secret,
        tool_set=tool_set,
    )


async def _include(
    plain: Annotated[list[Include] | None, Query(alias="include")] = None,
    bracketed: Annotated[list[Include] | None, Query(alias="include[]")] = None,
) -> frozenset[str]:
    return frozenset((*(plain or ()), *(bracketed or ())))


GivenDep = Annotated[Given, Depends(_given)]
IncludeDep = Annotated[frozenset[str], Depends(_include)]
StartingAfter = Annotated[int | None, Query(ge=0, lt=2**63, description="Only events of a later number are streamed.")]
LastEventId = Annotated[int | None, Header(ge=0, lt=2**63)]


@router.post("/responses")
async def create_response(body: CreateResponse, given: GivenDep, request: Request, responses: ResponsesDep) -> Response:
    run = await responses.create(body, given)
    if body.stream:
        frames = responses.frames(run)
        return ByteStream(encoded(frames if body.store else _read(responses, run, frames)))
    if body.background:
        return _json(await responses.accepted(run))
    return await _while_wanted(request, _finished(responses, run, is_stored=body.store))


@router.post("/responses/compact")
async def compact_response(
    body: CompactResponse, given: GivenDep, request: Request, responses: ResponsesDep
) -> Response:
    return await _while_wanted(request, responses.compact(body, given))


@router.get("/responses/{response_id}")
async def retrieve_response(
    response_id: str,
    caller: Caller,
    responses: ResponsesDep,
    include: IncludeDep,
    *,
    stream: bool = False,
    starting_after: StartingAfter = None,
    last_event_id: LastEventId = None,
) -> Response:
    if not stream:
        return _json(await responses.retrieve(caller, response_id, include))
    run = await responses.stored(caller, response_id)
    after = last_event_id if starting_after is None else starting_after
    return ByteStream(encoded(responses.frames(run, after=after, include=include)))


@router.delete("/responses/{response_id}")
async def delete_response(response_id: str, caller: Caller, responses: ResponsesDep) -> Response:
    return _json(await responses.delete(caller, response_id))


@router.post("/responses/{response_id}/cancel")
async def cancel_response(response_id: str, caller: Caller, responses: ResponsesDep) -> Response:
    return _json(await responses.cancel(caller, response_id))


@router.get("/responses/{response_id}/input_items")
async def list_input_items(
    response_id: str,
    caller: Caller,
    responses: ResponsesDep,
    include: IncludeDep,
    *,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
    after: str | None = None,
) -> Response:
    return _json(await responses.input_items(caller, response_id, Page(limit, order == "desc", after)))


@router.post("/chat/completions")
async def create_chat_completion(
    body: CreateChatCompletion, given: GivenDep, request: Request, completions: CompletionsDep
) -> Response:
    run = await completions.create(body, given)
    if body.stream:
        return ByteStream(_encoded_chunks(completions.chunks(run, body)))
    return await _while_wanted(request, completions.completion(run, body))


@router.get("/models")
async def list_models(caller: Caller, secret: CallerSecret, models: ModelsDep) -> Response:
    return _json(await models.offered(caller, secret))


@router.get("/models/{model_id:path}")
async def retrieve_model(model_id: str, caller: Caller, secret: CallerSecret, models: ModelsDep) -> Response:
    return _json(await models.get(caller, secret, model_id))


async def encoded(frames: AsyncGenerator[Frame, None]) -> AsyncGenerator[bytes, None]:
    """Server-sent events, each under its sequence number, and the mark that there are no more."""
    async with aclosing(frames):
        async for frame in frames:
            kind = frame.body["type"].encode()
            yield b"event: %b\nid: %d\ndata: %b\n\n" % (kind, frame.sequence_number, _encode(frame.body))
    yield DONE


async def _encoded_chunks(chunks: AsyncGenerator[Body, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                yield b"data: %b\n\n" % _encode(chunk)
        except (Rejected, Unavailable) as failed:  # too late for a status: this API knows no other way to tell
            kind = "invalid_request_error" if isinstance(failed, Rejected) else "server_error"
            error = {"message": failed.message, "type": kind, "param": None, "code": failed.code}
            yield b"data: %b\n\n" % _encode({"error": error})
    yield DONE


async def _read(responses: Responses, run: ActorId, frames: AsyncGenerator[Frame, None]) -> AsyncGenerator[Frame, None]:
    async with responses.reading(run), aclosing(frames):
        async for frame in frames:
            yield frame


async def _finished(responses: Responses, run: ActorId, *, is_stored: bool) -> Body:
    if is_stored:
        return await responses.finished(run)
    async with responses.reading(run):
        return await responses.finished(run)


async def _while_wanted(request: Request, answer: Awaitable[Body]) -> Response:
    """The answer, unless the client leaves before there is one."""
    response, refusal = Response(status_code=_CLIENT_LEFT), None
    async with anyio.create_task_group() as tasks:
        # Not the request: the task that is cancelled leaves a cycle behind, and a body may be long.
        tasks.start_soon(_cancel_when_left, request.receive, tasks.cancel_scope)
        try:
            response = _json(await answer)
        except AevatarError as refused:  # raised outside, where it is not made one of a group
            refusal = refused
        tasks.cancel_scope.cancel()
    if refusal is not None:
        raise refusal
    return response


async def _cancel_when_left(receive: Receive, waiting: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    waiting.cancel()


def _json(body: Body) -> Response:
    return Response(_encode(body), media_type="application/json")
