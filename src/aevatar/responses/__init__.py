"""`/v1`: responses in OpenAI's shapes, each of them a durable run."""

from aevatar.responses.service import Responses

__all__ = ["Responses"]
