"""Every configured model behind one port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import pytest

from aevatar.models import (
    Meter,
    ModelCall,
    ModelDirectory,
    ModelEntry,
    ModelError,
    Price,
    StreamLimits,
    Used,
    models_settings,
)
from aevatar.models.models_pb2 import ModelRequest, Usage
from aevatar.models.models_pb2 import Price as RecordedPrice
from aevatar.testing.scripted_model import Pause, ScriptedModel, Step, says
from tests.models.fake_provider import Document, FakeProvider, Reply, fake_provider
from tests.models.replies import CALL, asking, done, streamed, text, whole

OFFLINE = ModelEntry("offline/demo", "aevatar", supports_tools=True)


def directory(*providers: dict[str, Any], **options: Any) -> ModelDirectory:
    environment = {"KEY": "marker"}
    return ModelDirectory(
        models_settings({"providers": providers}), environment=environment, clock=lambda: 0.0, **options
    )


def gateway(provider: FakeProvider, **fields: Any) -> dict[str, Any]:
    return {"name": "router", "type": "openai_compatible", "base_url": f"{provider.base_url}/v1", **fields}


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with fake_provider() as known:
        yield known


async def test_the_offline_model_is_there_when_nothing_is_configured() -> None:
    async with aclosing(directory()) as models:
        reply = whole([delta async for delta in models.stream(asking("Hello", model="offline/demo"), CALL)])
        assert "You said: Hello." in reply.text
        assert (await models.catalogue.list(CALL, owner="ann")).entries == (OFFLINE,)


@pytest.mark.parametrize("model", ["nobody/model", "bare", "agent/helper", ""])
async def test_an_id_of_no_provider_is_not_found(model: str) -> None:
    async with aclosing(directory()) as models:
        with pytest.raises(ModelError) as raised:
            await anext(models.stream(asking(model=model), CALL))
    assert raised.value.code == "model_not_found"


async def test_a_provider_gets_the_bare_name_and_the_key_its_variable_holds(provider: FakeProvider) -> None:
    provider.answers.append(Reply((*text("Hi."), *done())))
    async with aclosing(directory(gateway(provider, credential="env:KEY", discover=True))) as models:
        deltas = [delta async for delta in models.stream(asking(model="router/vendor/model"), CALL)]
    assert deltas == [*text("Hi."), *done()]
    assert provider.requests[0].body["model"] == "vendor/model"
    assert provider.requests[0].headers["authorization"] == "Bearer marker"


async def test_the_callers_own_credential_is_sent_where_the_configuration_says_so(provider: FakeProvider) -> None:
    async def brought() -> str:
        return "key-of-ann"

    provider.answers.append(Reply(tuple(done())))
    async with aclosing(directory(gateway(provider, credential="caller", discover=True))) as models:
        async for _ in models.stream(asking(model="router/m"), ModelCall("c", secret=brought)):
            pass
    assert provider.requests[0].headers["authorization"] == "Bearer key-of-ann"


async def test_a_provider_of_a_type_of_its_own_is_reached_too(provider: FakeProvider) -> None:
    provider.answers.append(Reply((*text("Hi."), *done())))
    known = {"name": "mine", "type": "openai", "credential": "env:KEY", "models": ["gpt-5"]}
    async with aclosing(directory({**known, "base_url": f"{provider.base_url}/v1"})) as models:
        deltas = [delta async for delta in models.stream(asking(model="mine/gpt-5"), CALL)]
    assert (deltas, provider.requests[0].path) == ([*text("Hi."), *done()], "/v1/responses")


@pytest.mark.parametrize(("model", "sent"), [("o-large", None), ("plain", 0.5)])
async def test_temperature_is_left_out_for_models_that_fix_it(
    provider: FakeProvider, model: str, sent: float | None
) -> None:
    provider.answers.append(Reply(tuple(done())))
    async with aclosing(directory(gateway(provider, discover=True, fixed_temperature=["o-*"]))) as models:
        async for _ in models.stream(asking(model=f"router/{model}", temperature=0.5), CALL):
            pass
    assert provider.requests[0].body.get("temperature") == sent


async def test_every_adapter_is_held_to_the_contract() -> None:
    silent = ScriptedModel([Step((Pause(),))])
    async with aclosing(directory(ports={"scripted": silent}, limits=StreamLimits(0.01, 0.01))) as models:
        with pytest.raises(ModelError) as raised:
            await anext(models.stream(asking(model="scripted/any"), CALL))
    assert raised.value.code == "timeout"


async def test_the_request_of_the_caller_stays_as_it_is() -> None:
    scripted = ScriptedModel([says("Hi.", expects=ModelRequest(model="any"))])
    request = asking(model="scripted/any")
    async with aclosing(directory(ports={"scripted": scripted})) as models:
        async for _ in models.stream(request, CALL):
            pass
    assert request.model == "scripted/any"


async def test_configured_and_discovered_models_are_listed(provider: FakeProvider) -> None:
    provider.answers.append(Document({"data": [{"id": "live"}]}))
    stated = {"id": "stated", "context_length": 8000, "modalities": ["text", "image"]}
    prices = {"stated": {"input": 1, "output": "2.5"}, "live": {"input": "0.5", "output": 4, "cached_input": "0.05"}}
    known = gateway(provider, models=[stated], discover=True, prices=prices)
    async with aclosing(directory(known)) as models:
        listing = await models.catalogue.list(CALL, owner="ann")
    assert listing.entries == (
        OFFLINE,
        ModelEntry("router/live", "router", price=Price(Decimal("0.5"), Decimal(4), Decimal("0.05"))),
        ModelEntry(
            "router/stated",
            "router",
            context_length=8000,
            modalities=("text", "image"),
            price=Price(Decimal(1), Decimal("2.5")),
        ),
    )


async def test_what_is_used_is_counted_by_model_with_what_it_costs(provider: FakeProvider) -> None:
    used = Usage(input_tokens=3_000_000, cached_input_tokens=1_000_000, output_tokens=500_000)
    prices = {"priced": {"input": "0.25", "output": 2, "cached_input": "0.025"}}
    scripted = ScriptedModel([says("Hi.", usage=used)] * 3)
    async with aclosing(
        directory(gateway(provider, discover=True, prices=prices), ports={"scripted": scripted})
    ) as models:
        for _ in range(2):
            await streamed(models, asking(model="scripted/any"))
        models.meter.count("router/priced", used, models.price("router/priced"))
    assert models.meter.used == {
        "scripted/any": Used(2, 6_000_000, 2_000_000, 1_000_000),
        "router/priced": Used(1, 3_000_000, 1_000_000, 500_000, dollars=Decimal("1.525")),
    }


def test_models_that_are_too_many_are_counted_together() -> None:
    meter = Meter()
    for number in range(600):
        meter.count(f"any/{number}", Usage(input_tokens=1), None)
    assert (len(meter.used), meter.used["others/others"].calls) == (501, 100)


async def test_a_price_is_known_before_a_provider_has_listed_its_models(provider: FakeProvider) -> None:
    prices = {"live": {"input": "0.25", "output": 2, "cached_input": "0.025"}}
    async with aclosing(directory(gateway(provider, discover=True, prices=prices))) as models:
        price = models.price("router/live")
        assert (models.price("router/other"), models.price("nobody/live"), models.price("live")) == (None, None, None)
    assert price is not None
    assert price.recorded() == RecordedPrice(input=250_000, output=2_000_000, cached_input=25_000)
    assert price.told() == {"input": "0.25", "output": "2", "cached_input": "0.025"}
