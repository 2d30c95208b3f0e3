"""Upkeep: what is done with whole logs, while serving or instead of it."""
