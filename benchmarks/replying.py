"""The programs around a streamed reply: `python -m benchmarks.replying provider|proxy|platform <folder> [<provider>]`.

The provider says as many tokens at such a pace as the name of the model tells. The proxy passes its bytes on, with the
web server and the HTTP client that the platform has too, and does nothing else. Each tells its address, and for every
line that it is sent, how much processor time it has used.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from time import process_time

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from aevatar.models.models_pb2 import FINISH_STOP, ModelDelta, Usage
from aevatar.platform import Platform, PlatformSettings
from aevatar.server import Settings, create_application
from aevatar.server.serving import listen, run
from benchmarks.running import settle_process
from tests.models.wires import ChatCompletions

PATH = "/v1/chat/completions"
TOKEN = " word"
PROVIDER = "paced"


def model(*, tokens: int, pace: int = 0) -> str:
    """The name of a model that says so many tokens, so many a second or as fast as it can."""
    return f"{tokens}-at-{pace}"


MODELS = [model(tokens=1, pace=25), model(tokens=1_000), *(model(tokens=tokens, pace=50) for tokens in (25, 1_000))]


async def provide() -> None:
    """Serves until the process ends."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=512)
    _tell(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer):
        while head := await _head(reader):
            asked = json.loads(await reader.readexactly(int(head["content-length"])))
            tokens, pace = map(int, asked["model"].split("-at-"))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            await _say(writer, tokens, pace)
            if head.get("connection") == "close":
                return


async def _head(reader: asyncio.StreamReader) -> dict[str, str]:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return {}
    lines = (line.partition(": ") for line in head.strip().split("\r\n")[1:])
    return {name.lower(): value for name, _, value in lines}


async def _say(writer: asyncio.StreamWriter, tokens: int, pace: int) -> None:
    deltas = [ModelDelta(text=TOKEN)] * tokens
    ending = [ModelDelta(usage=Usage(input_tokens=10, output_tokens=tokens)), ModelDelta(finished=FINISH_STOP)]
    clock = asyncio.get_running_loop().time
    began = clock()
    for number, event in enumerate(ChatCompletions().events([*deltas, *ending])):
        if pace and (early := began + number / pace - clock()) > 0:
            await asyncio.sleep(early)
        writer.write(b"%x\r\n%b\r\n" % (len(event), event.encode()))
        await writer.drain()
    writer.write(b"0\r\n\r\n")


def pass_on(folder: Path, provider: str) -> None:
    """Serves until the process ends."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    client = httpx2.AsyncClient(base_url=provider, limits=limits, timeout=60)

    async def answer(request: Request) -> StreamingResponse:
        asked = client.build_request("POST", PATH, content=await request.body())
        answered = await client.send(asked, stream=True)

        async def body() -> AsyncIterator[bytes]:
            try:
                async for piece in answered.aiter_raw():
                    yield piece
            finally:
                await answered.aclose()

        return StreamingResponse(body(), media_type="text/event-stream")

    listener = listen(Settings(port=0, data=folder))
    _tell(listener.getsockname()[1])
    application = Starlette(routes=[Route(PATH, answer, methods=["POST"])])
    config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, server_header=False)
    uvicorn.Server(config).run([listener])


def serve(folder: Path, provider: str) -> None:
    """Serves until the process ends."""
    known = {"name": PROVIDER, "type": "openai_compatible", "base_url": f"{provider}/v1", "models": MODELS}
    file = folder / "aevatar.yaml"
    file.write_text(json.dumps({"models": {"providers": [known]}}), encoding="utf-8")
    platform = Platform(PlatformSettings(config=file, model=f"{PROVIDER}/{MODELS[0]}"), environment={})
    settings = Settings(port=0, data=folder)
    listener = listen(settings)
    application = create_application(platform.capabilities(), settings)
    run(application, settings, listener, lambda: _tell(listener.getsockname()[1]))


def _tell(port: int) -> None:
    print(json.dumps(f"http://127.0.0.1:{port}"), flush=True)
    threading.Thread(target=_tell_time, daemon=True).start()


def _tell_time() -> None:
    for _ in sys.stdin:
        print(json.dumps(process_time()), flush=True)


def main() -> None:
    settle_process()
    match sys.argv[1:]:
        case ["provider", _]:
            asyncio.run(provide())
        case ["proxy", folder, provider]:
            pass_on(Path(folder), provider)
        case ["platform", folder, provider]:
            serve(Path(folder), provider)


if __name__ == "__main__":
    main()
