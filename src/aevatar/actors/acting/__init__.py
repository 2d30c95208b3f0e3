"""Acting: work outside the turn, and time. Intents are in the ledger before anything starts."""
