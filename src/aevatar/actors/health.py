"""Whether a runtime serves, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Health:
    """`phase` is where the start has come to; `troubles` are what keeps a started runtime from serving, by name."""

    phase: str = "stopped"
    troubles: dict[str, str] = field(default_factory=dict)
    quarantined: dict[str, str] = field(default_factory=dict)
    parked: dict[str, str] = field(default_factory=dict)
    """Projectors that do not go on, and why. They hinder nobody else."""

    @property
    def is_ready(self) -> bool:
        """Whether requests are served."""
        return self.phase == "ready" and not self.troubles

    @property
    def reasons(self) -> list[str]:
        """Why requests are not served; empty when they are."""
        starting = [] if self.phase == "ready" else [f"phase: {self.phase}"]
        return starting + [f"{name}: {reason}" for name, reason in self.troubles.items()]
