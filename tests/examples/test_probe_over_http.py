from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from aevatar.journal.memory import MemoryJournal
from examples.probe import capability
from tests.server.kit import Served, served

PROBES = "/api/scopes/dev/probes"


@pytest.fixture(scope="module")
async def serving(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("data"), capability) as running:
        yield running


async def launch(serving: Served, name: str, **body: Any) -> httpx2.Response:
    return await serving.client.post(PROBES, json={"name": name, "destination": "moon", **body})


async def events(serving: Served, name: str, *, after: int = 0) -> list[str]:
    """The names of all events of a probe, once it has nothing more to show."""
    answer = await serving.client.get(f"{PROBES}/{name}/events", headers={"last-event-id": str(after)})
    return [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]


async def test_a_probe_is_launched_and_followed_to_its_arrival(serving: Served) -> None:
    answer = await launch(serving, "one", countdown=1)
    assert (answer.status_code, answer.json()) == (
        201,
        {"name": "one", "phase": "counting", "destination": "moon", "remaining": 1, "reason": "", "version": 1},
    )
    assert await events(serving, "one") == ["planned", "countdown", "spark", "spark", "lift_off", "arrived"]
    shown = (await serving.client.get(f"{PROBES}/one")).json()
    assert (shown["phase"], shown["remaining"]) == ("arrived", 0)


async def test_a_damp_igniter_is_given_up_in_the_end(serving: Served) -> None:
    await launch(serving, "damp", countdown=1, sparksNeeded=9)
    assert await events(serving, "damp") == ["planned", "countdown", *["spark"] * 4, "scrubbed"]
    assert (await serving.client.get(f"{PROBES}/damp")).json()["reason"] == "no_ignition after 4 sparks"


async def test_a_probe_on_the_ground_can_be_stopped(serving: Served) -> None:
    await launch(serving, "stopped", countdown=600)
    first, again = [
        await serving.client.post(f"{PROBES}/stopped/abort", headers={"idempotency-key": "stop"}) for _ in range(2)
    ]
    assert first.json() == again.json() == {**first.json(), "phase": "scrubbed", "reason": "aborted by dev"}
    assert await events(serving, "stopped") == ["planned", "scrubbed"]


async def test_probes_are_listed_by_phase_and_page_by_page(tmp_path: Path) -> None:
    async with served(tmp_path, capability) as serving:
        for name in ("a", "b", "c"):
            await launch(serving, name, countdown=600)
        await serving.client.post(f"{PROBES}/b/abort")
        counting = (await serving.client.get(PROBES, params={"phase": "counting"})).json()
        first = (await serving.client.get(PROBES, params={"limit": 2})).json()
        rest = (await serving.client.get(PROBES, params={"limit": 2, "cursor": first["next"]})).json()
    assert [item["name"] for item in counting["items"]] == ["a", "c"]
    assert [[item["name"] for item in page["items"]] for page in (first, rest)] == [["a", "b"], ["c"]]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", "/nobody", None, "404 not_found"),
        ("GET", "/nobody/events", None, "404 not_found"),
        ("POST", "/nobody/abort", None, "404 not_found"),
        ("POST", "", {"name": "x", "destination": "venus"}, "400 unknown_destination"),
        ("POST", "", {"name": "Not A Name", "destination": "moon"}, "400 invalid_argument"),
        ("POST", "", {"name": "x", "destination": "moon", "countdown": 0}, "400 invalid_argument"),
        ("GET", "?cursor=nonsense", None, "400 invalid_cursor"),
        ("GET", "?limit=201", None, "400 invalid_argument"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    serving: Served, method: str, path: str, body: dict[str, Any] | None, told: str
) -> None:
    answer = await serving.client.request(method, f"{PROBES}{path}", json=body)
    assert f"{answer.status_code} {answer.json()['error']['code']}" == told


async def test_a_countdown_goes_on_in_the_next_process(tmp_path: Path) -> None:
    journal = MemoryJournal()
    async with served(tmp_path, capability, journal=journal) as first:
        await launch(first, "moved", countdown=2)
    async with served(tmp_path, capability, journal=journal.reopened()) as second:
        assert await events(second, "moved", after=1) == [
            "countdown",
            "countdown",
            *["spark"] * 2,
            "lift_off",
            "arrived",
        ]
