"""Java: which one runs, the pinned jars, and the start-up cache."""
