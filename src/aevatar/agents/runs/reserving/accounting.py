"""What a run pays: calls are checked against its limits, reserved at its budget, and counted once they are over."""

from __future__ import annotations

from aevatar.actors import Answered
from aevatar.actors.packing import unpack
from aevatar.agents.agents_pb2 import Reserve, Reserved, Settle
from aevatar.agents.runs.base import RunBase
from aevatar.agents.runs.reserving.pricing import price_of, priced
from aevatar.agents.runs_pb2 import CurrentCall, UsageCounted, WarningNoted
from aevatar.identity import ActorId
from aevatar.models.models_pb2 import Usage

RESERVE = "reserve:"


class Accounting(RunBase):
    """The part of a run that deals with tokens and money."""

    def reserve(self, call_id: str, expected: Usage) -> str:
        """Asks the budget for what a call may come to; answers the id of the command that it will answer."""
        expected = priced(expected, price_of(self.state, self.state.model))
        tokens = expected.input_tokens + expected.output_tokens
        reserve = Reserve(call_id=f"{self.id.key}:{call_id}", tokens=tokens)
        if expected.HasField("usd_micros"):
            reserve.usd_micros = expected.usd_micros
        command_id = RESERVE + reserve.call_id
        self.send(ActorId.parse(self.state.start.context.budget), reserve, command_id=command_id, answer=True)
        return command_id

    def note_unbounded(self) -> None:
        """Says once, if it is so, that a bound of money bounds nothing for want of a price."""
        state = self.state
        if state.start.limits.usd_micros and price_of(state, state.model) is None:
            self.note_warning(f"The price of {state.model} is not known: what the run may cost bounds no call of it.")

    def note_reserved(self, answer: Answered) -> None:
        """Says once, if it is so, that no money was reserved for want of a price."""
        reserved = unpack(answer.outcome)
        if isinstance(reserved, Reserved) and reserved.is_unpriced:
            told = f"The price of {self.state.model} is not known: of the budget, its calls use tokens but no money."
            self.note_warning(told)

    def note_warning(self, message: str) -> None:
        """Records a warning, once."""
        if message not in self.state.warnings:
            self.emit(WarningNoted(message=message))

    def count(
        self, call: CurrentCall, usage: Usage, *, is_lost: bool = False, is_summary: bool = False, guessed: int = 0
    ) -> None:
        """Counts what a call has used, whose prompt had been `guessed` to have so many tokens.

        What is lost was an attempt, after which the same call may be made again.
        """
        counted = UsageCounted(call_id=call.call_id, model=call.model, is_lost=is_lost, is_summary=is_summary)
        counted.guessed_tokens = guessed
        counted.usage.CopyFrom(priced(usage, price_of(self.state, call.model)))
        if not is_lost:
            self.settle(call, counted.usage)
        self.emit(counted)

    def settle(self, call: CurrentCall, usage: Usage) -> None:
        """Gives back what was reserved for a call and is not used, and pays for the attempts that were lost."""
        if not call.reservation:
            return
        tokens = usage.input_tokens + usage.output_tokens + call.lost_tokens
        settle = Settle(call_id=call.reservation.removeprefix(RESERVE), tokens=tokens)
        if usage.HasField("usd_micros") or call.lost_usd_micros:
            settle.usd_micros = usage.usd_micros + call.lost_usd_micros
        self.send(ActorId.parse(self.state.start.context.budget), settle)
