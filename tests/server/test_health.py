from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anyio
import httpx2

from aevatar.journal.memory import MemoryJournal
from aevatar.server import Counter, Services
from aevatar.testing import Fault, FaultyJournal, Mishap
from tests.server.kit import Served, sample, served

ADD = "/api/scopes/dev/tallies/a/add"
READY = {"status": "ready", "reasons": [], "quarantinedActors": 0, "parkedProjectors": []}


async def ready(serving: Served) -> httpx2.Response:
    return await serving.client.get("/health/ready")


async def test_a_server_that_serves_is_live_and_ready(serving: Served) -> None:
    live, answer = await serving.client.get("/health/live"), await ready(serving)
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (answer.status_code, answer.json()) == (200, READY)


async def test_readiness_is_red_while_the_journal_fails_and_green_again_after(tmp_path: Path) -> None:
    broken = anyio.Event()

    def plan(write: int) -> Mishap:
        return Mishap(Fault.IO_ERROR) if write and broken.is_set() else Mishap()

    async with served(tmp_path, journal=FaultyJournal(MemoryJournal(), plan)) as serving:
        broken.set()
        refused = await serving.client.post(ADD, json={"by": 1}, headers={"idempotency-key": "k"})
        red = await ready(serving)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
        assert refused.headers["retry-after"] == "1"
        assert (red.status_code, red.json()) == (
            503,
            {**READY, "status": "not ready", "reasons": ["journal: injected: I/O error"]},
        )
        assert (await serving.client.get("/health/live")).status_code == 200
        assert "aevatar_ready 0\n" in (await serving.client.get("/metrics")).text
        broken = anyio.Event()
        with anyio.fail_after(10):
            while (await ready(serving)).status_code != 200:
                await anyio.lowlevel.checkpoint()
        again = await serving.client.post(ADD, json={"by": 1}, headers={"idempotency-key": "k"})
        assert (again.status_code, again.json()) == (200, {"total": 1})


async def test_a_capability_may_say_why_it_cannot_serve(tmp_path: Path) -> None:
    async def troubles(services: Services) -> Iterable[str]:
        return ["sample: the kettle is empty"]

    async with served(tmp_path, sample(troubles=troubles)) as serving:
        answer = await ready(serving)
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["sample: the kettle is empty"])


async def test_a_capability_may_have_counters_of_its_own(tmp_path: Path) -> None:
    said = (("who", 'a "quoted"\nname'),)
    counters = [Counter("sample_cups", {(("who", "ann"),): 2, said: 1.5})]
    async with served(tmp_path, sample(counters=lambda _: counters)) as serving:
        lines = (await serving.client.get("/metrics")).text.splitlines()
    assert lines[-3:] == [
        "# TYPE aevatar_sample_cups_total counter",
        'aevatar_sample_cups_total{who="ann"} 2',
        'aevatar_sample_cups_total{who="a \\"quoted\\"\\nname"} 1.5',
    ]


async def test_metrics_are_lines_a_scraper_reads(tmp_path: Path) -> None:
    async with served(tmp_path) as serving:
        for _ in range(3):
            await serving.client.post(ADD, json={"by": 1})
        answer = await serving.client.get("/metrics")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {line for line in lines if line.startswith(("aevatar_turns_total", "# TYPE aevatar_turns_total"))} == {
        "# TYPE aevatar_turns_total counter",
        "aevatar_turns_total 3",
    }
    batches = [line for line in lines if "batch_size" in line]
    assert (batches[0], batches[1], batches[-2:]) == (
        "# TYPE aevatar_batch_size histogram",
        'aevatar_batch_size_bucket{le="1.0"} 3',
        ["aevatar_batch_size_sum 3.0", "aevatar_batch_size_count 3"],
    )
    assert 'aevatar_batch_size_bucket{le="+Inf"} 3' in batches
    assert "aevatar_ready 1" in lines
