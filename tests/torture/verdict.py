"""What has to hold once a simulated world has come to rest, whatever happened in it.

The journal's contents are the evidence: what clients were told, what readers saw and what actors sent must be found in
the log, each once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from google.protobuf.message import Message

from aevatar.actors import verify_journal
from aevatar.actors.actors_pb2 import Packed, TurnBody
from aevatar.actors.deciding.activation import replay
from aevatar.actors.packing import message_type, unpack
from aevatar.identity import ActorId
from aevatar.journal.memory_store import Contents, MemoryStore, StoredActor, StoredDocument
from aevatar.journal.records import ActorImage, EffectState, LoggedTurn
from aevatar.sessions import Delta, Ended
from aevatar.testing import MemoryJournal, run_in_virtual_time
from tests.sample.kinds import document
from tests.sample.sample_pb2 import (
    Add,
    Added,
    Break,
    Cheer,
    Fetch,
    Forward,
    Noted,
    Released,
    Remind,
    Say,
    Take,
    TallyDocument,
    TallyState,
    Total,
    TotalChanged,
    Waited,
)
from tests.torture.inhabitants import ACTORS, ALPHA, MORTALS, Given
from tests.torture.simulator import KIND, TOTALS, Simulation, Totals


@dataclass(frozen=True)
class Row:
    """One turn of an actor, as it is stored, and the state that it left."""

    command_id: str
    causation_id: str
    events: list[Message]
    outcome: Message | None
    state: TallyState


def judged(world: Simulation) -> Counter[str]:
    """Asserts that nothing acknowledged is lost, nothing happened twice, and nothing is left open; answers counts."""
    contents = world.store.contents
    given = {each.command_id: each for each in world.given if each.target in ACTORS}
    assert len({each.command_id for each in world.given}) == len(world.given)
    logs = {actor: list(rows_of(contents, actor)) for actor in ACTORS}
    assert run_in_virtual_time(lambda: differences(world.store)) == []
    nothing_is_open(contents)
    all_actors_are_projected(contents, logs)
    every_command_ended_as_it_was_told(logs, given.values())
    every_command_had_its_consequences_once(contents, logs, given.values())
    for mortal in MORTALS:
        what_was_told_of_the_dead_is_true(contents.actors[mortal.text], [e for e in world.given if e.target == mortal])
    dead = {key for key, letter in contents.dead.items() if lives_on(letter.actor)}
    assert dead == {f"{each.target}/{each.command_id}" for each in given.values() if is_dead(each)}
    for actor, rows in logs.items():
        what_is_stored_agrees(contents, actor, rows)
        readers_see_what_happened(contents.actors[actor.text], rows, given)
    for reader in world.readers:
        assert reader.seen == shown(contents.actors[reader.owner.text], reader.session)
    return world.counts + Counter(
        {
            "commands acknowledged": len(world.given),
            "turns recorded": len(contents.turns),
            "session events read": sum(len(reader.seen) for reader in world.readers),
        }
    )


async def differences(store: MemoryStore) -> list[str]:
    """What the journal's own verification has to say."""
    journal = MemoryJournal(store, exclusive=False)
    await journal.open()
    return (await verify_journal(journal, [KIND], [Totals()])).differences


def rows_of(contents: Contents, actor: ActorId) -> Iterable[Row]:
    state = TallyState()
    for version, position in enumerate(contents.actors[actor.text].log, start=1):
        turn = contents.turns[position - 1]
        assert (turn.entry.position, turn.entry.actor, turn.entry.version) == (position, actor.text, version)
        body = TurnBody.FromString(turn.entry.body)
        events = [unpack(packed) for packed in body.events]
        for event in events:
            KIND.appliers[type(event)](state, event)
        outcome = unpack(Packed.FromString(turn.outcome)) if turn.outcome else None
        yield Row(
            turn.command_id or "", body.causation_id, events, outcome, TallyState.FromString(state.SerializeToString())
        )


def nothing_is_open(contents: Contents) -> None:
    assert contents.mail == {}
    assert [row.effect.id for row in contents.effects.values() if row.state is EffectState.STARTED] == []
    for actor in contents.actors.values():
        assert (actor.timers, actor.effects) == ({}, {})
        assert actor.open_commands == {} or actor.retirement


def all_actors_are_projected(contents: Contents, logs: Mapping[ActorId, list[Row]]) -> None:
    states = [rows[-1].state for rows in logs.values()]
    total, additions = sum(state.total for state in states), sum(state.additions for state in states)
    stored = contents.documents[TOTALS][ALPHA]["all"]
    assert stored.body == TallyDocument(total=total, additions=additions).SerializeToString()
    assert contents.checkpoints[Totals.name].parked == ""


def every_command_ended_as_it_was_told(logs: Mapping[ActorId, list[Row]], given: Iterable[Given]) -> None:
    for each in given:
        recorded = [row for row in logs[each.target] if row.command_id == each.command_id]
        if each.refusal or is_dead(each):
            assert recorded == [], f"{each} was refused, and is recorded"
            continue
        assert len(recorded) == 1, f"{each} is recorded {len(recorded)} times"
        [row] = recorded
        assert each.was_dispatched or row.outcome == each.outcome
        if isinstance(each.command, Add | Take):
            assert row.outcome == Total(total=row.state.total)
        if isinstance(each.command, Add):
            assert row.events == [Added(by=each.command.by, note=each.command.note, subject="program")]


def every_command_had_its_consequences_once(
    contents: Contents, logs: Mapping[ActorId, list[Row]], given: Iterable[Given]
) -> None:
    everything = list(chain.from_iterable(logs.values()))
    caused = Counter(row.causation_id for row in everything)
    notes = Counter(event.text for row in everything for event in row.events if isinstance(event, Noted))
    accepted = [each for each in given if not each.refusal and not is_dead(each)]
    for each in accepted:
        command = each.command
        if is_own_timer(each) or (isinstance(command, Forward) and not command.refused and lives_on(command.to)):
            assert caused[each.command_id] == 1, f"{each} was to cause one turn, and caused {caused[each.command_id]}"
        elif isinstance(command, Cheer | Forward | Remind):
            assert caused[each.command_id] <= 1  # a signal may be lost, a letter refused, a timer replaced
    answers = sum(isinstance(each.command, Forward) and each.command.answer for each in accepted)
    assert beginning_with(notes, "answer", "refusal") == answers
    what_was_refused_has_no_effect(everything)
    states = Counter(row.state for row in contents.effects.values() if lives_on(row.effect.actor))
    assert sum(states.values()) == sum(isinstance(each.command, Fetch) for each in accepted)
    told = states[EffectState.DONE] + states[EffectState.FAILED]
    assert beginning_with(notes, "echoed", "failed", "interrupted") == told
    assert max((count for note, count in notes.items() if note.startswith("echoed")), default=1) == 1


def what_was_refused_has_no_effect(everything: Iterable[Row]) -> None:
    happened = {row.command_id for row in everything}
    refused = {
        row.causation_id
        for row in everything
        for event in row.events
        if isinstance(event, Noted) and event.text == "refusal too_little"
    }
    assert not happened & refused, f"{happened & refused} took effect though their sender was told otherwise"


def what_was_told_of_the_dead_is_true(actor: StoredActor, given: Iterable[Given]) -> None:
    for each in given:
        is_recorded = each.command_id in actor.commands
        if each.refusal == "gone" or each.was_dispatched:
            continue  # the actor has retired, or the outcome is erased, or nobody was told yet
        assert is_recorded == (each.refusal == ""), f"not true: {each}"


def lives_on(actor: str) -> bool:
    return actor in {immortal.text for immortal in ACTORS}


def beginning_with(notes: Counter[str], *words: str) -> int:
    return sum(count for note, count in notes.items() if note.startswith(words))


def is_own_timer(given: Given) -> bool:
    """Whether it sets a timer whose name nobody else uses."""
    return isinstance(given.command, Remind) and given.command.name == given.command_id


def is_dead(given: Given) -> bool:
    return given.was_dispatched and isinstance(given.command, Break)


def what_is_stored_agrees(contents: Contents, actor: ActorId, rows: list[Row]) -> None:
    """The log, read from its newest snapshot or from its start, and the read model all tell the same."""
    stored = contents.actors[actor.text]
    turns = [LoggedTurn(version, contents.turns[place - 1].entry.body) for version, place in enumerate(stored.log, 1)]
    state = rows[-1].state
    version, snapshot = stored.snapshot or (0, None)
    assert replay(KIND, ActorImage(len(turns), snapshot, version, turns=turns[version:])) == state
    found: StoredDocument = contents.documents["sample.tallies"][actor.scope][actor.key]
    assert (found.version, found.body) == (len(turns), document(state).SerializeToString())
    waited = [event.command_id for row in rows for event in row.events if isinstance(event, Waited)]
    released = [event.command_id for row in rows for event in row.events if isinstance(event, Released)]
    assert sorted(waited) == sorted(released)
    assert max(Counter(row.command_id for row in rows if row.command_id).values()) == 1


def readers_see_what_happened(actor: StoredActor, rows: list[Row], given: Mapping[str, Given]) -> None:
    changes: list[Message] = [TotalChanged(by=event.by) for row in rows for event in row.events if is_added(event)]
    says = [each.command for row in rows if (each := given.get(row.command_id)) and isinstance(each.command, Say)]
    talk: list[Message] = [Delta(item=say.item, channel="text", text=say.text) for say in says]
    assert shown(actor, "main") == list(enumerate(changes, start=1))
    assert shown(actor, "talk") == list(enumerate([*talk, Ended(reason="said")], start=1))


def is_added(event: Message) -> bool:
    return isinstance(event, Added)


def shown(actor: StoredActor, session: str) -> list[tuple[int, Message]]:
    stored = actor.sessions.get(session)
    return [(each.number, message_type(each.name).FromString(each.body)) for each in stored.events] if stored else []
