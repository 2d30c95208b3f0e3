"""Agents, and the runs in which they think, call tools and answer."""
