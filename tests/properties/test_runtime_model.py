"""The runtime beside a dictionary: whatever comes in between, both tell the same."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from google.protobuf.message import Message
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from aevatar.actors import Done
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.packing import unpack
from aevatar.errors import Internal, Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.testing import Fault
from tests.properties.machines import ACTORS, Served
from tests.sample.sample_pb2 import Add, Added, Break, Fetch, Forward, HowMuch, Noted, Take, TallyDocument, Total

AMOUNTS = st.integers(0, 9)
WHO = st.sampled_from(ACTORS)


@dataclass
class Expected:
    """What is known of an actor without asking the runtime."""

    additions: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.additions)


class RuntimeModel(Served):
    def __init__(self) -> None:
        super().__init__()
        self.actors = {actor: Expected([0]) for actor in ACTORS}
        self.ended: list[tuple[ActorId, Message, str, Message]] = []
        """Commands that had an outcome: to whom, what, under which id, and the outcome."""
        for actor in ACTORS:
            self.give(actor, Add(by=1))
            self.actors[actor] = Expected([1])

    def give(self, actor: ActorId, command: Message) -> Message:
        """Asks until there is an answer, as a client would."""
        command_id = f"c{len(self.ended)}"
        outcome = self.answer(actor, command, command_id)
        self.ended.append((actor, command, command_id, outcome))
        return outcome

    def answer(self, actor: ActorId, command: Message, command_id: str) -> Message:
        while True:
            try:
                return self.run(self.runtime.ask(actor, command, command_id=command_id))
            except Unavailable:
                self.pass_time(5)

    # What clients do

    @rule(actor=WHO, by=AMOUNTS)
    def add(self, actor: ActorId, by: int) -> None:
        expected = self.actors[actor]
        expected.additions += [by] if by else []
        assert self.give(actor, Add(by=by)) == Total(total=expected.total)

    @rule(actor=WHO, by=AMOUNTS)
    def take(self, actor: ActorId, by: int) -> None:
        expected = self.actors[actor]
        if by > expected.total:
            with pytest.raises(Rejected, match="too_little"):
                self.give(actor, Take(by=by))
        else:
            expected.additions.append(-by)
            assert self.give(actor, Take(by=by)) == Total(total=expected.total)

    @rule(actor=WHO, other=WHO, by=AMOUNTS)
    def forward(self, actor: ActorId, other: ActorId, by: int) -> None:
        assert self.give(actor, Forward(to=other.text, by=by, answer=True)) == Done()
        self.pass_time(5)
        self.actors[other].additions += [by] if by else []
        total = self.actors[other].total
        self.actors[actor].notes += [f"forwarded {by}", f"answer {total}" if total else "refusal "]

    @rule(actor=WHO, text=st.text(max_size=3))
    def fetch(self, actor: ActorId, text: str) -> None:
        self.give(actor, Fetch(text=text))
        self.pass_time(5)
        self.actors[actor].notes.append(f"echoed {text}")

    @rule(actor=WHO, after_emit=st.booleans())
    def break_down(self, actor: ActorId, after_emit: bool) -> None:
        with pytest.raises(Internal):
            self.give(actor, Break(after_emit=after_emit))

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        actor, command, command_id, outcome = data.draw(st.sampled_from(self.ended))
        assert self.answer(actor, command, command_id) == outcome

    @rule(data=st.data())
    def reuse_an_id(self, data: st.DataObject) -> None:
        actor, _, command_id, _ = data.draw(st.sampled_from(self.ended))
        with pytest.raises(Rejected, match="command_id_reused"):
            self.answer(actor, Add(by=1_000_000), command_id)

    # What happens to them

    @precondition(lambda self: len(self.faults) < 4)
    @rule(fault=st.sampled_from([Fault.CONFLICT, Fault.LOST_ANSWER, Fault.IO_ERROR]))
    def something_will_fail(self, fault: Fault) -> None:
        self.faults.append(fault)

    @rule()
    def restart(self) -> None:
        self.die()
        self.begin()

    @rule()
    def passivate(self) -> None:
        self.pass_time(60)  # with a round of housekeeping in it
        assert self.runtime._stage.activations == {}

    # What holds at any time

    @invariant()
    def state_and_document_and_log_tell_what_was_expected(self) -> None:
        for actor, expected in self.actors.items():
            assert self.run(self.runtime.ask(actor, HowMuch())) == Total(total=expected.total)
            events = self.run(self._events(actor))
            assert [event.by for event in events if isinstance(event, Added)] == expected.additions
            assert [event.text for event in events if isinstance(event, Noted)] == expected.notes
            found = self.run(self.runtime.readmodels.get("sample.tallies", actor.scope, actor.key))
            last = expected.notes[-1] if expected.notes else ""
            shown = TallyDocument(total=expected.total, additions=len(expected.additions), last_note=last)
            assert found is not None
            assert found.document == shown

    async def _events(self, actor: ActorId) -> list[Message]:
        rows = await self.journal.history(actor.text)
        return [unpack(packed) for row in rows for packed in TurnBody.FromString(row.body).events]


TestRuntimeModel = RuntimeModel.TestCase
TestRuntimeModel.settings = settings(max_examples=100, stateful_step_count=30, deadline=None, print_blob=True)
