"""The journal on PostgreSQL, for several processes and machines on one store. Needs the extra `postgres`."""

from aevatar.errors import Misassembled

try:
    from aevatar.journal.postgres.journal import PostgresJournal
except ModuleNotFoundError as missing:
    raise Misassembled(f"PostgresJournal needs {missing.name}: install aevatar[postgres]") from missing

__all__ = ["PostgresJournal"]
