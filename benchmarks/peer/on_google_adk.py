"""google-adk with a model that answers at once: a call of one tool and an answer, its sessions in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from answering import answer
from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.adk.runners import Runner
from google.adk.sessions import InMemorySessionService
from google.genai import types

QUESTION = types.Content(role="user", parts=[types.Part(text="What is the weather in Paris?")])
USAGE = types.GenerateContentResponseUsageMetadata(prompt_token_count=10, candidates_token_count=5)


class Forecaster(BaseLlm):
    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        last = llm_request.contents[-1].parts or []
        if any(part.function_response for part in last):
            part = types.Part(text="It is sunny in Paris.")
        else:
            part = types.Part(function_call=types.FunctionCall(id="call_1", name="weather", args={"text": "Paris"}))
        yield LlmResponse(content=types.Content(role="model", parts=[part]), usage_metadata=USAGE)


async def weather(text: str) -> str:
    """The weather in a city."""
    return f"Sunny in {text}."


agent = LlmAgent(
    name="forecaster", instruction="You tell the weather.", model=Forecaster(model="scripted"), tools=[weather]
)
sessions = InMemorySessionService()
runner = Runner(app_name="benchmark", agent=agent, session_service=sessions)
loop = asyncio.new_event_loop()


async def turns(total: int) -> None:
    for _ in range(total):
        session = await sessions.create_session(app_name="benchmark", user_id="dev")
        said = ""
        async for event in runner.run_async(user_id="dev", session_id=session.id, new_message=QUESTION):
            if event.is_final_response() and event.content and event.content.parts:
                said = event.content.parts[0].text or ""
        if said != "It is sunny in Paris.":
            raise AssertionError(said)


answer({"bare": lambda total: loop.run_until_complete(turns(total))})
