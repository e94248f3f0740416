"""This machine: child processes, locks, ports, memory and cores."""
