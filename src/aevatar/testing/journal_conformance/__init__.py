"""The conformance suite of the journal's port: what every adapter must do, as tests for its own test module to import.

See `harness` for what that module supplies. `one_owner` and `several_owners` are imported beside it, whichever holds.
The suite says nothing about speed or about what only one adapter can do.
"""
# ruff: noqa: F403 - pytest collects what a test module imports, and that is the whole suite

from aevatar.testing.journal_conformance.commits import *
from aevatar.testing.journal_conformance.documents import *
from aevatar.testing.journal_conformance.feed import *
from aevatar.testing.journal_conformance.harness import *
from aevatar.testing.journal_conformance.housekeeping import *
from aevatar.testing.journal_conformance.ledgers import *
from aevatar.testing.journal_conformance.mail import *
from aevatar.testing.journal_conformance.random_walks import *
from aevatar.testing.journal_conformance.sessions import *
