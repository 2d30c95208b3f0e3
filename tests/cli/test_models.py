"""`aevatar models`: what there is, what answers by default, and what keeps the rest away."""

from __future__ import annotations

import json
import os
from pathlib import Path

import anyio

from tests.cli.kit import Ended, Shell, command, environment
from tests.models.fake_provider import FakeProvider, Reply, fake_provider
from tests.models.replies import done, text
from tests.models.wires import Refusal

DEFAULT = "offline/demo  aevatar, the default: nothing is configured\n"
OFFLINE = {
    "id": "offline/demo",
    "ownedBy": "aevatar",
    "contextLength": None,
    "maxOutputTokens": None,
    "modalities": ["text"],
    "supportsTools": True,
    "price": None,
    "isStale": False,
}


def test_without_a_configuration_there_is_the_offline_model(shell: Shell) -> None:
    assert shell("models") == Ended(0, DEFAULT, "")
    assert json.loads(shell("models", "--json").out) == {
        "default": {"id": "offline/demo", "reason": "offline"},
        "models": [OFFLINE],
        "failures": [],
        "unusedKeys": [],
    }


def test_a_key_in_the_environment_enables_nothing_and_is_told_with_the_line_that_would(shell: Shell) -> None:
    shell.set("ANTHROPIC_API_KEY", "sk-s3cr3t")
    told = shell("models").out
    line = told.splitlines()[-1].strip()
    (shell.folder / "aevatar.yaml").write_text(line, encoding="utf-8")
    assert told.startswith(
        "offline/demo  aevatar, the default: nothing is configured\n\nANTHROPIC_API_KEY is set, and "
    )
    assert "s3cr3t" not in told
    assert shell("models").code == 0  # the line can be pasted


def test_the_default_says_where_it_comes_from(shell: Shell) -> None:
    (shell.folder / "aevatar.yaml").write_text(
        "models:\n"
        "  default: quick\n"
        "  aliases: {quick: gateway/small}\n"
        "  providers:\n"
        "    - name: gateway\n"
        "      type: openai_compatible\n"
        "      base_url: http://127.0.0.1:9\n"
        "      models: [{id: small, context_length: 8192}, large]\n",
        encoding="utf-8",
    )
    told = shell("models").out
    shell.set("AEVATAR_MODEL", "gateway/large")
    assert told == (
        "gateway/large  gateway\n"
        "gateway/small  gateway, 8,192 tokens, the default: configured\n"
        "offline/demo   aevatar\n"
    )
    assert json.loads(shell("models", "--json").out)["default"] == {
        "id": "gateway/large",
        "reason": "configured_default",
    }


def test_a_model_is_listed_with_its_price(shell: Shell) -> None:
    (shell.folder / "aevatar.yaml").write_text(
        "models:\n"
        "  providers:\n"
        "    - name: gateway\n"
        "      type: openai_compatible\n"
        "      base_url: http://127.0.0.1:9\n"
        "      models: [small]\n"
        "      prices: {small: {input: 0.25, cached_input: 0.025, output: 2}}\n",
        encoding="utf-8",
    )
    assert "gateway/small  gateway, $0.25 in and $2 out per million\n" in shell("models").out
    (listed, _) = json.loads(shell("models", "--json").out)["models"]
    assert listed["price"] == {"input": "0.25", "output": "2", "cachedInput": "0.025"}


async def test_a_provider_that_fails_is_named_and_takes_nothing_from_the_others(tmp_path: Path) -> None:
    async with fake_provider() as provider:
        provider.answers.append(Refusal(401, "bad key"))
        ended = await run(tmp_path, provider, "models", discover="true")
    assert ended.code == 0
    assert ended.out.startswith(
        "offline/demo  aevatar, the default: nothing is configured\ngateway cannot be asked for "
    )
    assert "authentication_failed" in ended.out


async def test_a_check_makes_one_tiny_call_to_each_and_fails_if_one_does(tmp_path: Path) -> None:
    async with fake_provider() as provider:
        provider.answers += [Reply((*text("ok"), *done())), Refusal(401, "bad key")]
        ended = await run(tmp_path, provider, "models", "--check", "--json", models="[one, two]")
        asked = sorted(request.body["max_tokens"] for request in provider.requests)
    results = {model["id"]: model["check"] for model in json.loads(ended.out)["models"]}
    failed = next(result for result in results.values() if result != "ok")
    assert (ended.code, asked) == (1, [16, 16])
    assert sorted(results) == ["gateway/one", "gateway/two", "offline/demo"]
    assert failed.startswith("authentication_failed: ")
    assert list(results.values()).count("ok") == 2


async def run(folder: Path, provider: FakeProvider, *arguments: str, **offers: str) -> Ended:
    """A command in a process of its own, with the provider configured."""
    told = "".join(f"      {name}: {value}\n" for name, value in offers.items())
    (folder / "aevatar.yaml").write_text(
        "models:\n  providers:\n    - name: gateway\n      type: openai_compatible\n"
        f"      base_url: {provider.base_url}/v1\n{told}",
        encoding="utf-8",
    )
    ended = await anyio.run_process(command(*arguments), cwd=folder, env=environment(os.environ), check=False)
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
