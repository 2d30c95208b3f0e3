"""Places for effects: bounded in all and for each scope, given in turn."""

from __future__ import annotations

import asyncio

from aevatar.actors.acting.places import Places
from aevatar.identity import ScopeId
from tests.sample.world import settled

RED, GREEN, BLUE = ScopeId("red"), ScopeId("green"), ScopeId("blue")


class Crowd:
    """Tasks that want a place and keep it until they are told to go."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.served: list[str] = []
        """Who was given a place, in order."""
        self._holding: list[asyncio.Event] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def come(self, scope: ScopeId, count: int) -> None:
        for number in range(1, count + 1):
            name = f"{scope}{number}"
            self._tasks[name] = asyncio.get_running_loop().create_task(self._stay(scope, name))

    async def _stay(self, scope: ScopeId, name: str) -> None:
        await self.places.take(scope)
        try:
            self.served.append(name)
            self._holding.append(leave := asyncio.Event())
            await leave.wait()
        finally:
            self.places.give_back(scope)

    async def go(self, count: int = 1) -> None:
        """Has those leave who came first."""
        for _ in range(count):
            self.send_away()
            await settled()

    def send_away(self) -> None:
        """Tells the one who came first to leave, who has not left yet then."""
        self._holding.pop(0).set()

    async def cancel(self, *names: str) -> None:
        for name in names:
            self._tasks[name].cancel()
        await settled()

    async def end(self) -> None:
        await self.cancel(*self._tasks)


async def test_no_more_hold_a_place_than_there_are() -> None:
    crowd = Crowd(Places(2, 2))
    crowd.come(RED, 4)
    await settled()
    assert (crowd.served, crowd.places.waiting(RED)) == (["red1", "red2"], 2)
    await crowd.go()
    assert (crowd.served, crowd.places.waiting(RED)) == (["red1", "red2", "red3"], 1)
    await crowd.end()


async def test_a_scope_leaves_the_places_that_it_may_not_have_to_others() -> None:
    crowd = Crowd(Places(3, 2))
    crowd.come(RED, 5)
    await settled()
    crowd.come(GREEN, 2)
    await settled()
    assert crowd.served == ["red1", "red2", "green1"]
    await crowd.go(2)
    assert crowd.served == ["red1", "red2", "green1", "green2", "red3"]
    await crowd.end()


async def test_however_many_of_one_scope_wait_another_waits_for_one_place_at_most() -> None:
    crowd = Crowd(Places(1, 64))
    crowd.come(RED, 1_000)
    await settled()
    crowd.come(GREEN, 2)
    await settled()
    await crowd.go(4)
    assert crowd.served == ["red1", "red2", "green1", "red3", "green2"]
    await crowd.end()


async def test_scopes_that_wait_are_served_in_turn() -> None:
    crowd = Crowd(Places(1, 64))
    for scope in (RED, GREEN, BLUE):
        crowd.come(scope, 3)
    await settled()
    await crowd.go(8)
    assert crowd.served == ["red1", "red2", "green1", "blue1", "red3", "green2", "blue2", "green3", "blue3"]
    await crowd.end()


async def test_whoever_stops_waiting_leaves_nothing_behind() -> None:
    crowd = Crowd(Places(1, 1))
    crowd.come(RED, 3)
    crowd.come(GREEN, 1)
    await settled()
    await crowd.cancel("red2", "green1")
    assert [crowd.places.waiting(scope) for scope in (RED, GREEN)] == [1, 0]
    await crowd.go()
    assert crowd.served == ["red1", "red3"]
    await crowd.end()


async def test_a_place_that_was_given_to_one_who_leaves_goes_to_the_next() -> None:
    crowd = Crowd(Places(1, 1))
    crowd.come(RED, 3)
    await settled()
    crowd.send_away()
    await asyncio.sleep(0)  # red1 wakes up and leaves; red2 has its place, and does not know it yet
    assert (crowd.places.waiting(RED), crowd.served) == (1, ["red1"])
    await crowd.cancel("red2")
    assert crowd.served == ["red1", "red3"]
    await crowd.end()
    assert crowd.places.waiting(RED) == 0


async def test_all_places_are_free_again_when_all_have_left() -> None:
    crowd = Crowd(Places(2, 1))
    crowd.come(RED, 5)
    crowd.come(GREEN, 5)
    await settled()
    await crowd.end()
    after = Crowd(crowd.places)
    after.come(BLUE, 1)
    after.come(RED, 1)
    await settled()
    assert after.served == ["blue1", "red1"]
    await after.end()
