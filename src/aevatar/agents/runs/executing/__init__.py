"""Executing calls of tools: the round they belong to, whom they wait for, and the runs that they start."""
