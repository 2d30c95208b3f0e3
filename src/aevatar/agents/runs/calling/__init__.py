"""Calling a model: the effects that do it, and what readers see of its reply meanwhile."""
