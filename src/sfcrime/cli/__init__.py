"""One module a command; parses and prints only."""
