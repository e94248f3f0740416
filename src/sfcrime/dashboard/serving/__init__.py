"""The server: who may look, the event stream, probes, metrics, start and stop."""
