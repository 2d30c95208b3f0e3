"""Recording: from a turn to one transaction, many of them in one batch."""
