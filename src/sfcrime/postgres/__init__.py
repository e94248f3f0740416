"""A PostgreSQL server on this machine: its programs, its folder, its start and its end."""
