"""`aevatar models`: which models there are, which one answers by default and why, and what keeps others away."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import anyio

from aevatar.models import (
    Chosen,
    Listing,
    ModelCall,
    ModelDirectory,
    ModelEntry,
    ModelError,
    Price,
    unused_keys,
)
from aevatar.models.models_pb2 import ROLE_USER, ModelRequest
from aevatar.platform import DEV, Platform, PlatformSettings

OK: Final = "ok"

_CHECK_SECONDS: Final = 30
_AT_ONCE: Final = 4
_WHY: Final = {"configured_default": "configured", "offline": "nothing is configured"}


@dataclass(frozen=True, slots=True)
class Report:
    """All that is told. `checks` are by model id: `OK`, or what went wrong; None where nobody was asked."""

    default: Chosen
    listing: Listing
    keys: Mapping[str, str]
    checks: Mapping[str, str] | None = None


def models(settings: PlatformSettings, *, as_json: bool, check: bool) -> int:
    """Runs the command, and answers its exit code. Raises: Misassembled when the configuration is wrong."""
    report = anyio.run(_report, Platform(settings), check)
    print(_as_json(report) if as_json else _as_text(report))
    return 1 if any(result != OK for result in (report.checks or {}).values()) else 0


async def _report(platform: Platform, check: bool) -> Report:  # noqa: FBT001 - anyio.run passes by place
    default, directory = platform.default_model, platform.models
    try:
        listing = await directory.catalogue.list(_call("list"), owner=DEV.scope)
        checks = await _checked(directory, listing) if check else None
    finally:
        await directory.aclose()
    return Report(default, listing, unused_keys(platform.models_settings, os.environ), checks)


async def _checked(directory: ModelDirectory, listing: Listing) -> dict[str, str]:
    results: dict[str, str] = {}
    places = anyio.CapacityLimiter(_AT_ONCE)

    async def ask(model: str) -> None:
        async with places:
            results[model] = await _answer(directory, model)

    async with anyio.create_task_group() as tasks:
        for entry in listing.entries:
            tasks.start_soon(ask, entry.id)
    return results


async def _answer(directory: ModelDirectory, model: str) -> str:
    request = ModelRequest(model=model, max_output_tokens=16)
    request.messages.add(role=ROLE_USER).parts.add(text="Answer with one word: ok")
    try:
        with anyio.fail_after(_CHECK_SECONDS):
            async with aclosing(directory.stream(request, _call(f"check:{model}"))) as deltas:
                async for _ in deltas:
                    pass
        return OK
    except ModelError as failed:
        return str(failed)
    except TimeoutError:
        return f"timeout: no answer in {_CHECK_SECONDS} seconds"


def _call(call_id: str) -> ModelCall:
    token = os.environ.get("AEVATAR_TOKEN")
    if token is None:
        return ModelCall(call_id)

    async def secret() -> str:
        return token

    return ModelCall(call_id, secret=secret)


def _as_text(report: Report) -> str:
    width = max(len(entry.id) for entry in report.listing.entries)
    lines = [f"{entry.id:<{width}}  {_remarks(report, entry)}".rstrip() for entry in report.listing.entries]
    for provider, failure in report.listing.failures.items():
        lines.append(f"{provider} cannot be asked for its models: {failure}")
    for variable, line in report.keys.items():
        lines += ["", f"{variable} is set, and nothing uses it. In aevatar.yaml this line would:", f"  {line}"]
    return "\n".join(lines)


def _remarks(report: Report, entry: ModelEntry) -> str:
    remarks = [entry.owned_by]
    if entry.context_length:
        remarks.append(f"{entry.context_length:,} tokens")
    if entry.price:
        remarks.append(f"${entry.price.input} in and ${entry.price.output} out per million")
    if entry.stale:
        remarks.append("as last known")
    if entry.id == report.default.name:
        remarks.append(f"the default: {_WHY[report.default.reason]}")
    if report.checks is not None:
        remarks.append(report.checks[entry.id])
    return ", ".join(remarks)


def _as_json(report: Report) -> str:
    told = {
        "default": {"id": report.default.name, "reason": report.default.reason},
        "models": [_entry(report, entry) for entry in report.listing.entries],
        "failures": [
            {"provider": provider, "code": failure.code, "message": failure.message}
            for provider, failure in report.listing.failures.items()
        ],
        "unusedKeys": [{"variable": variable, "line": line} for variable, line in report.keys.items()],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _entry(report: Report, entry: ModelEntry) -> dict[str, Any]:
    told = {
        "id": entry.id,
        "ownedBy": entry.owned_by,
        "contextLength": entry.context_length,
        "maxOutputTokens": entry.max_output_tokens,
        "modalities": list(entry.modalities),
        "supportsTools": entry.supports_tools,
        "price": entry.price and _price(entry.price),
        "isStale": entry.stale,
    }
    return told if report.checks is None else {**told, "check": report.checks[entry.id]}


def _price(price: Price) -> dict[str, str]:
    told = price.told()
    return {"cachedInput" if name == "cached_input" else name: dollars for name, dollars in told.items()}
