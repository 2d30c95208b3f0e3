"""LangGraph with its SQLite checkpointer: one step a run, over 1,000 threads.

The synchronous saver is the faster one of the two. It opens its file in WAL mode and leaves SQLite's own FULL in place.
"""

from __future__ import annotations

import sys
from typing import TypedDict

from answering import ACTORS, NOTE, answer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph


class State(TypedDict):
    total: int
    note: str


def add(state: State) -> State:
    return {"total": state["total"] + 1, "note": NOTE}


builder = StateGraph(State)
builder.add_node("add", add)
builder.add_edge(START, "add")
builder.add_edge("add", END)

with SqliteSaver.from_conn_string(sys.argv[1]) as saver:
    graph = builder.compile(checkpointer=saver)

    def work(total: int) -> None:
        for number in range(total):
            graph.invoke({"total": number, "note": NOTE}, {"configurable": {"thread_id": str(number % ACTORS)}})

    answer({"run": work})
