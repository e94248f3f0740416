"""The only room that knows Spark: one Structured Streaming query."""
