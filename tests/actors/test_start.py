"""Starting: what a process left behind is taken up again, in order, before anything new is served."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from aevatar.actors import Link, Runtime
from aevatar.actors.actors_pb2 import EnvelopeRecord, Packed
from aevatar.errors import Misassembled, Unavailable
from aevatar.journal.records import Mail, TurnRecord
from aevatar.testing import elapse
from tests.sample.kinds import Echo, letter
from tests.sample.sample_pb2 import Add, Fetch, HowMuch, Noted, Relay, Remind, Total
from tests.sample.world import ANN, BEN, HeldJournal, World, settled


class Watched:
    """Notes what the runtime looks for in the journal, and what its health says at that moment."""

    def __init__(self) -> None:
        self.looks: list[tuple[str, str, bool]] = []
        self.runtime: Runtime | None = None

    def over(self, inner: Any) -> Any:
        self._inner = inner
        return self

    def __getattr__(self, name: str) -> Any:
        if name in ("open", "mail", "due", "effects") and self.runtime is not None:
            self.looks.append((name, self.runtime.health.phase, self.runtime.health.is_ready))
        return getattr(self._inner, name)


async def test_the_journal_is_opened_then_mail_timers_and_effects_are_taken_up_and_health_says_so(
    memory: World,
) -> None:
    watched = Watched()
    actors = watched.runtime = memory.runtime(over=watched.over)
    assert (actors.health.phase, actors.health.reasons) == ("stopped", ["phase: stopped"])
    async with actors:
        assert list(dict.fromkeys(watched.looks)) == [
            ("open", "opening the journal", False),
            ("mail", "taking up mail", False),
            ("due", "arming timers", False),
            ("effects", "taking up effects", False),
        ]
        assert (actors.health.phase, actors.health.is_ready, actors.health.reasons) == ("ready", True, [])
    assert (actors.health.phase, actors.health.is_ready) == ("stopped", False)


async def test_mail_outbox_timers_and_effects_are_all_finished_after_a_crash(world: World) -> None:
    held, tries = HeldJournal(), list[str]()

    async def crash_first(link: Link) -> None:
        tries.append(link.effect_id)
        if len(tries) == 1:
            await asyncio.Event().wait()

    async with world.runtime(over=held.over, effects=[Echo(crash_first)]) as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Fetch(text="x"))
        await actors.ask(ANN, Remind(name="tea", delay=10, by=1))
        held.hold(after=1)
        await actors.ask(ANN, Relay(letters=[letter(BEN, Add(by=2), answer=True)]))
        await actors.dispatch(ANN, Add(by=4))
    await elapse(60)
    async with world.runtime(effects=[Echo(crash_first)]) as actors:
        await settled()
        assert await actors.ask(ANN, HowMuch()) == Total(total=5)
        assert await actors.ask(BEN, HowMuch()) == Total(total=2)
        notes = [event.text for event in await world.events(ANN) if isinstance(event, Noted)]
        assert sorted(notes) == ["answer 2", "echoed x"]
        left = (await world.journal.mail(), await world.journal.due(10**15), await world.journal.effects())
        assert left == ([], [], [])


async def test_mail_this_program_cannot_read_waits_and_is_counted(world: World) -> None:
    body = EnvelopeRecord(id="m1", target=ANN.text, payload=Packed(name="tests.sample.Vanished")).SerializeToString()
    mail = Mail("m1", ANN.text, ANN.shard, body)
    await world.before(TurnRecord(BEN.text, BEN.shard, 0, 1, mail=[mail]))
    async with world.runtime() as actors:
        await settled()
        assert ([waiting.id for waiting in await world.journal.mail()], actors.metrics.mail_unreadable) == (["m1"], 1)
        assert actors.health.is_ready


async def test_a_runtime_may_be_started_again(world: World) -> None:
    actors = world.runtime()
    for total in (1, 2):
        async with actors:
            assert await actors.ask(ANN, Add(by=1)) == Total(total=total)


async def test_a_second_runtime_over_one_store_is_refused_and_harms_nothing(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        with pytest.raises(Misassembled):
            async with world.runtime():
                pass
        assert await actors.ask(ANN, Add(by=1)) == Total(total=2)


async def test_nothing_is_served_during_the_start(memory: World) -> None:
    held = HeldJournal("mail")
    actors = memory.runtime(over=held.over)
    held.hold()

    async def serve() -> None:
        async with actors:
            await asyncio.Event().wait()

    async with anyio.create_task_group() as serving:
        serving.start_soon(serve)
        await settled()
        with pytest.raises(Unavailable) as early:
            await actors.ask(ANN, Add(by=1))
        assert (early.value.code, early.value.message) == ("unavailable", "phase: taking up mail")
        held.release()
        await settled()
        assert await actors.ask(ANN, Add(by=1)) == Total(total=1)
        serving.cancel_scope.cancel()


async def test_a_start_that_fails_leaves_the_journal_free(world: World) -> None:
    class Broken(HeldJournal):
        async def effects(self) -> None:
            raise Unavailable("unavailable", "no effects today")

    with pytest.raises(Unavailable):
        async with world.runtime(over=Broken().over):
            pass
    async with world.runtime() as actors:
        assert await actors.ask(ANN, Add(by=1)) == Total(total=1)


async def test_no_task_outlives_the_runtime(memory: World) -> None:
    before = len(asyncio.all_tasks())
    async with memory.runtime(effects=[Echo(lambda link: asyncio.Event().wait())]) as actors:  # type: ignore[arg-type,return-value]
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Fetch(text="x"))
        await settled()
    assert len(asyncio.all_tasks()) == before
