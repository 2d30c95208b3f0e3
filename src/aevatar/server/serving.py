"""Runs the application in this process until it is asked to stop, and then lets go of everything in order."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from aevatar.errors import Misassembled
from aevatar.server.settings import Settings


def listen(settings: Settings) -> socket.socket:
    """The socket to serve on. Raises: Misassembled when the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as problem:
        raise Misassembled(f"cannot listen on {settings.host}:{settings.port}: {problem.strerror}") from problem
    # Accepted sockets inherit it. asyncio sets it only where it made the listener; without it, the second write of an
    # answer waits for the acknowledgement of the first, which takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def run(application: FastAPI, settings: Settings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serves on `listener` until SIGINT or SIGTERM. `on_ready` is called once requests are answered.

    Raises: Misassembled when the journal cannot be used.
    """
    server = Server(application, settings, on_ready)
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(server.run_application(listener))


class Server(uvicorn.Server):
    """Serves one application, from the start of its runtime to the end of it."""

    def __init__(self, application: FastAPI, settings: Settings, on_ready: Callable[[], None] = lambda: None) -> None:
        config = uvicorn.Config(
            application,
            lifespan="off",  # run around the server instead: there, why a start failed is an error and not a log line
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=settings.shutdown_timeout,
        )
        super().__init__(config)
        self._application = application
        self._on_ready = on_ready

    async def run_application(self, listener: socket.socket) -> None:
        """Starts the application, serves it, and stops it."""
        async with self._application.router.lifespan_context(self._application):
            with listener, _tuned_garbage_collection():
                await self.serve([listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Also tells that requests are answered from now on."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends the event streams first: they have no end of their own, and their readers resume by cursor."""
        self._application.state.streams.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes SIGINT and SIGTERM for a wish to stop.

        Unlike the parent's, it does not raise them again at the end: the journal is still to be closed then.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _tuned_garbage_collection() -> Iterator[None]:
    # A turn makes many small objects that die young, and no cycles. With the usual thresholds the collector runs every
    # few turns over all that was loaded at the start; without that, two and a half times as many turns fit in a second.
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
