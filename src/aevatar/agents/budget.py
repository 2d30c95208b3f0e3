"""A budget: tokens and money that runs draw on. Reserved before a call is made, settled with what it really used."""

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
from aevatar.errors import Rejected
from aevatar.readmodels import DocumentOf

BUDGET = "agents.budget"
REMEMBERED = 1_000


class Budget(Actor[BudgetState]):
    """What is reserved counts as spent until it is settled, so a crash can only make a budget look smaller."""

    kind = BUDGET

    @command(creates=True)
    def set_budget(self, cmd: SetBudget) -> Done:
        if (cmd.tokens, cmd.money) != (self.state.tokens, self.state.money):
            self.emit(BudgetSet(tokens=cmd.tokens, money=cmd.money))
        return Done()

    @command
    def reserve(self, cmd: Reserve) -> Reserved:
        state = self.state
        if cmd.call_id in state.open or cmd.call_id in state.settled:
            return Reserved(call_id=cmd.call_id)
        tokens = state.spent_tokens + sum(entry.tokens for entry in state.open.values()) + cmd.tokens
        money = state.spent_money + sum(entry.money for entry in state.open.values()) + cmd.money
        if state.tokens and tokens > state.tokens:
            raise Rejected("budget_exceeded", f"The call would overdraw the budget of {state.tokens} tokens.")
        if state.money and money > state.money:
            raise Rejected("budget_exceeded", f"The call would overdraw the budget of {state.money:.2f}.")
        self.emit(TokensReserved(call_id=cmd.call_id, tokens=cmd.tokens, money=cmd.money))
        return Reserved(call_id=cmd.call_id)

    @command
    def settle(self, cmd: Settle) -> Done:
        if cmd.call_id in self.state.open:
            self.emit(TokensSettled(call_id=cmd.call_id, tokens=cmd.tokens, money=cmd.money))
        return Done()

    @applies
    @staticmethod
    def budget_set(state: BudgetState, event: BudgetSet) -> None:
        state.tokens, state.money = event.tokens, event.money

    @applies
    @staticmethod
    def reserved(state: BudgetState, event: TokensReserved) -> None:
        reservation = state.open[event.call_id]
        reservation.tokens, reservation.money = event.tokens, event.money

    @applies
    @staticmethod
    def settled(state: BudgetState, event: TokensSettled) -> None:
        del state.open[event.call_id]
        state.spent_tokens += event.tokens
        state.spent_money += event.money
        state.settled.append(event.call_id)
        del state.settled[:-REMEMBERED]


def budget_document(state: BudgetState) -> BudgetDocument:
    """What may be spent, and what has been."""
    return BudgetDocument(
        tokens=state.tokens,
        money=state.money,
        spent_tokens=state.spent_tokens,
        spent_money=state.spent_money,
        open=len(state.open),
    )


BUDGET_KIND = Kind(Budget, Projection(documents=(DocumentOf("agents.budgets", budget_document),)))
