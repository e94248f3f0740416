"""Categories: a dozen plain names that call types are grouped under when results are shown."""

from __future__ import annotations

NOTES = "Notes without a standard type"

CATEGORIES = (
    "Traffic and parking",
    "Officer-initiated",
    "Suspicion",
    "Disturbance and noise",
    "Welfare and medical",
    "Property",
    "Violence and threats",
    "Alarms",
    "Fire and hazards",
    "Administrative",
    NOTES,
)
"""In the order in which they are listed where their calls are equal."""


def category_of(reading: str) -> str:
    """The category of what a label is read as (`call_types.read_call_type`); `NOTES` for text that
    is neither a standard description nor the meaning of a code."""
    raise NotImplementedError
