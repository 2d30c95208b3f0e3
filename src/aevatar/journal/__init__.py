"""The store behind the kernel: its port, and the adapters, which only the assembly names."""
