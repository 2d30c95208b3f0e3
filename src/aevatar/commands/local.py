"""A server of this process alone, on the same data as any other: for commands that are not told where a server is."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Final

from starlette.datastructures import Headers

from aevatar.commands.configuring import capabilities_of
from aevatar.identity import Principal
from aevatar.platform import DEV, Platform, welcome
from aevatar.server import Settings, Unauthenticated, create_application
from aevatar.server.serving import Server, listen

DOOR: Final = "x-aevatar-door"


class Door:
    """Lets in nobody but this process: others on the machine can reach the port, and do not know the key."""

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(32)

    async def authenticate(self, headers: Headers) -> Principal:
        """Whoever sits at this machine. Raises: Unauthenticated."""
        if not hmac.compare_digest(headers.get(DOOR, "").encode(), self.key.encode()):
            raise Unauthenticated("this server belongs to another process")
        return DEV


@contextmanager
def local_server(settings: Settings, platform: Platform) -> Iterator[tuple[str, dict[str, str]]]:
    """Serves the platform while it is entered: its address, and the headers that open it.

    Raises: Misassembled when the settings are wrong; InUse when another process has the journal.
    """
    door, ready = Door(), Event()
    capabilities = [*capabilities_of(settings, platform), welcome()]
    application = create_application(capabilities, settings, authenticator=door)
    server = Server(application, settings, ready.set)
    with listen(settings) as listener, ThreadPoolExecutor(1, thread_name_prefix="server") as threads:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving = threads.submit(_serve, server, listener)
        serving.add_done_callback(lambda _: ready.set())
        ready.wait()
        try:
            if not serving.done():
                yield address, {DOOR: door.key}
        finally:
            server.should_exit = True
            serving.result()


def _serve(server: Server, listener: socket.socket) -> None:
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(server.run_application(listener))
