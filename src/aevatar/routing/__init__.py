"""The chat route policy: what a scope refuses, and which model and tools the rest of its requests get."""

from aevatar.routing.actor import POLICY_KIND
from aevatar.routing.resolver import Decision, RouteInput, resolve
from aevatar.routing.service import RoutePolicies

__all__ = ["POLICY_KIND", "Decision", "RouteInput", "RoutePolicies", "resolve"]
