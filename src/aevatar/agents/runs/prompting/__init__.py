"""From what a run knows to what its model is asked. Changes the prompt, never the log."""
