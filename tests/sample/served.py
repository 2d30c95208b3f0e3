"""The tally as a capability, for commands that are told by name what to serve."""

from __future__ import annotations

from aevatar.server import Capability
from tests.sample.kinds import TALLY, CarefulEcho, Echo

capability = Capability(name="tally", kinds=[TALLY], effects=[Echo(), CarefulEcho()])
