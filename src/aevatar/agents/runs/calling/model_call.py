"""The effect `models.call`: assembles the prompt, asks the model, and passes on what it says as it comes."""

from __future__ import annotations

from contextlib import aclosing
from random import Random

from google.protobuf.message import Message

from aevatar.actors import Effect, Link, Policy, Retries
from aevatar.agents.runs.calling.asking import secret_of, tried
from aevatar.agents.runs.calling.joining import JoinedReply
from aevatar.agents.runs.prompting.assembling import Assembled, Assembler
from aevatar.agents.runs.prompting.prompt import Prompt
from aevatar.agents.runs_pb2 import CallModel, ModelFailed, ModelReplied, SummaryWanted
from aevatar.models import ModelCall, ModelError, ModelPort


class ModelCallEffect(Effect[CallModel, Message]):
    """Calls a model. After a crash the run is asked, for it knows what readers have seen."""

    name = "models.call"
    policy = Policy.ASK
    concurrency = 1_024
    concurrency_per_scope = 64
    deadline = 600.0
    retries = Retries(attempts=1)  # only here is it known whether anything was shown already

    def __init__(self, models: ModelPort, assembler: Assembler, *, random: Random | None = None) -> None:
        self._models = models
        self._assembler = assembler
        self._random = random or Random()  # noqa: S311 - jitter

    async def run(self, request: CallModel, link: Link) -> ModelReplied | ModelFailed | SummaryWanted:
        prompt = link.attachment
        if not isinstance(prompt, Prompt):
            raise TypeError("a model call takes a Prompt beside its request")
        reply = JoinedReply(request, link)
        try:
            assembled = await self._assembler.assembled(prompt, link)
            if assembled.to_summarise:
                return SummaryWanted(call_id=request.call_id, tokens=assembled.to_summarise)
            await tried(lambda: self._streamed(assembled, prompt, reply, link), reply.forget, link, self._random)
        except ModelError as error:
            reply.break_off()
            failed = ModelFailed(call_id=request.call_id, error=error.failure(), shown=reply.is_shown)
            failed.attempts = link.attempt
            return failed
        finally:
            reply.close()
        replied = reply.result(prompt.model, link.attempt)
        replied.warnings.extend((*assembled.warnings, *reply.warnings))
        replied.sections.extend(assembled.sections)
        replied.guessed_tokens = assembled.guessed_tokens
        if assembled.compaction.level:
            replied.compaction.CopyFrom(assembled.compaction)
        return replied

    async def _streamed(self, assembled: Assembled, prompt: Prompt, reply: JoinedReply, link: Link) -> None:
        reply.warnings.clear()
        blob = self._assembler.blobs(prompt, link, reply.warnings)
        call = ModelCall(reply.call_id, attempt=link.attempt, secret=secret_of(prompt, link), blob=blob)
        async with aclosing(self._models.stream(assembled.request, call)) as deltas:
            async for delta in deltas:
                reply.take(delta)
