"""Replies to chat channels: what a run sends to its sinks, and when.

The text that waits is held in memory only: the next piece of the reply, or its end, carries everything.
"""

from __future__ import annotations

from aevatar.actors import EffectFailed, Kind, command, signal
from aevatar.agents.runs.base import RunBase
from aevatar.agents.runs.delivering import coalescing
from aevatar.agents.runs.facts import sink_of
from aevatar.agents.runs_pb2 import (
    FlushDue,
    RepliesOverdue,
    ReplyAccepted,
    ReplyFailed,
    ReplyFinalised,
    ReplyRefused,
    ReplyRequested,
    ReplySent,
    RetryReply,
    RunState,
    SendReply,
    SinkState,
)
from aevatar.identity import ActorId

CANCELLED_SECONDS = 5.0
"""How long a cancelled run waits for its sinks to take the last text."""


class Replies(RunBase):
    """The part of a run that speaks to its sinks."""

    def __init__(self, actor_id: ActorId, state: RunState, kind: Kind) -> None:
        super().__init__(actor_id, state, kind)
        self._texts: dict[str, str] = {}
        self._flushes: set[str] = set()

    def reply_grows(self, text: str) -> None:
        """Hears the whole text so far."""
        for sink in self.state.sinks:
            self._offer(sink, text)

    def _offer(self, sink: SinkState, text: str) -> None:
        waiting, flushes = self._texts, self._flushes
        name = sink.sink.id
        match coalescing.interim(sink, text, self.turn.now_ms):
            case coalescing.Send() as send:
                waiting.pop(name, None)
                self._send(sink, send)
            case coalescing.Keep(delay):
                waiting[name] = text
                if name not in flushes:
                    flushes.add(name)
                    self.signal_after(delay / 1000, FlushDue(sink=name, generation=sink.generation))
            case coalescing.Hold():
                waiting[name] = text
            case coalescing.Drop():
                waiting.pop(name, None)

    @signal
    def flush_due(self, due: FlushDue) -> None:
        self._flushes.discard(due.sink)
        sink = sink_of(self.state, due.sink)
        text = self._texts.get(due.sink)
        if due.generation == sink.generation and text is not None and not self.is_over:
            self._offer(sink, text)

    def finalise_replies(self) -> None:
        """Sends every sink its last text."""
        self._texts.clear()
        for sink in self.state.sinks:
            self._finalise(sink)
        if self.state.cancelling and any(not sink.finalised for sink in self.state.sinks):
            self.schedule("replies", CANCELLED_SECONDS, RepliesOverdue())

    def _finalise(self, sink: SinkState) -> None:
        has_nothing_to_amend = self.state.cancelling and not sink.accepted_digest and not sink.in_flight
        decision = coalescing.Drop() if has_nothing_to_amend else coalescing.final(sink, self.output_text())
        if isinstance(decision, coalescing.Send):
            self._send(sink, decision)
        elif isinstance(decision, coalescing.Drop) and not sink.finalised:
            self.emit(ReplyFinalised(sink=sink.sink.id))

    def _send(self, sink: SinkState, send: coalescing.Send) -> None:
        effect_id = self.start(
            SendReply(
                channel=sink.sink.channel,
                sink=sink.sink.id,
                ordinal=send.ordinal,
                text=send.text,
                final=send.final,
                address=sink.sink.address,
                reference=sink.reference,
            )
        )
        self.emit(
            ReplyRequested(
                sink=sink.sink.id,
                ordinal=send.ordinal,
                effect_id=effect_id,
                digest=send.digest,
                length=len(send.text),
                final=send.final,
                at=self.turn.now_ms,
            )
        )

    @command
    def reply_sent(self, cmd: ReplySent) -> None:
        self.emit(ReplyAccepted(sink=cmd.sink, ordinal=cmd.ordinal, reference=cmd.reference, at=self.turn.now_ms))
        self._go_on(sink_of(self.state, cmd.sink))

    @command
    def reply_failed(self, cmd: ReplyFailed) -> None:
        self._reply_refused(sink_of(self.state, cmd.sink), cmd.code, cmd.retry_after)

    def reply_effect_failed(self, cmd: EffectFailed) -> None:
        """Takes the failure of a sink's effect."""
        for sink in self.state.sinks:
            if sink.in_flight == cmd.effect_id:
                self._reply_refused(sink, cmd.code, 0.0)

    def _reply_refused(self, sink: SinkState, code: str, retry_after: float) -> None:
        was_final = sink.in_flight_final
        gives_up = was_final and sink.final_tries > coalescing.FINAL_RETRIES
        self.emit(
            ReplyRefused(
                sink=sink.sink.id,
                ordinal=sink.in_flight_ordinal,
                code=code,
                is_final=gives_up,
                at=self.turn.now_ms,
                not_before=self.turn.now_ms + round(retry_after * 1000),
            )
        )
        if was_final and not gives_up:
            self.schedule(f"reply:{sink.sink.id}", max(retry_after, 0.5), RetryReply(sink=sink.sink.id))
        else:
            self._go_on(sink)

    @command
    def retry_reply(self, cmd: RetryReply) -> None:
        if self.state.HasField("concluding"):
            self._go_on(sink_of(self.state, cmd.sink))

    def _go_on(self, sink: SinkState) -> None:
        if not self.state.HasField("concluding"):
            text = self._texts.get(sink.sink.id)
            if text is not None and not self.is_over:
                self._offer(sink, text)
            return
        self._finalise(sink)
        self.close_when_done()

    @command
    def replies_overdue(self, cmd: RepliesOverdue) -> None:
        self.close_now()
