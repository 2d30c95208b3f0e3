"""Deciding: what authors of actors write, and one message handled by it. Nothing here waits, stores or shows."""
