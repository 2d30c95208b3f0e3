"""Decides: one probe, from the plan of its launch to its arrival.

Every method is one turn. What a turn asks for (events, timers, effects) is committed as one unit, so the process may be
killed between any two lines of this file, and the probe goes on where it was.
"""

from __future__ import annotations

from aevatar import Actor, Rejected, applies, command, signal
from aevatar.actors import EffectFailed
from examples.probe.probe_pb2 import (
    AbortLaunch,
    Arrive,
    Arrived,
    CountedDown,
    Ignite,
    Ignited,
    IgnitionStarted,
    LaunchPlanned,
    LaunchScrubbed,
    LiftedOff,
    Phase,
    PlanLaunch,
    ProbeState,
    Sparked,
    Tick,
)

CRUISE = {"moon": 1.0, "mars": 5.0, "europa": 20.0}
"""How long it takes to get there, in seconds. It is a fast probe."""


class Probe(Actor[ProbeState]):
    """A space probe that counts down, ignites, cruises and arrives."""

    kind = "examples.probe"

    @command(creates=True)
    def plan(self, cmd: PlanLaunch) -> LaunchPlanned:
        """Starts the countdown."""
        if self.state.phase:
            raise Rejected("already_planned", "This probe has a launch already; give the next one another name.")
        if cmd.destination not in CRUISE:
            raise Rejected("unknown_destination", f"Probes go to {', '.join(CRUISE)}.", "destination")
        planned = LaunchPlanned(
            destination=cmd.destination, countdown=cmd.countdown, sparks_needed=max(1, cmd.sparks_needed)
        )
        self.emit(planned)
        self.schedule("countdown", 1.0, Tick())  # durable: it fires after a crash too
        return planned

    @command
    def tick(self, cmd: Tick) -> None:
        """Counts one second, and at zero asks for ignition."""
        self.emit(CountedDown(remaining=max(0, self.state.remaining - 1)))
        if self.state.remaining:
            self.schedule("countdown", 1.0, Tick())
        else:  # a turn cannot wait for an engine: that is an effect, started once this turn is on the disk
            self.emit(IgnitionStarted(effect_id=self.start(Ignite(sparks_needed=self.state.sparks_needed))))

    @signal
    def sparked(self, spark: Sparked) -> None:
        """Shows that the igniter tries. Nothing depends on it, so it is not remembered."""
        self.show(spark)

    @command
    def ignited(self, cmd: Ignited) -> None:
        """The effect has worked."""
        self.emit(LiftedOff(sparks=cmd.sparks))
        self.schedule("cruise", CRUISE[self.state.destination], Arrive())

    @command
    def ignition_failed(self, cmd: EffectFailed) -> None:
        """The effect has given up."""
        self.emit(LaunchScrubbed(reason=f"{cmd.code} after {cmd.attempts} sparks"))

    @command
    def arrive(self, cmd: Arrive) -> None:
        """The journey is over."""
        self.emit(Arrived(destination=self.state.destination))

    @command
    def abort(self, cmd: AbortLaunch) -> LaunchScrubbed:
        """Stops whatever is under way, as long as the probe is on the ground."""
        if self.state.phase not in (Phase.COUNTING, Phase.IGNITING):
            raise Rejected("not_on_the_ground", "Only a probe that has not lifted off can be stopped.")
        self.cancel("countdown")
        if self.state.ignition:
            self.cancel_effect(self.state.ignition)
        scrubbed = LaunchScrubbed(reason=f"aborted by {self.turn.principal.subject}")
        self.emit(scrubbed)
        return scrubbed

    # How each event changes the state: pure functions, run again whenever the probe is read back from its log.

    @applies
    @staticmethod
    def launch_planned(state: ProbeState, event: LaunchPlanned) -> None:
        state.phase = Phase.COUNTING
        state.destination = event.destination
        state.remaining = event.countdown
        state.sparks_needed = event.sparks_needed

    @applies
    @staticmethod
    def counted_down(state: ProbeState, event: CountedDown) -> None:
        state.remaining = event.remaining

    @applies
    @staticmethod
    def ignition_started(state: ProbeState, event: IgnitionStarted) -> None:
        state.phase = Phase.IGNITING
        state.ignition = event.effect_id

    @applies
    @staticmethod
    def lifted_off(state: ProbeState, event: LiftedOff) -> None:
        state.phase = Phase.CRUISING
        state.ignition = ""

    @applies
    @staticmethod
    def arrived(state: ProbeState, event: Arrived) -> None:
        state.phase = Phase.ARRIVED

    @applies
    @staticmethod
    def launch_scrubbed(state: ProbeState, event: LaunchScrubbed) -> None:
        state.phase = Phase.SCRUBBED
        state.ignition = ""
        state.reason = event.reason
