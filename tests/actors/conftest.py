"""The store and the time that these tests run in."""

from tests.postgres import postgres, postgres_database
from tests.sample.world import anyio_backend, memory, pytest_generate_tests, world

__all__ = ["anyio_backend", "memory", "postgres", "postgres_database", "pytest_generate_tests", "world"]
