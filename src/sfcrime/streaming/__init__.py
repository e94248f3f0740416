"""The one Structured Streaming query: how records are read, judged, proved and counted."""
