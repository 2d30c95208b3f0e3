"""Acts: what a turn may not do itself, because it takes time and can fail."""

from __future__ import annotations

from aevatar.actors import Effect, EffectError, Link, Policy, Retries
from examples.probe.probe_pb2 import Ignite, Ignited, Sparked


class Igniter(Effect[Ignite, Ignited]):
    """Lights the engine. The igniter is a little damp, so the first sparks may come to nothing.

    After a crash it is simply run again (`REPEAT`): lighting an engine that burns does no harm. Where it would, the
    engine would be told `link.effect_id`, which stays the same, and ignore what it knows already.
    """

    name = "examples.ignite"
    policy = Policy.REPEAT
    retries = Retries(attempts=4, first_pause=0.2)

    async def run(self, request: Ignite, link: Link) -> Ignited:
        """One spark. Raising a retryable error asks for another one, after a pause that grows."""
        link.signal(Sparked(attempt=link.attempt))
        if link.attempt < request.sparks_needed:
            raise EffectError("no_ignition", "The spark went out.", retryable=True)
        return Ignited(sparks=link.attempt)
