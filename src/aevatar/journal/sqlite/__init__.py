"""The journal in one SQLite file: durable, without a server, for one process at a time.

Read `migrations/0001_journal.sql` first. Then follow a turn: `journal` (the port), `writer` (one thread that groups),
`commit` (what is refused), `batch` (records to rows). Beside it stand `readers` and `reading`, and `housekeeping`.
"""

from aevatar.journal.sqlite.journal import SqliteJournal

__all__ = ["SqliteJournal"]
