"""Delivering the reply to chat channels: what to send when, and the port that sends it."""
