"""`/v1`: responses in OpenAI's shapes, each of them a durable run."""

from aevatar.responses.policy import Asked, Hint, NoPolicy, Route, RoutePolicy
from aevatar.responses.service import Responses

__all__ = ["Asked", "Hint", "NoPolicy", "Responses", "Route", "RoutePolicy"]
