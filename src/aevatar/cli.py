"""The command `aevatar`. Each command imports what it needs when it runs, so that asking for help costs nothing."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aevatar.errors import AevatarError

if TYPE_CHECKING:
    from aevatar.server.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Folder for the journal and for tokens.  [default: var]")]
Config = Annotated[Path | None, typer.Option(help="What models there are.  [default: aevatar.yaml, if it is there]")]

Database = Annotated[
    str | None, typer.Option(help="postgresql://…, sqlite:///path or memory:  [default: a file in the data folder]")
]
Capabilities = Annotated[
    list[str] | None, typer.Option("--capability", help="Its kinds too: module:attribute. Repeat it for several.")
]

tokens = typer.Typer(no_args_is_help=True, help="Make and revoke bearer tokens for a server with --auth token.")
journal = typer.Typer(no_args_is_help=True, help="Look at the store behind the actors, copy it, and put it right.")


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
    for command in (serve, chat, models):
        app.command()(command)
    app.add_typer(tokens, name="token")
    app.add_typer(journal, name="journal")
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
    database: Database = None,
    model: Annotated[str | None, typer.Option(help="The default model, <provider>/<model>.")] = None,
    config: Config = None,
    auth: Annotated[
        str | None, typer.Option(help="dev (everybody at this machine), token or oidc.  [default: dev]", metavar="MODE")
    ] = None,
    capability: Annotated[
        list[str] | None, typer.Option(help="Serve this too: module:attribute. Repeat it for several.")
    ] = None,
) -> None:
    """Serve over HTTP until interrupted. Every option is also a variable: AEVATAR_PORT, AEVATAR_DATABASE, …."""
    from aevatar.commands.configuring import platform_settings
    from aevatar.commands.serve import serve

    settings = _settings(
        host=host, port=port, data=data, database=database, auth=auth, capabilities=tuple(capability or ()) or None
    )
    serve(settings, platform_settings(model=model, config=config))


def chat(
    prompt: Annotated[str | None, typer.Argument(help="What to say. Without it: what is piped in, or a talk.")] = None,
    *,
    agent: Annotated[str, typer.Option(help="Whom to talk to.")] = "assistant",
    model: Annotated[str | None, typer.Option(help="The model that answers, in place of the agent's.")] = None,
    run: Annotated[str | None, typer.Option(help="Pick up a run that was begun elsewhere, by its id.")] = None,
    url: Annotated[
        str | None, typer.Option(help="A server's address.  [default: one of its own, on the data folder]")
    ] = None,
    thread: Annotated[str | None, typer.Option(help="Go on with an earlier talk, or begin one of this name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print events, one line of JSON each.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Talk to an agent, or pick up a run. Ctrl-C cancels the run, twice leaves it.

    A bearer token for the server is taken from AEVATAR_TOKEN. Exits with 0 completed, 1 failed, 2 wrong usage,
    3 incomplete, 4 cancelled, 5 waiting for an approval.
    """
    from aevatar.commands.chat import chat

    if url is not None and not url.startswith(("http://", "https://")):
        raise typer.BadParameter("an address begins with http:// or https://", param_hint="--url")
    if run is not None and (prompt is not None or model is not None or thread is not None):
        raise typer.BadParameter("a run has its prompt, its model and its thread", param_hint="--run")
    raise typer.Exit(
        chat(
            prompt,
            run=run,
            agent=agent,
            model=model,
            url=url,
            thread=thread,
            as_json=as_json,
            data=data,
            config=config,
        )
    )


def models(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    check: Annotated[bool, typer.Option(help="Make one tiny call to each.")] = False,
    config: Config = None,
) -> None:
    """Show which models there are, which is the default and why. With --check, exits with 1 if one does not answer."""
    from aevatar.commands.configuring import platform_settings
    from aevatar.commands.models import models

    raise typer.Exit(models(platform_settings(config=config), as_json=as_json, check=check))


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


@journal.command()
def info(*, data: Data = None, database: Database = None) -> None:
    """Show what there is, in numbers. A server may run meanwhile."""
    from aevatar.commands.journal import info

    info(_settings(data=data, database=database))


@journal.command()
def verify(
    *, data: Data = None, database: Database = None, capability: Capabilities = None, config: Config = None
) -> None:
    """Read everything back and compare it with the log. No server may run. Exits with 1 if anything is wrong."""
    from aevatar.commands.configuring import platform_settings
    from aevatar.commands.journal import verify

    settings = _settings(data=data, database=database, capabilities=tuple(capability or ()) or None)
    raise typer.Exit(verify(settings, platform_settings(config=config)))


@journal.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    *,
    data: Data = None,
    database: Database = None,
) -> None:
    """Copy the journal into one file, as of one instant. A server may run meanwhile."""
    from aevatar.commands.journal import backup

    backup(_settings(data=data, database=database), path)


@journal.command()
def export(
    *, data: Data = None, database: Database = None, capability: Capabilities = None, config: Config = None
) -> None:
    """Print the log, one line of JSON for each turn. A server may run meanwhile."""
    from aevatar.commands.configuring import platform_settings
    from aevatar.commands.journal import export

    settings = _settings(data=data, database=database, capabilities=tuple(capability or ()) or None)
    export(settings, platform_settings(config=config))


@journal.command("rebuild-readmodels")
def rebuild_readmodels(
    name: Annotated[str | None, typer.Argument(help="One read model.  [default: all]")] = None,
    *,
    data: Data = None,
    database: Database = None,
    capability: Capabilities = None,
    config: Config = None,
) -> None:
    """Make documents anew from the log. On PostgreSQL servers may run meanwhile."""
    from aevatar.commands.configuring import platform_settings
    from aevatar.commands.journal import rebuild

    settings = _settings(data=data, database=database, capabilities=tuple(capability or ()) or None)
    raise typer.Exit(rebuild(settings, platform_settings(config=config), name))


@journal.command()
def compact(*, data: Data = None, database: Database = None) -> None:
    """Sweep old dead letters and finished effects, and give space back. On PostgreSQL servers may run meanwhile."""
    from aevatar.commands.journal import compact

    compact(_settings(data=data, database=database))


def _settings(**given: Any) -> Settings:
    from aevatar.commands.configuring import configured
    from aevatar.server.settings import Settings

    return configured(Settings, **given)


if __name__ == "__main__":
    main()
