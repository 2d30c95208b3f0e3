"""pydantic-ai with a model that answers at once: a call of one tool and an answer; nothing is stored."""

from __future__ import annotations

import asyncio

from answering import answer
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel


async def forecast(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    if any(isinstance(part, ToolReturnPart) for part in messages[-1].parts):
        return ModelResponse(parts=[TextPart("It is sunny in Paris.")])
    return ModelResponse(parts=[ToolCallPart("weather", '{"text": "Paris"}', tool_call_id="call_1")])


agent = Agent(FunctionModel(forecast), instructions="You tell the weather.")
loop = asyncio.new_event_loop()


@agent.tool_plain
async def weather(text: str) -> str:
    """The weather in a city."""
    return f"Sunny in {text}."


async def turns(total: int) -> None:
    for _ in range(total):
        done = await agent.run("What is the weather in Paris?")
        if done.output != "It is sunny in Paris.":
            raise AssertionError(done.output)


answer({"bare": lambda total: loop.run_until_complete(turns(total))})
