"""What is listed, for how long it is remembered, and what a failing provider takes away."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import anyio
import pytest

from aevatar.models import Catalogue, ListedProvider, Listing, ModelCall, ModelEntry, ModelError
from aevatar.testing import VIRTUAL_TIME

CALL = ModelCall("listing")
FIXED = ListedProvider("fixed", configured=(ModelEntry("fixed/a", "fixed"),))
SEEN = ModelEntry("live/seen", "live")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL_TIME


@dataclass
class Lister:
    """A provider that tells its list, or fails."""

    entries: list[ModelEntry] = field(default_factory=lambda: [SEEN])
    failure: Exception | None = None
    asked: int = 0

    async def models(self, call: ModelCall) -> list[ModelEntry]:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return self.entries


class HangingLister:
    """A provider that never tells its list."""

    async def models(self, call: ModelCall) -> list[ModelEntry]:
        await anyio.sleep_forever()
        return []


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_configured_and_discovered_models_are_listed_together() -> None:
    catalogue = Catalogue((ListedProvider("live", lister=Lister()), FIXED), clock=Clock())
    assert await catalogue.list(CALL, owner="ann") == Listing((*FIXED.configured, SEEN), {})


async def test_a_list_is_remembered_for_300_seconds() -> None:
    lister, clock = Lister(), Clock()
    catalogue = Catalogue((ListedProvider("live", lister=lister),), clock=clock)
    asked = []
    for now in (1000.0, 1299.9, 1300.0):
        clock.now = now
        await catalogue.list(CALL, owner="ann")
        asked.append(lister.asked)
    assert asked == [1, 1, 2]


@pytest.mark.parametrize(("per_caller", "asked"), [(False, 1), (True, 2)])
async def test_owners_share_a_list_only_where_they_share_the_credential(per_caller: bool, asked: int) -> None:
    lister = Lister()
    catalogue = Catalogue((ListedProvider("live", lister=lister, per_caller=per_caller),), clock=Clock())
    await catalogue.list(CALL, owner="ann")
    await catalogue.list(CALL, owner="bob")
    assert lister.asked == asked


async def test_a_failing_provider_leaves_the_others_and_its_last_list_as_stale() -> None:
    lister, clock = Lister(), Clock()
    catalogue = Catalogue((ListedProvider("live", lister=lister), FIXED), clock=clock)
    await catalogue.list(CALL, owner="ann")
    lister.failure, clock.now = ModelError("unavailable", "Down."), 2000.0
    listing = await catalogue.list(CALL, owner="ann")
    assert listing == Listing((*FIXED.configured, replace(SEEN, stale=True)), {"live": lister.failure})


async def test_a_lister_with_a_fault_harms_nobody_else() -> None:
    catalogue = Catalogue((ListedProvider("live", lister=Lister(failure=KeyError("data"))), FIXED), clock=Clock())
    listing = await catalogue.list(CALL, owner="ann")
    assert listing.entries == FIXED.configured
    assert listing.failures["live"].message == "The list of models could not be read (KeyError)."


async def test_a_hanging_provider_is_given_up_after_ten_seconds() -> None:
    catalogue = Catalogue((ListedProvider("live", lister=HangingLister()), FIXED), clock=Clock())
    listing = await catalogue.list(CALL, owner="ann")
    assert (listing.entries, listing.failures["live"].code) == (FIXED.configured, "timeout")
    assert anyio.current_time() == 10


async def test_a_provider_that_never_answered_is_shown_by_its_configuration() -> None:
    configured = ModelEntry("live/stated", "live", context_length=8000)
    failing = ListedProvider("live", (configured,), Lister(failure=ModelError("timeout", "Late.")))
    listing = await Catalogue((failing,), clock=Clock()).list(CALL, owner="ann")
    assert listing.entries == (replace(configured, stale=True),)


async def test_what_is_configured_completes_what_is_discovered() -> None:
    stated = replace(SEEN, context_length=8000)
    catalogue = Catalogue((ListedProvider("live", (stated,), Lister()),), clock=Clock())
    assert (await catalogue.list(CALL, owner="ann")).entries == (stated,)


async def test_known_names_are_the_last_listed_ones_and_ask_nobody() -> None:
    lister = Lister()
    catalogue = Catalogue((ListedProvider("live", lister=lister), FIXED), clock=Clock())
    before = catalogue.known("live", owner="ann")
    await catalogue.list(CALL, owner="ann")
    assert (before, catalogue.known("live", owner="ann"), catalogue.known("fixed", owner="ann"), lister.asked) == (
        frozenset(),
        frozenset({"seen"}),
        frozenset({"a"}),
        1,
    )


async def test_lists_of_many_callers_are_not_kept_without_bound() -> None:
    lister = Lister()
    catalogue = Catalogue((ListedProvider("live", lister=lister, per_caller=True),), clock=Clock())
    for number in range(1025):
        await catalogue.list(CALL, owner=f"caller {number}")
    assert (catalogue.known("live", owner="caller 0"), catalogue.known("live", owner="caller 1024")) == (
        frozenset(),
        frozenset({"seen"}),
    )
