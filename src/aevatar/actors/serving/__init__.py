"""Serving: from a message that arrives to its turn, and from what the journal says of it to its answer."""
