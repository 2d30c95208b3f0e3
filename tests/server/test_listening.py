"""The socket that is served on."""

from __future__ import annotations

import socket
from pathlib import Path

from aevatar.server import Settings
from aevatar.server.serving import listen


def test_small_writes_are_sent_at_once(tmp_path: Path) -> None:
    with listen(Settings(port=0, data=tmp_path)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client, listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
            assert client.getpeername() == address
