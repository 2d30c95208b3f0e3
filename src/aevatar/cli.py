"""The command `aevatar`. Each command imports what it needs when it runs, so that asking for help costs nothing."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aevatar.errors import AevatarError

if TYPE_CHECKING:
    from aevatar.server.settings import Settings

JOURNAL_COMMANDS = "aevatar.journal.commands"

Data = Annotated[Path | None, typer.Option(help="Folder for the journal and for tokens.  [default: var]")]

tokens = typer.Typer(no_args_is_help=True, help="Make and revoke bearer tokens for a server with --auth token.")


def main() -> None:
    """Runs the command line. What somebody can put right is told in a sentence, and ends with exit code 1."""
    try:
        commands()()
    except AevatarError as problem:
        print(f"aevatar: {problem}", file=sys.stderr)
        raise SystemExit(1) from None


def commands() -> typer.Typer:
    """All commands, put together."""
    app = typer.Typer(
        no_args_is_help=True, pretty_exceptions_enable=False, help="Durable multi-agent systems, served over HTTP."
    )
    app.callback()(_options)
    app.command()(serve)
    app.add_typer(tokens, name="token")
    if find_spec(JOURNAL_COMMANDS) is not None:
        app.add_typer(import_module(JOURNAL_COMMANDS).app, name="journal")
    return app


def _tell_version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    if value:
        print(version("aevatar"))
        raise typer.Exit


def _options(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None: ...


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="0 lets the system choose.  [default: 8080]")] = None,
    data: Data = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://…, sqlite:///path or memory:  [default: a file in the data folder]")
    ] = None,
    auth: Annotated[
        str | None, typer.Option(help="dev (everybody at this machine) or token.  [default: dev]", metavar="MODE")
    ] = None,
    capability: Annotated[
        list[str] | None, typer.Option(help="Serve this too: module:attribute. Repeat it for several.")
    ] = None,
) -> None:
    """Serve over HTTP until interrupted. Every option is also a variable: AEVATAR_PORT, AEVATAR_DATABASE, …."""
    from aevatar.server import create_application, load_capability
    from aevatar.server.logs import configure_logs
    from aevatar.server.serving import listen, run
    from aevatar.server.telemetry import configure_telemetry

    settings = _settings(
        host=host, port=port, data=data, database=database, auth=auth, capabilities=tuple(capability or ()) or None
    )
    configure_logs(settings)
    send_last_spans = configure_telemetry(settings, version("aevatar"))
    sys.path.insert(0, "")  # capabilities of one's own lie where one works
    capabilities = [load_capability(name) for name in settings.capabilities]
    application = create_application(capabilities, settings)
    with listen(settings) as listener:
        address = _address(settings, listener.getsockname()[1])
        run(application, settings, listener, lambda: _welcome(settings, address))
    send_last_spans()


@tokens.command()
def create(
    *,
    scope: Annotated[str, typer.Option(help="The scope the token opens.")],
    subject: Annotated[str, typer.Option(help="Who brings it, as recorded with what they do.")],
    permission: Annotated[
        list[str] | None, typer.Option(help="What it allows; repeat it for several.  [default: everything]")
    ] = None,
    data: Data = None,
) -> None:
    """Make a token. It is printed this once."""
    from aevatar.actors.nature import SystemClock
    from aevatar.identity import ScopeId
    from aevatar.server.tokens import Tokens

    known = Tokens(_settings(data=data).tokens)
    print(known.create(ScopeId(scope), subject, tuple(permission or ["*"]), now=SystemClock().now()))


@tokens.command("list")
def list_tokens(*, data: Data = None) -> None:
    """Show what tokens there are."""
    from datetime import UTC, datetime

    from aevatar.server.tokens import Tokens

    for token in Tokens(_settings(data=data).tokens).list():
        made = datetime.fromtimestamp(token.created_at / 1000, UTC).isoformat(timespec="seconds")
        print(token.id, made, token.scope, token.subject, ",".join(token.permissions), sep="\t")


@tokens.command()
def revoke(
    token_id: Annotated[str, typer.Argument(help="As `aevatar token list` shows it.")], *, data: Data = None
) -> None:
    """End a token. The next request that brings it is refused."""
    from aevatar.server.tokens import Tokens

    Tokens(_settings(data=data).tokens).revoke(token_id)


def _settings(**given: Any) -> Settings:
    from pydantic import ValidationError

    from aevatar.errors import Misassembled
    from aevatar.server.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise Misassembled(f"the setting {'.'.join(map(str, first['loc']))!r} is wrong: {first['msg']}") from None


def _address(settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}"


def _welcome(settings: Settings, address: str) -> None:
    from aevatar.server.journals import place_of

    database = settings.database.get_secret_value() if settings.database else None
    token = " -H 'Authorization: Bearer <token>'" if settings.auth == "token" else ""
    print(
        f"aevatar {version('aevatar')} serves {address}",
        f"  journal  {place_of(database, settings.data)}",
        f"  auth     {'dev: everybody at this machine may do everything' if not token else 'token'}",
        f"  serving  {', '.join(settings.capabilities) or 'no capabilities yet'}",
        "Try",
        f"  curl {address}/health/ready",
        f"  curl{token} {address}/api/me",
        sep="\n",
        flush=True,
    )


if __name__ == "__main__":
    main()
