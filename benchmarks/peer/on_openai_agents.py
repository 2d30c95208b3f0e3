"""openai-agents with a model that answers at once: a call of one tool and an answer, stored in SQLite or not.

One session object serves all conversations under changing ids, so that opening the database is not counted.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from typing import Any

from agents import Agent, Model, ModelResponse, RunConfig, Runner, SQLiteSession, Usage, function_tool
from answering import answer
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText


class Forecaster(Model):
    async def get_response(self, *args: Any, **asked: Any) -> ModelResponse:
        items = asked["input"]
        has_result = not isinstance(items, str) and items[-1].get("type") == "function_call_output"
        said: Any
        if has_result:
            text = ResponseOutputText(type="output_text", text="It is sunny in Paris.", annotations=[])
            said = ResponseOutputMessage(
                id="msg_1", type="message", role="assistant", status="completed", content=[text]
            )
        else:
            said = ResponseFunctionToolCall(
                type="function_call", call_id="call_1", name="weather", arguments='{"text": "Paris"}'
            )
        usage = Usage(requests=1, input_tokens=10, output_tokens=5, total_tokens=15)
        return ModelResponse(output=[said], usage=usage, response_id=None)

    def stream_response(self, *args: Any, **more: Any) -> Any:
        raise NotImplementedError


@function_tool
async def weather(text: str) -> str:
    """The weather in a city."""
    return f"Sunny in {text}."


agent = Agent(name="Forecaster", instructions="You tell the weather.", model=Forecaster(), tools=[weather])
session = SQLiteSession("conversation", sys.argv[1])
config = RunConfig(tracing_disabled=True)
conversations = count()
loop = asyncio.new_event_loop()


async def turns(total: int, kept: SQLiteSession | None) -> None:
    for _ in range(total):
        if kept is not None:
            kept.session_id = f"conversation-{next(conversations)}"
        done = await Runner.run(agent, "What is the weather in Paris?", session=kept, run_config=config)
        if done.final_output != "It is sunny in Paris.":
            raise AssertionError(done.final_output)


answer(
    {
        "stored": lambda total: loop.run_until_complete(turns(total, session)),
        "bare": lambda total: loop.run_until_complete(turns(total, None)),
    }
)
