"""The journal on PostgreSQL, for several processes and machines on one store. Needs the extra `postgres`."""

from aevatar.journal.postgres.journal import PostgresJournal

__all__ = ["PostgresJournal"]
