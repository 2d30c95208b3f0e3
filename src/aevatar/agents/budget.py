"""A budget: tokens and money that runs draw on. Reserved before a call is made, settled with what it really used.

Money is counted in whole millionths of a US dollar. A call whose price nobody knows draws on the tokens only.
"""

from __future__ import annotations

from aevatar.actors import Actor, Done, Kind, Projection, applies, command
from aevatar.agents.agents_pb2 import (
    BudgetDocument,
    BudgetSet,
    BudgetState,
    Reserve,
    Reserved,
    SetBudget,
    Settle,
    TokensReserved,
    TokensSettled,
)
from aevatar.agents.runs.reserving.pricing import dollars
from aevatar.errors import Rejected
from aevatar.readmodels import DocumentOf

BUDGET = "agents.budget"
REMEMBERED = 1_000


class Budget(Actor[BudgetState]):
    """What is reserved counts as spent until it is settled, so a crash can only make a budget look smaller."""

    kind = BUDGET

    @command(creates=True)
    def set_budget(self, cmd: SetBudget) -> Done:
        if cmd.tokens < 0 or cmd.usd_micros < 0:
            raise Rejected("invalid_budget", "A budget is not negative; 0 sets no bound.")
        if (cmd.tokens, cmd.usd_micros) != (self.state.tokens, self.state.usd_micros):
            self.emit(BudgetSet(tokens=cmd.tokens, usd_micros=cmd.usd_micros))
        return Done()

    @command
    def reserve(self, cmd: Reserve) -> Reserved:
        state = self.state
        reserved = Reserved(call_id=cmd.call_id)
        reserved.is_unpriced = state.usd_micros > 0 and not cmd.HasField("usd_micros")
        if cmd.call_id in state.open or cmd.call_id in state.settled:
            return reserved
        open_tokens, open_money = _open(state)
        if state.tokens and state.spent_tokens + open_tokens + cmd.tokens > state.tokens:
            raise Rejected("budget_exceeded", f"The call would overdraw the budget of {state.tokens} tokens.")
        if state.usd_micros and state.spent_usd_micros + open_money + cmd.usd_micros > state.usd_micros:
            raise Rejected("budget_exceeded", f"The call would overdraw the budget of {dollars(state.usd_micros)}.")
        self.emit(TokensReserved(call_id=cmd.call_id, tokens=cmd.tokens, usd_micros=cmd.usd_micros))
        return reserved

    @command
    def settle(self, cmd: Settle) -> Done:
        if cmd.call_id in self.state.open:
            settled = TokensSettled(call_id=cmd.call_id, tokens=cmd.tokens)
            if cmd.HasField("usd_micros"):
                settled.usd_micros = cmd.usd_micros
            self.emit(settled)
        return Done()

    @applies
    @staticmethod
    def budget_set(state: BudgetState, event: BudgetSet) -> None:
        state.tokens, state.usd_micros = event.tokens, event.usd_micros

    @applies
    @staticmethod
    def reserved(state: BudgetState, event: TokensReserved) -> None:
        reservation = state.open[event.call_id]
        reservation.tokens, reservation.usd_micros = event.tokens, event.usd_micros

    @applies
    @staticmethod
    def settled(state: BudgetState, event: TokensSettled) -> None:
        del state.open[event.call_id]
        state.spent_tokens += event.tokens
        state.spent_usd_micros += event.usd_micros
        state.unpriced_calls += event.tokens > 0 and not event.HasField("usd_micros")
        state.settled.append(event.call_id)
        del state.settled[:-REMEMBERED]


def _open(state: BudgetState) -> tuple[int, int]:
    """Tokens and money that are reserved."""
    entries = list(state.open.values())
    return sum(entry.tokens for entry in entries), sum(entry.usd_micros for entry in entries)


def budget_document(state: BudgetState) -> BudgetDocument:
    """What may be spent, and what has been."""
    tokens, money = _open(state)
    return BudgetDocument(
        tokens=state.tokens,
        usd_micros=state.usd_micros,
        spent_tokens=state.spent_tokens,
        spent_usd_micros=state.spent_usd_micros,
        open=len(state.open),
        reserved_tokens=tokens,
        reserved_usd_micros=money,
        unpriced_calls=state.unpriced_calls,
    )


BUDGET_KIND = Kind(Budget, Projection(documents=(DocumentOf("agents.budgets", budget_document),)))
