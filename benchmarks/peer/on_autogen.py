"""autogen-core with its single-threaded runtime: messages to 100 agents; nothing is stored."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from asking import answer_asks
from autogen_core import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, message_handler


@dataclass
class HowMuch:
    pass


@dataclass
class Total:
    total: int


class Tally(RoutedAgent):
    def __init__(self) -> None:
        super().__init__("a tally")

    @message_handler
    async def how_much(self, message: HowMuch, ctx: MessageContext) -> Total:
        return Total(1)


async def main() -> None:
    runtime = SingleThreadedAgentRuntime()
    await Tally.register(runtime, "tally", Tally)
    runtime.start()
    agents = [AgentId("tally", str(key)) for key in range(100)]
    await answer_asks(lambda number: runtime.send_message(HowMuch(), agents[number]))
    await runtime.stop()


asyncio.run(main())
