"""`aevatar serve`: the platform over HTTP until it is interrupted, and what to try on it."""

from __future__ import annotations

import json
import shlex
from importlib.metadata import version
from typing import Final

from aevatar.commands.configuring import capabilities_of
from aevatar.models import OFFLINE_MODEL
from aevatar.platform import Platform, PlatformSettings, welcome
from aevatar.server import Settings, create_application
from aevatar.server.journals import place_of
from aevatar.server.logs import configure_logs
from aevatar.server.serving import listen, run
from aevatar.server.telemetry import configure_telemetry

_AUTH: Final = {
    "dev": "dev: everybody at this machine may do everything",
    "token": "token: see `aevatar token create`",
    "oidc": "oidc: whoever brings a token of the OpenID provider",
}
_OFFLINE: Final = "a demonstration and no language model, see `aevatar models`"
_CALL: Final = '/call aevatar_invoke_gagent {"target":{"agent_key":"echo"},"payload":{"prompt":"hi"},"wait":"complete"}'
_ASK: Final = "Ask the agent echo to say hi, and tell me its answer."


def serve(settings: Settings, platform_settings: PlatformSettings) -> None:
    """Serves until SIGINT or SIGTERM. Raises: Misassembled when something is set up wrongly."""
    configure_logs(settings)
    send_last_spans = configure_telemetry(settings, version("aevatar"))
    platform = Platform(platform_settings)
    capabilities = capabilities_of(settings, platform)
    if settings.auth == "dev":
        capabilities.append(welcome())
    application = create_application(capabilities, settings)
    with listen(settings) as listener:
        address = _address(settings, listener.getsockname()[1])
        run(application, settings, listener, lambda: print(_welcome(settings, platform, address), flush=True))
    send_last_spans()


def _address(settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}"


def _welcome(settings: Settings, platform: Platform, address: str) -> str:
    database = settings.database.get_secret_value() if settings.database else None
    model = platform.default_model.name
    told = [
        f"aevatar {version('aevatar')} serves {address}",
        f"  journal  {place_of(database, settings.data)}",
        f"  auth     {_AUTH[settings.auth]}",
        f"  model    {model}{f': {_OFFLINE}' if model == OFFLINE_MODEL else ''}",
    ]
    if settings.capabilities:
        told.append(f"  also     {', '.join(settings.capabilities)}")
    return "\n".join((*told, *_to_try(settings, address, model)))


def _to_try(settings: Settings, address: str, default_model: str) -> list[str]:
    if settings.auth == "dev":
        key, token, model = "none", "", "agent/assistant"
        prompt = _CALL if default_model == OFFLINE_MODEL else _ASK
    else:  # a scope of one's own has no agents yet
        key, token, model, prompt = "<token>", "-H 'Authorization: Bearer <token>' ", default_model, "Good morning"
    body = shlex.quote(json.dumps({"model": model, "input": prompt}))
    return [
        "",
        "With curl:",
        "",
        f"curl {token}-H 'Content-Type: application/json' -d {body} {address}/v1/responses",
        "",
        "With the OpenAI client for Python:",
        "",
        "from openai import OpenAI",
        f'client = OpenAI(base_url="{address}/v1", api_key="{key}")',
        f'print(client.responses.create(model="{model}", input={prompt!r}).output_text)',
        "",
    ]
