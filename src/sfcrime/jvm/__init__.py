"""The Java runtime, the pinned jars, locks, and child processes."""
