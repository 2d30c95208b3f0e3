"""The conformance suite of the journal's port: what every adapter must do, as tests for its own test module to import.

See `harness` for what that module supplies. The suite says nothing about speed or about what only one adapter can do.
"""

from aevatar.testing.journal_conformance.harness import Journals, opened

__all__ = ["Journals", "opened"]
