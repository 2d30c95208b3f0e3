"""Mail waits for its target, once and in order, until a turn of the target ticks it off."""
# ruff: noqa: D103 - a test's name is its sentence

from __future__ import annotations

from dataclasses import replace

from aevatar.journal.port import Journal
from aevatar.journal.records import DeadLetter, Verdict
from aevatar.testing.journal_conformance.examples import ANN, BEN, NOW, mail, shard_of, turn
from aevatar.testing.journal_conformance.harness import Journals, opened

COMMITTED, CONFLICT, REPEATED = Verdict.COMMITTED, Verdict.CONFLICT, Verdict.REPEATED


async def test_accepted_mail_waits_in_the_order_of_its_positions(journal: Journal) -> None:
    sent = [mail(f"m{number}", actor, digest=b"d") for number, actor in enumerate([BEN, ANN, BEN, ANN])]
    assert await journal.accept(sent[:3]) == [COMMITTED] * 3
    assert await journal.accept(sent[3:]) == [COMMITTED]
    waiting = await journal.mail()
    positions = [each.position for each in waiting]
    assert waiting == [replace(each, position=at) for each, at in zip(sent, positions, strict=True)]
    assert positions == sorted(set(positions))
    assert positions[0] > 0


async def test_the_same_mail_again_is_accepted_and_there_once(journal: Journal) -> None:
    await journal.accept([mail("m1", ANN, digest=b"d")])
    before = await journal.mail()
    again = [mail("m1", ANN, digest=b"d"), mail("m1", ANN, digest=b"d")]
    assert await journal.accept(again) == [COMMITTED, COMMITTED]
    assert await journal.mail() == before


async def test_other_mail_under_a_known_id_is_refused_and_harms_no_neighbour(journal: Journal) -> None:
    await journal.accept([mail("m1", ANN, digest=b"one")])
    batch = [mail("m0", ANN), mail("m1", ANN, digest=b"other", body=b"other"), mail("m2", ANN)]
    assert await journal.accept(batch) == [COMMITTED, CONFLICT, COMMITTED]
    assert [(each.id, each.digest) for each in await journal.mail()] == [("m1", b"one"), ("m0", b""), ("m2", b"")]


async def test_of_two_mails_under_one_id_in_one_batch_the_first_counts(journal: Journal) -> None:
    batch = [mail("m1", ANN, digest=b"one"), mail("m1", ANN, digest=b"other"), mail("m1", ANN, digest=b"one")]
    assert await journal.accept(batch) == [COMMITTED, CONFLICT, COMMITTED]
    assert [each.digest for each in await journal.mail()] == [b"one"]


async def test_a_mail_id_belongs_to_one_target(journal: Journal) -> None:
    batch = [mail("m1", ANN, digest=b"one"), mail("m1", BEN, digest=b"other")]
    assert await journal.accept(batch) == [COMMITTED, COMMITTED]
    await journal.commit([turn(ANN, 1, mail_done=["m1"])])
    assert [each.target for each in await journal.mail()] == [BEN]


async def test_no_mail_at_all_is_accepted(journal: Journal) -> None:
    assert await journal.accept([]) == []


async def test_the_mail_of_a_turn_waits_in_the_order_it_was_sent(journal: Journal) -> None:
    await journal.commit(
        [
            turn(ANN, 1, mail=[mail("m3", BEN), mail("m1", BEN)]),
            turn(BEN, 1, mail=[mail("m9", ANN)]),
            turn(ANN, 2, mail=[mail("m2", BEN)]),
        ]
    )
    assert [each.id for each in await journal.mail()] == ["m3", "m1", "m9", "m2"]


async def test_mail_that_waits_already_is_not_sent_twice(journal: Journal) -> None:
    await journal.accept([mail("m1", BEN, digest=b"d", body=b"first")])
    assert await journal.commit([turn(ANN, 1, mail=[mail("m1", BEN, digest=b"d", body=b"second")])]) == [COMMITTED]
    assert [(each.id, each.body) for each in await journal.mail()] == [("m1", b"first")]


async def test_a_turn_ticks_off_its_own_mail(journal: Journal) -> None:
    await journal.accept([mail("m1", ANN), mail("m2", ANN), mail("m3", ANN), mail("m1", BEN)])
    batch = [turn(ANN, 1, mail_done=["m1", "m3"]), turn(BEN, None, mail_done=["m1"])]
    assert await journal.commit(batch) == [COMMITTED, COMMITTED]
    assert [(each.target, each.id) for each in await journal.mail()] == [(ANN, "m2")]


async def test_what_mail_brings_about_happens_only_while_it_waits(journal: Journal) -> None:
    await journal.accept([mail("m1", ANN), mail("m2", ANN)])
    refusing = turn(ANN, None, mail_done=["m1"], mail=[mail("answer", BEN)])
    assert await journal.commit([refusing]) == [COMMITTED]
    dead = DeadLetter("m1", ANN, "a bug", b"envelope", NOW)
    again = turn(ANN, None, mail_done=["m1"], mail=[mail("other answer", BEN)], dead=[dead])
    late = [again, turn(ANN, 1, mail_done=["m1", "m2"]), turn(BEN, None, mail_done=["m2"])]
    assert await journal.commit(late) == [REPEATED] * 3
    assert [each.id for each in await journal.mail()] == ["m2", "answer"]
    assert (await journal.load(ANN), await journal.dead_letters()) == (None, [])


async def test_mail_that_is_gone_harms_later_records_only_where_they_rest_on_its_turn(journal: Journal) -> None:
    await journal.accept([mail("m1", BEN)])
    ticking, deciding = turn(ANN, None, mail_done=["gone"]), turn(ANN, 2, mail_done=["gone"])
    batch = [ticking, turn(ANN, 1), ticking, deciding, turn(ANN, 3), turn(BEN, 1, mail_done=["m1"])]
    assert await journal.commit(batch) == [REPEATED, COMMITTED, REPEATED, REPEATED, CONFLICT, COMMITTED]
    assert await journal.commit(batch[:2]) == [REPEATED, COMMITTED]


async def test_of_two_turns_that_one_mail_brings_about_in_one_batch_the_first_counts(journal: Journal) -> None:
    await journal.accept([mail("m1", ANN)])
    batch = [turn(ANN, 1, mail_done=["m1"], mail=[mail("m1", BEN)]), turn(ANN, 2, mail_done=["m1"])]
    assert await journal.commit(batch) == [COMMITTED, REPEATED]
    assert [each.target for each in await journal.mail()] == [BEN]


async def test_mail_that_is_sent_again_after_it_was_ticked_off_waits_again(journal: Journal) -> None:
    await journal.accept([mail("m1", ANN, body=b"first")])
    batch = [turn(ANN, 1, mail_done=["m1"]), turn(BEN, 1, mail=[mail("m1", ANN, body=b"second")])]
    assert await journal.commit(batch) == [COMMITTED, COMMITTED]
    assert [(each.id, each.body) for each in await journal.mail()] == [("m1", b"second")]


async def test_ticking_off_makes_no_actor(journal: Journal) -> None:
    await journal.accept([mail("m1", ANN)])
    await journal.commit([turn(ANN, None, mail_done=["m1"])])
    assert await journal.load(ANN) is None
    assert await journal.actors() == []


async def test_mail_is_read_in_pages_after_a_position(journal: Journal) -> None:
    await journal.accept([mail(f"m{number}", ANN) for number in range(5)])
    pages, after = [], 0
    while page := await journal.mail(after=after, limit=2):
        pages.append([each.id for each in page])
        after = page[-1].position
    assert pages == [["m0", "m1"], ["m2", "m3"], ["m4"]]


async def test_positions_grow_also_after_all_mail_is_gone(journal: Journal, journals: Journals) -> None:
    await journal.accept([mail("m1", ANN)])
    [first] = await journal.mail()
    await journal.commit([turn(ANN, 1, mail_done=["m1"])])
    await journal.close()
    async with opened(journals.handle()) as reopened:
        await reopened.accept([mail("m2", ANN)])
        assert [each.id for each in await reopened.mail(after=first.position)] == ["m2"]


async def test_only_mail_for_the_shards_owned_is_handed_out(journal: Journal, journals: Journals) -> None:
    await journal.accept([mail("m1", ANN), mail("m2", BEN)])
    await journal.close()
    reopened = journals.handle()
    await reopened.open()
    await reopened.claim([shard_of(BEN)])
    found = [each.id for each in await reopened.mail()]
    await reopened.close()
    assert found == ["m2"]
