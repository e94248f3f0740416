"""This machine: child processes, folders and locks, ports, memory and cores."""
