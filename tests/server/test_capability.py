from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aevatar.errors import Misassembled
from aevatar.server import Capability, Services, Settings, create_application, load_capability
from tests.sample.sample_pb2 import Add, Total
from tests.server.kit import sample, served, tally

capability = Capability(name="here")


class Kettle:
    """Something a capability offers."""


@pytest.mark.parametrize("name", ["tests.server.test_capability", "tests.server.test_capability:capability"])
def test_a_capability_is_loaded_by_its_name(name: str) -> None:
    assert load_capability(name).name == "here"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no.such.module", "cannot be loaded: No module named 'no'"),
        ("tests.server.test_capability:Kettle", "is no Capability"),
        ("tests.server.test_capability:nothing", "is no Capability"),
    ],
)
def test_a_name_that_leads_to_no_capability_is_refused(name: str, problem: str) -> None:
    with pytest.raises(Misassembled, match=problem):
        load_capability(name)


def refusal(data: Path, *capabilities: Capability) -> str:
    with pytest.raises(Misassembled) as refused:
        create_application(capabilities, Settings(data=data))
    return str(refused.value)


def test_two_capabilities_of_one_name_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, capability, Capability(name="here")) == "two capabilities are called 'here'"


def test_two_capabilities_that_offer_the_same_are_refused(tmp_path: Path) -> None:
    first, second = (Capability(name=name, services=lambda _: [Kettle()]) for name in ("one", "two"))
    assert refusal(tmp_path, first, second) == "two capabilities offer a Kettle"


def test_a_kind_that_two_capabilities_claim_is_refused(tmp_path: Path) -> None:
    assert "the kind 'sample.tally' is claimed by" in refusal(
        tmp_path, sample(), Capability(name="again", kinds=sample().kinds)
    )


def test_a_capability_is_given_what_those_before_it_offer(tmp_path: Path) -> None:
    given: list[object] = []

    def asks(services: Services) -> list[object]:
        given.append(services[Kettle])
        return []

    kettle = Kettle()
    offering = Capability(name="one", services=lambda _: [kettle])
    create_application([offering, Capability(name="two", services=asks)], Settings(data=tmp_path))
    assert given == [kettle]


def test_what_nobody_offers_is_named(tmp_path: Path) -> None:
    def asks(services: Services) -> list[object]:
        return [services[Kettle]]

    assert refusal(tmp_path, Capability(name="one", services=asks)) == "no capability offers a Kettle"


async def test_a_capability_starts_once_the_runtime_runs_and_ends_before_it_stops(tmp_path: Path) -> None:
    told: list[object] = []

    @asynccontextmanager
    async def lifespan(services: Services) -> AsyncIterator[None]:
        told.append(await services.runtime.ask(tally("a"), Add(by=1)))
        yield
        told.append(await services.runtime.ask(tally("a"), Add(by=1)))

    async with served(tmp_path, sample(), Capability(name="one", lifespan=lifespan)) as serving:
        told.append((await serving.client.get("/health/ready")).status_code)
    assert told == [Total(total=1), 200, Total(total=2)]
