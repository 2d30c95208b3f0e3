"""Space probes: a small capability with an actor, a timer, an effect, a read model, a session and routes.

Read `probe.proto` first, then in the order data flows: `http` (adapts), `service` (offers), `actor` (decides), `effect`
(acts), `projection` (shows). This file puts them together; `aevatar serve --capability examples.probe` serves them.
Launch a probe, kill the process while it counts down, start it again, and see that nothing happened.
"""

from aevatar import Kind
from aevatar.server import Capability
from examples.probe.actor import Probe
from examples.probe.effect import Igniter
from examples.probe.http import router
from examples.probe.projection import PROJECTION
from examples.probe.service import Probes

capability = Capability(
    name="probe",
    kinds=[Kind(Probe, PROJECTION)],
    effects=[Igniter()],
    services=lambda services: [Probes(services.runtime)],
    routers=[router],
)
