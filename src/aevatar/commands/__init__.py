"""What the commands of `aevatar` do. Each module is imported when its command runs, and prints what people read."""
