"""The effect `models.summarise`: has a model write the summary that will stand for the oldest part of a talk."""

from __future__ import annotations

from contextlib import aclosing
from random import Random

from google.protobuf.message import Message

from aevatar.actors import Effect, Link, Policy, Retries
from aevatar.agents.runs.calling.asking import secret_of, tried
from aevatar.agents.runs.prompting.assembling import Assembler
from aevatar.agents.runs.prompting.prompt import Prompt
from aevatar.agents.runs_pb2 import SummariseTalk, Summary, SummaryFailed, TalkSummarised
from aevatar.models import ModelCall, ModelError, ModelPort
from aevatar.models.models_pb2 import FINISH_CONTENT_FILTER, Finish, ModelRequest, Usage


class SummariseEffect(Effect[SummariseTalk, Message]):
    """Asks for a summary. After a crash the run is asked, for only it can assemble the prompt again."""

    name = "models.summarise"
    policy = Policy.ASK
    concurrency = 256
    concurrency_per_scope = 16
    deadline = 300.0
    retries = Retries(attempts=1)

    def __init__(self, models: ModelPort, assembler: Assembler, *, random: Random | None = None) -> None:
        self._models = models
        self._assembler = assembler
        self._random = random or Random()  # noqa: S311 - jitter

    async def run(self, request: SummariseTalk, link: Link) -> TalkSummarised | SummaryFailed:
        prompt = link.attachment
        if not isinstance(prompt, Prompt):
            raise TypeError("a summary takes a Prompt beside its request")
        written = _Written(request.call_id)
        try:
            plan = await self._assembler.summary_plan(prompt, link)
            await tried(lambda: self._read(plan.request, prompt, written, link), written.forget, link, self._random)
            summary = Summary(text=written.summary(), covered=plan.covered)
        except ModelError as error:
            return SummaryFailed(call_id=request.call_id, error=error.failure(), usage=written.usage)
        return TalkSummarised(call_id=request.call_id, summary=summary, usage=written.usage, dropped=plan.dropped)

    async def _read(self, asked: ModelRequest, prompt: Prompt, written: _Written, link: Link) -> None:
        call = ModelCall(written.call_id, attempt=link.attempt, secret=secret_of(prompt, link))
        async with aclosing(self._models.stream(asked, call)) as deltas:
            async for delta in deltas:
                match delta.WhichOneof("kind"):
                    case "text":
                        written.text.append(delta.text)
                    case "usage":
                        written.usage = delta.usage
                    case "finished":
                        written.finish = delta.finished


class _Written:
    """What has come of a summary."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.forget()

    def forget(self) -> bool:
        """Begins again: nobody has seen anything of it."""
        self.text: list[str] = []
        self.usage = Usage()
        self.finish: Finish | None = None
        return True

    def summary(self) -> str:
        """The whole of it; one that was cut at its bound is still one. Raises: ModelError when it is none."""
        text = "".join(self.text).strip()
        if self.finish == FINISH_CONTENT_FILTER:
            raise ModelError("content_filter", "The provider's content filter ended the summary.")
        if not text:
            raise ModelError("protocol_error", "The summary is empty.")
        return text
