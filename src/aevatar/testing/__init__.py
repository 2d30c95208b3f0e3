"""The test kit: virtual time, seeded chance, one actor alone, faults, crashes at every write, a search for secrets."""

from aevatar.journal.memory import MemoryJournal
from aevatar.journal.memory_store import MemoryStore
from aevatar.testing.crash import Played, crash_at_every_write, settled
from aevatar.testing.faulty_journal import Crashed, Fault, FaultyJournal, Mishap, at_random, die_before, scripted
from aevatar.testing.scenario import Decided, Scenario, Seen, Sent, Timer, given
from aevatar.testing.secrets import assert_no_secret
from aevatar.testing.seeded import Seeded, SeededIdentifiers, seeded
from aevatar.testing.virtual_time import (
    VIRTUAL_TIME,
    VirtualClock,
    VirtualTimeLoop,
    elapse,
    in_real_time,
    run_in_virtual_time,
)

__all__ = [
    "VIRTUAL_TIME",
    "Crashed",
    "Decided",
    "Fault",
    "FaultyJournal",
    "MemoryJournal",
    "MemoryStore",
    "Mishap",
    "Played",
    "Scenario",
    "Seeded",
    "SeededIdentifiers",
    "Seen",
    "Sent",
    "Timer",
    "VirtualClock",
    "VirtualTimeLoop",
    "assert_no_secret",
    "at_random",
    "crash_at_every_write",
    "die_before",
    "elapse",
    "given",
    "in_real_time",
    "run_in_virtual_time",
    "scripted",
    "seeded",
    "settled",
]
