"""The routes of `/v1`: OpenAI's shapes, to the letter."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from aevatar.responses.codec import Frame
from aevatar.responses.requests import CreateResponse, Include, refusal
from aevatar.responses.service import Request as Given
from aevatar.responses.service import Responses
from aevatar.server import ByteStream, Caller, CallerSecret, CommandId, Problem, provided

DONE = b"data: [DONE]\n\n"

_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}

_encode = msgspec.json.Encoder().encode


def openai_shape(problem: Problem, request_id: str) -> dict[str, Any]:
    """`{"error": {message, type, param, code}}`. The request id is in the header `x-request-id`.

    Source: OpenAI's API reference, "Error codes".
    """
    fallback = "server_error" if problem.status >= 500 else "invalid_request_error"
    kind = _ERROR_TYPES.get(problem.status, fallback)
    return {"error": {"message": problem.message, "type": kind, "param": problem.field, "code": problem.code}}


class Route(APIRoute):
    """A route whose refused bodies are told in our codes."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as wrong:
                raise refusal(wrong.errors()) from wrong

        return handled


router = APIRouter(prefix="/v1", tags=["responses"], route_class=Route)

ResponsesDep = Annotated[Responses, provided(Responses)]
ToolSetName = Annotated[str | None, Header(alias="aevatar-tool-set", max_length=200)]


async def _given(
    request: Request, caller: Caller, secret: CallerSecret, command_id: CommandId, tool_set: ToolSetName = None
) -> Given:
    return Given(
        caller=caller,
        command_id=command_id,
        request_id=request.state.request_id,
        secret=secret,
        tool_set=tool_set,
    )


def _include(
    plain: Annotated[list[Include], Query(alias="include")] = [],  # noqa: B006 - copied by the framework
    bracketed: Annotated[list[Include], Query(alias="include[]")] = [],  # noqa: B006 - likewise
) -> frozenset[str]:
    return frozenset((*plain, *bracketed))


GivenDep = Annotated[Given, Depends(_given)]
IncludeDep = Annotated[frozenset[str], Depends(_include)]
StartingAfter = Annotated[int | None, Query(ge=0, description="A sequence number; only later events are streamed.")]
LastEventId = Annotated[int | None, Header(ge=0)]


@router.post("/responses")
async def create_response(body: CreateResponse, given: GivenDep, responses: ResponsesDep) -> Response:
    run = await responses.create(body, given)
    if body.stream:
        return ByteStream(encoded(responses.frames(run)))
    return _json(await (responses.accepted(run) if body.background else responses.finished(run)))


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


@router.post("/responses/{response_id}/cancel")
async def cancel_response(response_id: str, caller: Caller, responses: ResponsesDep) -> Response:
    return _json(await responses.cancel(caller, response_id))


async def encoded(frames: AsyncGenerator[Frame, None]) -> AsyncGenerator[bytes, None]:
    """Server-sent events, each under its sequence number, and the mark that there are no more."""
    async with aclosing(frames):
        async for frame in frames:
            kind = frame.body["type"].encode()
            yield b"event: %b\nid: %d\ndata: %b\n\n" % (kind, frame.sequence_number, _encode(frame.body))
    yield DONE


def _json(body: dict[str, Any]) -> Response:
    return Response(_encode(body), media_type="application/json")
