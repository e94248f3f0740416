"""The allowed lateness of a generation and of the exercise, where the setting decides it."""

from __future__ import annotations

import pytest

from sfcrime.settings import LATENESS_OFF, StreamSettings
from sfcrime.streaming.generation_choice import allowed_lateness_s


@pytest.mark.parametrize(
    ("asked", "allowed_s"),
    [(None, 7), (LATENESS_OFF, None), (0.5, 1800), (0, 0), (1.13, 4068), (2.01, 7236)],
)
def test_a_setting_decides_the_allowed_lateness(asked: float | None, allowed_s: int | None) -> None:
    assert allowed_lateness_s(StreamSettings(lateness_hours=asked), 7) == allowed_s
