"""The store and the time that these tests run in."""

from tests.sample.world import anyio_backend, memory, world

__all__ = ["anyio_backend", "memory", "world"]
