"""Compaction: a whole talk as one sealed summary, written by a model in a run of its own that nobody keeps."""

from __future__ import annotations

from typing import Any

from aevatar.agents.runs.prompting.summary import SUMMARY_TOKENS, standing_for
from aevatar.errors import Rejected, Unavailable
from aevatar.models import RETRYABLE_CODES
from aevatar.responses.codec import Body
from aevatar.responses.items import public_id
from aevatar.responses.requests import CompactResponse, CreateResponse


def request_of(request: CompactResponse) -> CreateResponse:
    """The request whose answer is the summary."""
    return CreateResponse(
        model=request.model,
        input=request.input,
        instructions=request.instructions,
        previous_response_id=request.previous_response_id,
        prompt_cache_key=request.prompt_cache_key,
        max_output_tokens=SUMMARY_TOKENS,
        truncation="auto",
        store=False,
    )


def summary_of(response: Body) -> str:
    """What the sealed item says when it is read as input.

    Raises: Unavailable or Rejected, with the code of the run's failure, when there is no summary.
    """
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    text = "".join(part["text"] for part in parts)
    if response["status"] not in ("completed", "incomplete") or not text:
        raise _failure(response)
    return standing_for(text)


def compacted(response: Body, sealed: str) -> dict[str, Any]:
    """The answer: one item, and what it cost."""
    key = response["id"]
    item = {"type": "compaction", "id": public_id(key, "cmp", "sealed"), "encrypted_content": sealed}
    return {
        "id": key,
        "object": "response.compaction",
        "created_at": response["created_at"],
        "output": [item],
        "usage": response["usage"],
    }


def _failure(response: Body) -> Rejected | Unavailable:
    error = response["error"] or {"code": "compaction_failed", "message": "The model gave no summary."}
    if error["code"] in RETRYABLE_CODES:
        return Unavailable(error["code"], error["message"])
    return Rejected(error["code"], error["message"], "model")
