"""Resumable streams of what actors show: a cursor for every event, and readers that miss nothing."""

from aevatar.sessions.declaration import Observer, Show
from aevatar.sessions.reading import Lease, SessionEvent, Sessions
from aevatar.sessions.sessions_pb2 import Custom, Delta, Ended

__all__ = ["Custom", "Delta", "Ended", "Lease", "Observer", "SessionEvent", "Sessions", "Show"]
