"""A server of its own process, to be killed: on a file, with an offline model that takes its time."""

from __future__ import annotations

import sys
from pathlib import Path

from aevatar.journal.sqlite import SqliteJournal
from aevatar.platform import Platform, PlatformSettings
from aevatar.responses.capability import responses
from aevatar.server import Settings, create_application
from aevatar.server.serving import listen, run
from tests.responses.kit import others


def main(data: Path, port: int) -> None:
    platform = Platform(PlatformSettings(config=data / "aevatar.yaml", offline_delay_ms=1), environment={})
    settings = Settings(port=port, data=data, log_level="error")
    capabilities = others(platform)
    journal = SqliteJournal(data / "journal.db")
    application = create_application([*capabilities, responses()], settings, journal=journal)
    with listen(settings) as listener:
        run(application, settings, listener, lambda: print("ready", flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
