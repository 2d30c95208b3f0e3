"""What a run may use and what it costs: checked and set aside before a call of a model, counted after it."""
