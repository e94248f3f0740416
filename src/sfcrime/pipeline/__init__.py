"""Starts, supervises and stops the parts."""
