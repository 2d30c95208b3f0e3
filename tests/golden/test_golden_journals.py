"""A journal of every release opens, replays, and finishes the work it was parked with."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aevatar.actors import Done, Outcome, Runtime, verify_journal
from aevatar.actors.deciding.activation import replay
from aevatar.errors import Rejected
from aevatar.identity import SHARDS, ActorId
from aevatar.journal.port import Journal
from aevatar.journal.sqlite import SqliteJournal
from aevatar.sessions import Delta, Ended
from aevatar.testing import VIRTUAL_TIME, in_real_time, settled
from tests.golden.life import ANN, BEGINNING, BEN, CLEO, KIND, served
from tests.quiet import silent_logs
from tests.sample.kinds import CarefulEcho, Echo
from tests.sample.sample_pb2 import Add, TallyDocument, TallyState, Total

__all__ = ["silent_logs"]

GOLDEN = sorted(Path(__file__).parent.glob("*.sqlite"))
LATER = BEGINNING + timedelta(hours=12)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL_TIME


@pytest.fixture(params=GOLDEN, ids=lambda path: path.stem)
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    copy = shutil.copyfile(request.param, tmp_path / "journal.db")
    return in_real_time(SqliteJournal(copy))


def served_later(journal: Journal) -> Runtime:
    return served(journal, Echo(), careful=CarefulEcho(), beginning=LATER)


async def test_it_is_sound_before_and_after(journal: Journal) -> None:
    for _ in range(2):
        await journal.open()
        await journal.claim(range(SHARDS))
        assert (await verify_journal(journal, [KIND])).differences == []
        await journal.close()
        async with served_later(journal):
            await settled(journal)


async def test_its_parked_work_is_finished_hours_later(journal: Journal) -> None:
    async with served_later(journal) as runtime:
        await settled(journal)
        ann, ben = await state(journal, ANN), await state(journal, BEN)
        assert (ann.total, ann.heard) == (
            128,
            ["forwarded 4", "answer 5", "interrupted sample.careful_echo", "echoed again"],
        )
        assert (ben.total, ben.heard, list(ben.pending)) == (56, [], [])
        assert await runtime.outcome(BEN, "left-waiting") == Outcome(Total(total=-1), 5)
        assert await runtime.outcome(BEN, "mail") == Outcome(Total(total=56), 6)


async def test_its_commands_are_answered_as_they_were_and_take_no_effect_again(journal: Journal) -> None:
    async with served_later(journal) as runtime:
        await settled(journal)
        assert await runtime.ask(ANN, Add(by=3, note="n3"), command_id="add-3") == Total(total=6)
        assert await runtime.outcome(BEN, "waited-for") == Outcome(Total(total=6), 3)
        assert await runtime.outcome(BEN, "release") == Outcome(Done(), 4)
        with pytest.raises(Rejected, match="command_id_reused"):
            await runtime.ask(ANN, Add(by=4), command_id="add-3")
        with pytest.raises(Rejected, match="gone"):
            await runtime.ask(CLEO, Add(by=1))
        assert [letter.actor for letter in await journal.dead_letters()] == [BEN.text]
        assert (await state(journal, ANN)).total == 128


async def test_its_sessions_and_documents_are_read(journal: Journal) -> None:
    async with served_later(journal) as runtime:
        await settled(journal)
        shown = [(seen.cursor, seen.event) async for seen in runtime.sessions.read(ANN, "talk")]
        assert shown == [(3, Delta(item="i", channel="text", text="golden words")), (4, Ended(reason="said"))]
        rest = [seen.event async for seen in runtime.sessions.read(ANN, "talk", after=1)]
        assert rest == [Delta(item="i", channel="text", text="den words"), Ended(reason="said")]
        listed = await runtime.readmodels.list("sample.tallies", ANN.scope, where={"parity": "even"}, order="-total")
        assert [(each.key, each.document) for each in listed.items] == [
            ("ann", TallyDocument(total=128, additions=8, last_note="echoed again")),
            ("ben", TallyDocument(total=56, additions=4)),
        ]


async def state(journal: Journal, actor: ActorId) -> TallyState:
    image = await journal.load(actor.text)
    assert image is not None
    return replay(KIND, image)
