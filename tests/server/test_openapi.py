from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import jsonschema
import schemathesis
from hypothesis import HealthCheck, given, settings

from aevatar.server import Settings, create_application
from examples.probe import capability
from tests.server.kit import Served, sample, served


def described(data: Path) -> dict[str, Any]:
    return create_application([capability], Settings(data=data)).openapi()


def test_errors_are_described_as_they_are_answered(tmp_path: Path) -> None:
    api = described(tmp_path)
    operations = [operation for path in api["paths"].values() for operation in path.values()]
    assert all("default" in operation["responses"] and "422" not in operation["responses"] for operation in operations)
    assert not {"HTTPValidationError", "ValidationError"} & set(api["components"]["schemas"])


def test_below_another_shape_of_errors_ours_is_not_promised(tmp_path: Path) -> None:
    shaped = sample(error_shapes={"/api/scopes/{scope}/listed": lambda problem, request_id: {}})
    api = create_application([shaped], Settings(data=tmp_path)).openapi()
    assert "default" not in api["paths"]["/api/scopes/{scope}/listed"]["get"]["responses"]


async def test_an_error_fits_its_description(serving: Served) -> None:
    api = (await serving.client.get("/openapi.json")).json()
    answer = await serving.client.get("/api/nothing")
    jsonschema.validate(answer.json(), api["components"]["schemas"]["Error"])


async def test_whatever_is_sent_the_answer_is_one_that_was_described(tmp_path: Path) -> None:
    async with served(tmp_path, capability) as serving:
        await anyio.to_thread.run_sync(send_anything, str(serving.client.base_url))


def send_anything(address: str) -> None:
    api = schemathesis.openapi.from_url(f"{address}/openapi.json")
    for operation in api.get_all_operations():

        @settings(
            max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.ok().as_strategy())
        def fits_its_description(case: schemathesis.Case) -> None:
            case.call_and_validate(base_url=address, timeout=5)

        fits_its_description()
