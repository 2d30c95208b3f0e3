"""`aevatar chat`: says something to an agent and shows what comes of it, against a server or one of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final, TextIO
from uuid import uuid4

from aevatar.commands.client import Client
from aevatar.commands.following import CANCELLED, COMPLETED, Following, note, tell_of_cancelling
from aevatar.commands.telling import Answer, JsonLines, Story, Teller
from aevatar.errors import AevatarError, InUse

Shows = Callable[[TextIO], Teller]

USAGE: Final = 2
OFFLINE_DELAY_MS: Final = 15


class Chat:
    """A talk with one agent. `is_watched`: a person sits at a terminal, and can be asked."""

    def __init__(
        self, client: Client, *, agent: str, model: str | None, thread: str, shows: Shows, is_watched: bool
    ) -> None:
        self._client = client
        self._agent = agent
        self._model = model
        self._thread = thread
        self._shows = shows
        self._is_watched = is_watched
        self._is_first = True

    def say(self, prompt: str) -> int:
        """Says one thing, shows the run to its end, and answers the exit code.

        Raises: Rejected; Denied; Unavailable.
        """
        tells_offline, self._is_first = self._is_first, False
        key = str(uuid4())
        try:
            run = self._begin(prompt, key)
        except KeyboardInterrupt:  # it may have begun, and under its key we learn which run it is
            tell_of_cancelling()
            self._client.cancel(self._begin(prompt, key))
            note("cancelled")
            return CANCELLED
        return self._following(run, tells_offline=tells_offline).to_the_end()

    def _begin(self, prompt: str, key: str) -> str:
        return self._client.invoke(self._agent, prompt, key=key, thread=self._thread, model=self._model)

    def _following(self, run: str, *, tells_offline: bool) -> Following:
        teller = self._shows(sys.stdout)
        return Following(self._client, run, teller, is_watched=self._is_watched, tells_offline=tells_offline)

    def pick_up(self, run: str) -> int:
        """Shows a run that was begun elsewhere, from its start to its end, and answers the exit code.

        Raises: Rejected `run_not_found`; Denied; Unavailable.
        """
        self._client.status(run)
        return self._following(run, tells_offline=False).to_the_end()

    def converse(self) -> int:
        """Takes turns with a person until they leave."""
        print(f"Talking with {self._agent}; --thread {self._thread} goes on here. Ctrl-C cancels, Ctrl-D leaves.")
        while True:
            try:
                prompt = input("> ")
            except (EOFError, KeyboardInterrupt):
                print()
                return COMPLETED
            if prompt.strip():
                self._say_and_stay(prompt)

    def _say_and_stay(self, prompt: str) -> None:
        try:
            self.say(prompt)
        except AevatarError as problem:
            note(str(problem))


def chat(
    prompt: str | None,
    *,
    run: str | None,
    agent: str,
    model: str | None,
    url: str | None,
    thread: str | None,
    as_json: bool,
    data: Path | None,
    config: Path | None,
) -> int:
    """Runs the command, and answers its exit code. Raises: AevatarError, with a sentence for whoever called it."""
    is_watched, is_piped = sys.stdin.isatty() and not as_json, prompt is None and not sys.stdin.isatty()
    if run is not None:
        is_piped = False
    elif is_piped:
        prompt = sys.stdin.read().strip()
    if prompt is not None and not prompt.strip():
        note("say something: aevatar chat PROMPT")
        return USAGE
    shows: Shows = JsonLines if as_json else Answer if is_piped else Story
    try:
        with _client(url, data, config) as client:
            talk = Chat(
                client,
                agent=agent,
                model=model,
                thread=thread or ("" if prompt else f"chat-{token_hex(4)}"),
                shows=shows,
                is_watched=is_watched,
            )
            if run is not None:
                return talk.pick_up(run)
            return talk.say(prompt) if prompt else talk.converse()
    except KeyboardInterrupt:
        return CANCELLED


@contextmanager
def _client(url: str | None, data: Path | None, config: Path | None) -> Iterator[Client]:
    token = os.environ.get("AEVATAR_TOKEN")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    if url is not None:
        with closing(Client(url, headers)) as client:
            yield client
        return
    with _own_server(data, config) as (address, opening), closing(Client(address, headers | opening)) as client:
        yield client


@contextmanager
def _own_server(data: Path | None, config: Path | None) -> Iterator[tuple[str, dict[str, str]]]:
    from aevatar.commands.configuring import configured, platform_settings
    from aevatar.commands.local import local_server
    from aevatar.platform import Platform
    from aevatar.server import Settings
    from aevatar.server.logs import configure_logs

    settings = configured(Settings, host="127.0.0.1", port=0, auth="dev", data=data, log_level="error")
    platform = platform_settings(config=config)
    if "offline_delay_ms" not in platform.model_fields_set:
        platform = platform.model_copy(update={"offline_delay_ms": OFFLINE_DELAY_MS})
    configure_logs(settings)
    try:
        with local_server(settings, Platform(platform)) as opened:
            yield opened
    except InUse as taken:
        raise InUse(f"{taken}. If that is a server, talk to it: --url http://127.0.0.1:8080") from taken
