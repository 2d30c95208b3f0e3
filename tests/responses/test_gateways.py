"""Responses of a configured provider, all the way to its wire: what it is told, what does not fit it, what it costs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aevatar.agents.runs.prompting.summary import SUMMARISE, standing_for
from aevatar.models.models_pb2 import Usage
from tests.models.fake_provider import FakeProvider, Reply, fake_provider
from tests.models.replies import done, text
from tests.responses.kit import World, serving

LONG = "word " * 400
MODEL = "gateway/small"
NO_TOOLS = {"Aevatar-Tool-Set": "none"}


@asynccontextmanager
async def gateway(data: Path, *answers: str) -> AsyncIterator[tuple[World, FakeProvider]]:
    """The platform, with one model of a small window behind a gateway that gives these answers."""
    async with fake_provider() as provider:
        used = Usage(input_tokens=1_000, cached_input_tokens=200, output_tokens=100)
        provider.answers.extend(Reply((*text(answer), *done(usage=used))) for answer in answers)
        (data / "aevatar.yaml").write_text(
            "models:\n"
            "  providers:\n"
            "    - name: gateway\n"
            "      type: openai_compatible\n"
            f"      base_url: {provider.base_url}/v1\n"
            "      models: [{id: small, context_length: 12000}]\n"
            "      prices: {small: {input: 1, cached_input: 0.5, output: 10}}\n",
            encoding="utf-8",
        )
        async with serving(data) as world:
            yield world, provider


def talk(length: int) -> list[Any]:
    """A talk that is longer than the window."""
    said = [
        item
        for number in range(length)
        for item in (
            {"role": "user", "content": f"{number}? {LONG}"},
            {"role": "assistant", "content": f"{number}. {LONG}"},
        )
    ]
    return [*said, {"role": "user", "content": "And now?"}]


async def test_how_wordy_to_be_reaches_the_provider_by_both_ways_of_asking(tmp_path: Path) -> None:
    async with gateway(tmp_path, "Yes.", "Yes.") as (world, provider):
        await world.client.responses.create(model=MODEL, input="hello", text={"verbosity": "low"})
        hello: Any = [{"role": "user", "content": "hello"}]
        await world.client.chat.completions.create(model=MODEL, messages=hello, verbosity="high")
    assert [request.body["verbosity"] for request in provider.requests] == ["low", "high"]


async def test_an_agent_that_summarises_does_so_and_pays_for_it(tmp_path: Path) -> None:
    async with gateway(tmp_path, "They counted.", "Fine.") as (world, provider):
        agent = {"key": "ada", "model": MODEL, "compaction": "summarise", "parameters": {"verbosity": "low"}}
        await world.served.client.post("/api/agents", json=agent)
        response = await world.client.responses.create(model="agent/ada", input=talk(12))
        run = (await world.served.client.get(f"/api/runs/{response.id}")).json()
    summarising, answering = (request.body for request in provider.requests)
    assert summarising["messages"][0]["content"].endswith(SUMMARISE)
    assert (summarising["max_tokens"], "tools" in summarising, "verbosity" in summarising) == (1024, False, False)
    assert answering["messages"][0] == {"role": "user", "content": standing_for("They counted.")}
    assert answering["verbosity"] == "low"
    assert response.output_text == "Fine."
    # 800 tokens at a dollar a million, 200 at half a dollar, 100 at ten; twice
    assert (run["usage"]["inputTokens"], run["usage"]["usdMicros"], run["warnings"]) == (2_000, 3_800, [])


async def test_a_budget_of_money_stops_the_call_that_would_overdraw_it(tmp_path: Path) -> None:
    async with gateway(tmp_path, "Yes.") as (world, provider):
        await world.served.client.put("/api/budget", json={"usdMicros": 42_000})
        first = await world.client.responses.create(model=MODEL, input="hello", extra_headers=NO_TOOLS)
        second = await world.client.responses.create(model=MODEL, input="hello", extra_headers=NO_TOOLS)
        budget = (await world.served.client.get("/api/budget")).json()
    assert (first.status, second.status) == ("completed", "incomplete")
    assert second.model_dump()["incomplete_details"] == {"reason": "budget_exceeded"}
    assert (len(provider.requests), budget["spentUsdMicros"], budget["unpricedCalls"]) == (1, 1_900, 0)
