"""Pykka: asks one after the other, and 200 under way, over 100 actors that are threads; nothing is stored."""

from __future__ import annotations

from answering import answer
from pykka import ThreadingActor


class Tally(ThreadingActor):
    def __init__(self) -> None:
        super().__init__()
        self.total = 1

    def on_receive(self, message: str) -> int:
        return self.total


actors = [Tally.start() for _ in range(100)]


def alone(total: int) -> None:
    for number in range(total):
        actors[number % 100].ask("how much")


def many(total: int) -> None:
    """One thread that asks 200 times before it takes the answers: 200 asking threads are three times slower."""
    for start in range(0, total, 200):
        asked = [actors[number % 100].ask("how much", block=False) for number in range(start, start + 200)]
        for future in asked:
            future.get()


answer({"alone": alone, "many": many})
for actor in actors:
    actor.stop()
