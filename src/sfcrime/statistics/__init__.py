"""Rollups and normalised labels over what the store reads: pure."""
