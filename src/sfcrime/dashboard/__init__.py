"""The page, its API and its metrics: reads the store, writes nothing."""
