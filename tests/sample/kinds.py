"""The tally, its projection and its effects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from google.protobuf import any_pb2
from google.protobuf.message import Message

from aevatar.actors import (
    Actor,
    Answered,
    Effect,
    EffectFailed,
    EffectInterrupted,
    Kind,
    Link,
    Pending,
    Policy,
    Projection,
    applies,
    command,
    question,
    signal,
)
from aevatar.actors.packing import message_type
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.readmodels import DocumentOf
from aevatar.sessions import Delta, Ended, Show
from tests.sample.sample_pb2 import (
    Add,
    Added,
    Break,
    CancelFetches,
    CarefulRequest,
    Cheer,
    Echoed,
    EchoRequest,
    Fetch,
    Fetching,
    Flood,
    Forget,
    Forward,
    GiveUp,
    Heard,
    HowMuch,
    Letter,
    Noted,
    Plan,
    Relay,
    Release,
    Released,
    Remind,
    Retire,
    Say,
    Take,
    TallyDocument,
    TallyState,
    Total,
    TotalChanged,
    Wait,
    Waited,
    Witness,
    Witnessed,
)


class Tally(Actor[TallyState]):
    """Adds up numbers."""

    kind = "sample.tally"

    @command(creates=True)
    def add(self, cmd: Add) -> Total:
        if cmd.by:
            self.emit(Added(by=cmd.by, note=cmd.note, subject=self.turn.principal.subject))
        return Total(total=self.state.total)

    @command
    def take(self, cmd: Take) -> Total:
        if cmd.by > self.state.total:
            raise Rejected("too_little", f"there are only {self.state.total}", "by")
        self.emit(Added(by=-cmd.by))
        return Total(total=self.state.total)

    @command
    def break_down(self, cmd: Break) -> None:
        if cmd.after_emit:
            self.emit(Added(by=1_000_000))
        raise ZeroDivisionError("a bug")

    @command
    def forward(self, cmd: Forward) -> None:
        target = ActorId.parse(cmd.to)
        self.send(target, Take(by=cmd.by) if cmd.refused else Add(by=cmd.by), answer=cmd.answer)
        self.emit(Noted(text=f"forwarded {cmd.by}"))

    @command
    def answered(self, cmd: Answered) -> None:
        total = Total.FromString(cmd.outcome.body).total if cmd.HasField("outcome") else 0
        self.emit(Noted(text=f"answer {total}" if total else f"refusal {cmd.refusal.code}"))

    @command(creates=True)
    def remind(self, cmd: Remind) -> None:
        self.schedule(cmd.name, cmd.delay, Add(by=cmd.by, note=cmd.name))

    @command
    def forget(self, cmd: Forget) -> None:
        self.cancel(cmd.name)

    @command
    def relay(self, cmd: Relay) -> None:
        for each in cmd.letters:
            target, message = ActorId.parse(each.to), unpacked(each.command)
            self.send(target, message, answer=each.answer, command_id=each.command_id or None)

    @command(creates=True)
    def plan(self, cmd: Plan) -> None:
        self.schedule(cmd.name, cmd.delay, unpacked(cmd.command))

    @command
    def flood(self, cmd: Flood) -> None:
        for _ in range(cmd.events):
            self.emit(Noted())
        for _ in range(cmd.sends):
            self.send(self.id, Add(by=1))

    @command(creates=True)
    def witness(self, cmd: Witness) -> Witnessed:
        envelope, principal = self.turn.envelope, self.turn.principal
        witnessed = Witnessed(
            correlation_id=envelope.correlation_id or envelope.id,
            causation_id=envelope.causation_id,
            subject=principal.subject,
            via=principal.via.text if principal.via else "",
            permissions=sorted(principal.permissions),
        )
        self.emit(witnessed)
        return witnessed

    @command
    def fetch(self, cmd: Fetch) -> None:
        request = CarefulRequest(text=cmd.text) if cmd.careful else EchoRequest(text=cmd.text)
        effect_id = self.start(request, attachment=cmd.text)
        self.emit(Fetching(effect_id=effect_id))
        if cmd.regret:
            self.cancel_effect(effect_id)

    @command
    def cancel_fetches(self, cmd: CancelFetches) -> None:
        for effect_id in self.state.fetching:
            self.cancel_effect(effect_id)

    @command
    def echoed(self, cmd: Echoed) -> None:
        self.emit(Noted(text=f"echoed {cmd.text}"))

    @command
    def failed(self, cmd: EffectFailed) -> None:
        self.emit(Noted(text=f"failed {cmd.code} after {cmd.attempts}"))

    @command
    def interrupted(self, cmd: EffectInterrupted) -> None:
        self.emit(Noted(text=f"interrupted {cmd.effect}"))

    @command
    def say(self, cmd: Say) -> None:
        self.show(Delta(item=cmd.item, channel="text", text=cmd.text), session=cmd.session)
        if cmd.last:
            self.show(Ended(reason="said"), session=cmd.session, terminal=True)

    @command
    def wait(self, cmd: Wait) -> Total | Pending:
        self.emit(Waited(command_id=self.turn.command_id))
        return Pending(within=cmd.within, then=GiveUp(command_id=self.turn.command_id))

    @command
    def give_up(self, cmd: GiveUp) -> None:
        self.emit(Released(command_id=cmd.command_id))
        self.conclude(cmd.command_id, Total(total=-1))

    @command
    def release(self, cmd: Release) -> None:
        self.emit(Added(by=cmd.by))
        for command_id in list(self.state.pending):
            self.emit(Released(command_id=command_id))
            self.conclude(command_id, Total(total=self.state.total))

    @command
    def retire_now(self, cmd: Retire) -> None:
        self.retire(erase=cmd.erase)

    @command
    def cheer(self, cmd: Cheer) -> None:
        if cmd.to:
            self.signal(ActorId.parse(cmd.to), Heard(text=cmd.text, remember=True))
        else:
            self.signal_after(cmd.delay, Heard(text=cmd.text, remember=True))

    @question
    def how_much(self, query: HowMuch) -> Total:
        return Total(total=self.state.total)

    @signal
    def heard(self, message: Heard) -> None:
        if message.remember:
            self.emit(Noted(text=message.text))
        else:
            self.show(Delta(item="heard", channel="text", text=message.text))

    @applies
    @staticmethod
    def added(state: TallyState, event: Added) -> None:
        state.total += event.by
        state.additions += 1
        state.by_subject[event.subject] += event.by

    @applies
    @staticmethod
    def noted(state: TallyState, event: Noted) -> None:
        state.heard.append(event.text)

    @applies
    @staticmethod
    def waited(state: TallyState, event: Waited) -> None:
        state.pending.append(event.command_id)

    @applies
    @staticmethod
    def released(state: TallyState, event: Released) -> None:
        state.pending.remove(event.command_id)

    @applies
    @staticmethod
    def fetching(state: TallyState, event: Fetching) -> None:
        state.fetching.append(event.effect_id)

    @applies
    @staticmethod
    def witnessed(state: TallyState, event: Witnessed) -> None:
        state.witnessed.append(event)


def letter(to: ActorId, command: Message, *, answer: bool = False, command_id: str = "") -> Letter:
    """One of the commands that a `Relay` has sent."""
    return Letter(to=to.text, command=packed(command), answer=answer, command_id=command_id)


def packed(message: Message) -> Any:
    wrapped = any_pb2.Any()
    wrapped.Pack(message)
    return wrapped


def unpacked(wrapped: Any) -> Message:
    message = message_type(wrapped.TypeName())()
    wrapped.Unpack(message)
    return message


class Echo(Effect[EchoRequest, Echoed]):
    """Answers with what it was given, through whatever the test puts in between."""

    name = "sample.echo"
    policy = Policy.REPEAT

    def __init__(self, between: Callable[[Link], Awaitable[None]] | None = None) -> None:
        self._between = between

    async def run(self, request: EchoRequest, link: Link) -> Echoed:
        if self._between is not None:
            await self._between(link)
        return Echoed(text=request.text)


class CarefulEcho(Effect[CarefulRequest, Echoed]):
    """The same, but never repeated without asking."""

    name = "sample.careful_echo"
    policy = Policy.ASK

    def __init__(self, between: Callable[[Link], Awaitable[None]] | None = None) -> None:
        self._between = between

    async def run(self, request: CarefulRequest, link: Link) -> Echoed:
        if self._between is not None:
            await self._between(link)
        return Echoed(text=request.text)


def document(state: TallyState) -> TallyDocument:
    return TallyDocument(total=state.total, additions=state.additions, last_note=state.heard[-1] if state.heard else "")


def index(state: TallyState) -> Mapping[str, str | int]:
    return {"total": state.total, "parity": "odd" if state.total % 2 else "even"}


def observe_added(event: Added) -> Iterator[Show]:
    yield Show(TotalChanged(by=event.by))


TALLY = Kind(
    Tally, Projection(documents=(DocumentOf("sample.tallies", document, index=index),), observers=(observe_added,))
)
